"""e⁺e⁻ → γ*/Z → μ⁺μ⁻ with Pythia 8: the muon's polar angle at a centre-of-mass energy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import lazy_loader as lazy
import numpy as np
from pydantic import model_validator

from ..quantities.arrays import FloatArray, Values
from ..quantities.errors import SimulationError
from ..quantities.events import CrossSection, Events
from . import weinberg_born as born
from .base import Sampler, Simulator

pythia8mc = lazy.load("pythia8mc")


ELECTRON, MUON = 11, 13
#: Places of the incoming electrons and the first muon in the record of the hard process; the Z is between them.
INCOMING = (3, 4)
FIRST_DECAY_PRODUCT = 6
MILLIBARN = 1e9  # picobarn
HIGHEST_SEED = 900_000_000
#: Events in a row that Pythia may fail to make before we give up.
PATIENCE = 100
PROCESS = (
    "Print:quiet=on",
    "Beams:idA=11",
    "Beams:idB=-11",
    "WeakSingleBoson:ffbar2gmZ=on",
    "23:onMode=off",
    f"23:onIfAny={MUON}",
    "23:mMin=10",
    "PartonLevel:FSR=off",
    "PartonLevel:MPI=off",
    "HadronLevel:all=off",
    "Random:setSeed=on",
)


class PythiaOptions(born.MuonPairOptions):
    """Options of the Pythia simulation."""

    isr: bool = False
    """Photon radiation off the incoming beams; it lowers the energy of many collisions."""

    @model_validator(mode="after")
    def _weights_need_the_beam_energy(self) -> PythiaOptions:
        if self.isr and self.width == "fixed":
            raise ValueError("a fixed width cannot be combined with isr; use the computed width")
        return self


def _settings(options: PythiaOptions) -> Iterator[str]:
    yield from PROCESS
    isr = "on" if options.isr else "off"
    yield from (f"PDF:lepton={isr}", f"PartonLevel:ISR={isr}")


def _pythia() -> Any:
    try:
        return pythia8mc.Pythia("", False)
    except ImportError:
        raise SimulationError(
            "the simulator weinberg needs Pythia 8; install it with `pip install robot-physicist[pythia]`"
        ) from None


class PythiaSampler(Sampler):
    """Runs Pythia at one energy and one Weinberg angle."""

    def __init__(
        self, options: PythiaOptions, sqrt_s: float, sin2theta_w: float, angles: Sequence[float] | None = None
    ) -> None:
        self.options, self.sqrt_s, self.sin2theta_w, self.angles = options, sqrt_s, sin2theta_w, angles

    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Generate `events` events and keep those inside the cut."""
        pythia = self._initialised(int(rng.integers(1, HIGHEST_SEED)))
        cosine, hard_energy, hard_cosine = _generate(pythia, events, self.options.isr and self.angles is not None)
        inside = np.abs(cosine) <= self.options.cos_theta_max
        kept = cosine[inside]
        info = pythia.infoPython()
        section = CrossSection(info.sigmaGen() * MILLIBARN, info.sigmaErr() * MILLIBARN)
        hard = (hard_energy[inside], hard_cosine[inside]) if self.options.isr else (self.sqrt_s, kept)
        return Events({"cos_theta": kept}, events, self._weights(kept), section, self._ratios(*hard))

    def _ratios(self, sqrt_s: float | FloatArray, cosine: FloatArray) -> FloatArray | None:
        """Weights (N, M) to other Weinberg angles: the tree-level matrix element of the hard process is Pythia's.

        Parton densities, radiation and α(ŝ) do not depend on the Weinberg angle and cancel.
        """
        if self.angles is None:
            return None
        here = born.differential(cosine, sqrt_s, self.sin2theta_w, self.options.width)
        ratios = np.empty((len(cosine), len(self.angles)))
        for index, angle in enumerate(self.angles):
            ratios[:, index] = born.differential(cosine, sqrt_s, angle, self.options.width) / here
        return ratios

    def _weights(self, cosine: FloatArray) -> FloatArray | None:
        # Pythia always computes the width of the Z itself, whatever it is told; its matrix element is the
        # tree-level one, so the fixed width is an exact event weight.
        if self.options.width == "computed":
            return None
        point = (cosine, self.sqrt_s, self.sin2theta_w)
        ratio: FloatArray = born.differential(*point, "fixed") / born.differential(*point, "computed")
        return ratio

    def _initialised(self, seed: int) -> Any:
        pythia = _pythia()
        for line in (*_settings(self.options), f"Beams:eCM={self.sqrt_s!r}", f"Random:seed={seed}"):
            if not pythia.readString(line):
                raise SimulationError(f"Pythia does not accept the setting '{line}'")
        # Forced, because readString refuses values outside [0.225, 0.240]. The first sets the overall
        # coupling, the second the vector couplings.
        for name in ("sin2thetaW", "sin2thetaWbar"):
            pythia.settings.parm(f"StandardModel:{name}", self.sin2theta_w, True)
        if not pythia.init():
            raise SimulationError(
                f"Pythia does not start at sqrt_s={self.sqrt_s:g} GeV, sin2theta_w={self.sin2theta_w:g}"
            )
        return pythia


def _generate(pythia: Any, events: int, hard: bool) -> FloatArray:
    """Make events: cos θ in the laboratory and, if `hard`, energy √ŝ and cos θ of the hard process; (3, events)."""
    result = np.zeros((3, events))
    for index in range(events):
        _next(pythia)
        muon, other = (pythia.process[FIRST_DECAY_PRODUCT + place] for place in (0, 1))
        if muon.id() != MUON:
            muon, other = other, muon
        result[0, index] = muon.pz() / muon.pAbs()
        if hard:
            result[1:, index] = _hard_process(muon.p(), other.p(), *(pythia.process[place] for place in INCOMING))
    return result


def _hard_process(muon: Any, antimuon: Any, first: Any, second: Any) -> tuple[float, float]:
    """Energy √ŝ in GeV and cos θ of the μ⁻ with respect to the e⁻, from invariants.

    (p_e⁻ − p_e⁺)·(p_μ⁺ − p_μ⁻) = ŝ β cos θ, β being the velocity of the muons.
    """
    electron, positron = (first, second) if first.id() == ELECTRON else (second, first)
    energy = (muon + antimuon).mCalc()
    beta = (1 - 4 * muon.m2Calc() / energy**2) ** 0.5
    product = (electron.p() - positron.p()) * (antimuon - muon)
    return energy, product / (energy**2 * beta)


def _next(pythia: Any) -> None:
    for _ in range(PATIENCE):
        if pythia.next():
            return
    raise SimulationError(f"Pythia failed to make an event {PATIENCE} times in a row")


class Weinberg(Simulator):
    """cos θ of the μ⁻ with respect to the e⁻, and the cross-section, from Pythia 8."""

    settings: ClassVar = born.settings
    parameters: ClassVar = born.parameters
    observables: ClassVar = born.observables
    Options: ClassVar = PythiaOptions
    options: PythiaOptions
    has_cross_section = True
    has_ratios = True
    block_size = 100_000

    def prepare(self, setting: Values, parameters: Values) -> PythiaSampler:
        """Fix the energy and the Weinberg angle."""
        return PythiaSampler(self.options, setting["sqrt_s"], parameters["sin2theta_w"])

    def prepare_weighted(self, setting: Values, parameters: Values, points: Sequence[Values]) -> PythiaSampler:
        """Fix the energy and the Weinberg angle, and the angles to which events get weights."""
        angles = [point["sin2theta_w"] for point in points]
        return PythiaSampler(self.options, setting["sqrt_s"], parameters["sin2theta_w"], angles)

    def versions(self) -> Mapping[str, str]:
        """Version of Pythia."""
        return {"pythia": f"{_pythia().parm('Pythia:versionNumber'):.3f}"}
