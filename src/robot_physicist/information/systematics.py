"""Information gain of a campaign with systematic uncertainties: its nuisance parameters are integrated out.

The models are those of the published likelihood without `staterror`: what the simulation does not know is no property
of the experiment that is designed, and the correction for finite simulation accounts for it already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..campaign.model import Campaign
from ..histfactory.model import histfactory
from ..histfactory.nuisances import Nuisances, nuisances
from ..histfactory.systematics import Systematic
from ..likelihood.data_points import DataPoints
from ..likelihood.results import Marginalisation
from ..likelihood.workspace import SIGNAL, STRENGTH, Shapes, background, measurement, sample
from ..quantities.arrays import FloatArray
from ..quantities.estimates import Estimate
from ..quantities.exposure import EventCount, Exposure, thinned
from ..templates.templates import Templates
from .gain import eig_one_event, lower_bound_one_event
from .marginal_gain import marginal_bound, marginal_gain, one_event_probabilities

#: Seed of the points over which one event's probabilities are averaged: the same for all rates that are compared.
ONE_EVENT_SEED = 1
#: Modifiers with one error in events per bin.
ABSOLUTE = ("shapesys", "staterror")


@dataclass(frozen=True)
class SystematicGain:
    """Turns expected counts (K, B) into gains with the systematic uncertainties of a campaign integrated out."""

    backgrounds: dict[str, FloatArray]
    exposure: Exposure
    systematics: tuple[Systematic, ...]
    shapes: Shapes
    #: A published workspace without signal, whose backgrounds bring their own nuisance parameters.
    published: Mapping[str, Any] | None = None

    @property
    def dimensions(self) -> int:
        """Number of nuisance parameters: coordinates that points of the integral over data need for them."""
        bins = next((len(rates) for rates in self.backgrounds.values()), None) or self._bins()
        return len(self.models(np.ones((1, bins)) + self._background(bins))[0].index)

    def thinned(self, share: float) -> SystematicGain:
        """The same for an exposure that records a share of the events."""
        return replace(
            self,
            backgrounds={name: share * rates for name, rates in self.backgrounds.items()},
            exposure=thinned(self.exposure, share),
            published=None if self.published is None else scaled(self.published, share),
        )

    def _bins(self) -> int:
        return next((len(up) for up, _ in self.shapes.values()), 1)

    def _background(self, bins: int) -> FloatArray:
        return sum(self.backgrounds.values(), np.zeros(bins))

    def models(self, rates: FloatArray) -> list[Nuisances]:
        """One model per row of total expected counts (K, B)."""
        signal = np.maximum(rates - self._background(rates.shape[1]), 0.0)
        parameters, others = self._published() if self.published is not None else self._own()
        result = []
        for row in signal:
            samples = [*others, sample(SIGNAL, row, None, "data", self.systematics, self.shapes)]
            model = histfactory({"channels": [{"name": "data", "samples": samples}], "parameters": parameters})
            result.append(nuisances(model, {"mu": 1.0}))
        return result

    def _own(self) -> tuple[list[Any], list[Any]]:
        """Parameters and background samples as the campaign's likelihood has them."""
        return measurement(self.systematics, has_signal=True)["parameters"], [
            sample(name, contents, None, "data", self.systematics, self.shapes)
            for name, contents in self.backgrounds.items()
        ]

    def _published(self) -> tuple[list[Any], list[Any]]:
        """Parameters and background samples of the published workspace without signal, but for `staterror`."""
        assert self.published is not None
        samples = [
            {**entry, "modifiers": [one for one in entry["modifiers"] if one["type"] != "staterror"]}
            for entry in self.published["channels"][0]["samples"]
        ]
        return [STRENGTH, *self.published["measurements"][0]["config"]["parameters"]], samples

    def gain(self, rates: FloatArray, points: DataPoints | None, prior: FloatArray) -> Estimate:
        """EIG in nats, without a check: for comparisons."""
        return self.checked_gain(rates, points, prior, None)[0]

    def checked_gain(
        self, rates: FloatArray, points: DataPoints | None, prior: FloatArray, rng: np.random.Generator | None
    ) -> tuple[Estimate, Marginalisation | None]:
        """EIG in nats, and how well the nuisance parameters could be integrated out; no points for one event."""
        if points is None:
            return Estimate(eig_one_event(self._one_event(rates), prior), 0.0), None
        return marginal_gain(self.models(rates), prior, points, rng)

    def bound(self, rates: FloatArray, model: FloatArray, points: DataPoints | None, prior: FloatArray) -> Estimate:
        """Lower bound of the EIG with data from `rates` and posteriors from `model`, both (K, B), in nats."""
        if points is None:
            return Estimate(lower_bound_one_event(self._one_event(rates), self._one_event(model), prior), 0.0)
        return marginal_bound(self.models(rates), self.models(model), prior, points)

    def _one_event(self, rates: FloatArray) -> FloatArray:
        return one_event_probabilities(self.models(rates), np.random.default_rng(ONE_EVENT_SEED))


def scaled(published: Mapping[str, Any], share: float) -> dict[str, Any]:
    """A published workspace whose samples expect a share of the events, with the same relative uncertainties."""
    first, *others = published["channels"]
    samples = [
        {
            **sample,
            "data": [share * rate for rate in sample["data"]],
            "modifiers": [_scaled(modifier, share) for modifier in sample["modifiers"]],
        }
        for sample in first["samples"]
    ]
    return {**published, "channels": [{**first, "samples": samples}, *others]}


def _scaled(modifier: Mapping[str, Any], share: float) -> dict[str, Any]:
    data = modifier["data"]
    if modifier["type"] == "histosys":
        data = {side: [share * rate for rate in rates] for side, rates in data.items()}
    elif modifier["type"] in ABSOLUTE:
        data = [share * error for error in data]
    return {**modifier, "data": data}


def systematic_gain(
    templates: Templates, exposure: Exposure, systematics: Sequence[Systematic], shapes: Shapes
) -> SystematicGain | None:
    """Prepare the gain of one setting with its systematic uncertainties; None when nothing can depend on them.

    With a fixed number of events a common factor of all bins, such as the luminosity, changes nothing.
    """
    names = {name: background(templates, exposure, name)[0] for name in templates.background}
    acting = tuple(
        entry for entry in systematics if not (isinstance(exposure, EventCount) and entry.type != "histosys")
    )
    return SystematicGain(names, exposure, acting, shapes) if acting else None


def nuisances_text(campaign: Campaign, marginalised: bool) -> str:
    """What was done with nuisance parameters in the gain of a campaign."""
    if marginalised:
        return "systematic uncertainties marginalised; statistical errors of the templates in the correction"
    if campaign.estimator.nuisances != "marginalised":
        return "fixed at their nominal values" if campaign.systematics or campaign.published else "none"
    if not campaign.systematics:
        return "none"
    return "none that changes the shape, which is all that a fixed number of events can show"
