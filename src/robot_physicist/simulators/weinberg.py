"""e⁺e⁻ → γ*/Z → μ⁺μ⁻ with Pythia 8: the muon's polar angle at a centre-of-mass energy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import model_validator

from ..errors import SimulationError
from . import weinberg_born as born
from .base import CrossSection, Events, FloatArray, Sampler, Simulator, Values

MUON = 13
#: Place of the first muon in the record of the hard process, after the system, beams, partons and Z.
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
        import pythia8mc
    except ImportError:
        raise SimulationError(
            "the simulator weinberg needs Pythia 8; install it with `pip install robot-physicist[pythia]`"
        ) from None
    return pythia8mc.Pythia("", False)


class PythiaSampler(Sampler):
    """Runs Pythia at one energy and one Weinberg angle."""

    def __init__(self, options: PythiaOptions, sqrt_s: float, sin2theta_w: float) -> None:
        self.options, self.sqrt_s, self.sin2theta_w = options, sqrt_s, sin2theta_w

    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Generate `events` events and keep those inside the cut."""
        pythia = self._initialised(int(rng.integers(1, HIGHEST_SEED)))
        cosine = _cosines(pythia, events)
        kept = cosine[np.abs(cosine) <= self.options.cos_theta_max]
        info = pythia.infoPython()
        section = CrossSection(info.sigmaGen() * MILLIBARN, info.sigmaErr() * MILLIBARN)
        return Events({"cos_theta": kept}, events, self._weights(kept), section)

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


def _cosines(pythia: Any, events: int) -> FloatArray:
    result = np.empty(events)
    for index in range(events):
        _next(pythia)
        muon = pythia.process[FIRST_DECAY_PRODUCT]
        if muon.id() != MUON:
            muon = pythia.process[FIRST_DECAY_PRODUCT + 1]
        result[index] = muon.pz() / muon.pAbs()
    return result


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
    block_size = 100_000

    def prepare(self, setting: Values, parameters: Values) -> PythiaSampler:
        """Fix the energy and the Weinberg angle."""
        return PythiaSampler(self.options, setting["sqrt_s"], parameters["sin2theta_w"])

    def versions(self) -> Mapping[str, str]:
        """Version of Pythia."""
        return {"pythia": f"{_pythia().parm('Pythia:versionNumber'):.3f}"}
