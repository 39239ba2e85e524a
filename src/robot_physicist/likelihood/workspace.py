"""The likelihood of one setting as HEPData publishes it: a HistFactory workspace and a patch per parameter point.

The base workspace holds the backgrounds; every patch adds the signal sample of its θ. A workspace without any
sample is not valid, so without backgrounds the base holds the signal of the middle point of the grid and every
patch replaces it. Applied patches are complete models in both cases.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import lazy_loader as lazy
import numpy as np

from ..histfactory.model import histfactory
from ..histfactory.nuisances import Nuisances, nuisances
from ..histfactory.specification import model_spec
from ..histfactory.systematics import LumiSystematic, NormSystematic, ShapeSystematic, Systematic
from ..quantities.arrays import FloatArray
from ..quantities.estimates import Axis
from ..quantities.exposure import Exposure
from ..quantities.labels import exposure_label, parse
from ..templates.checks import bin_name
from ..templates.choosing import template_shape
from ..templates.options import Simulation
from ..templates.templates import Templates, accepted_cross_section, expected

jsonpatch = lazy.load("jsonpatch")
pyhf = lazy.load("pyhf")


Shapes = Mapping[str, tuple[FloatArray, FloatArray]]
SIGNAL = "signal"
#: In the metadata of a patchset: the workspace holds observed data, not those expected.
OBSERVED = "observed"
#: Placeholder for the INSPIRE number that a patchset gets with its paper.
NOT_PUBLISHED = "ins0000000"


def signal_rates(templates: Templates, exposure: Exposure, simulation: Simulation) -> tuple[FloatArray, FloatArray]:
    """Expected signal events of every point and bin and their Monte Carlo errors, both (K, B)."""
    shape, relative = template_shape(templates, simulation)
    accepted, _ = accepted_cross_section(templates)
    rates = expected(shape, accepted, exposure, np.zeros(shape.shape[1]))
    return rates, rates * relative


def published_rates(base: Mapping[str, Any], patches: Mapping[str, Any]) -> tuple[FloatArray, FloatArray]:
    """Read the expected signal of every patch (K, B) and the background (B,) back from a published likelihood."""
    signal = np.array([_signal(entry["patch"])["data"] for entry in patches["patches"]])
    backgrounds = [entry["data"] for entry in base["channels"][0]["samples"] if entry["name"] != SIGNAL]
    return signal, np.sum(backgrounds, axis=0) if backgrounds else np.zeros(signal.shape[1])


def published_models(base: Mapping[str, Any], patches: Mapping[str, Any]) -> list[Nuisances]:
    """The model of every patch with signal strength one; all its other parameters are nuisances."""
    result = []
    for entry in patches["patches"]:
        full = jsonpatch.apply_patch(base, entry["patch"])
        result.append(nuisances(histfactory(model_spec(full)), {"mu": 1.0}))
    return result


def _signal(operations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    values = (operation["value"] for operation in operations)
    return next(value for value in values if isinstance(value, Mapping) and value.get("name") == SIGNAL)


def empty_bins(templates: Templates) -> list[str]:
    """Name every bin that is empty at some parameter point, with its ranges, and the point."""
    empty = np.argwhere(templates.sumw.sum(axis=1) <= 0)
    return [
        f"no simulated event at {templates.points[point]} in bin {bin_name(templates, bin_)}" for point, bin_ in empty
    ]


def workspace(
    templates: Templates,
    exposure: Exposure,
    systematics: Sequence[Systematic],
    *,
    simulation: Simulation,
    name: str,
    observed: FloatArray | None,
    shapes: Shapes,
) -> dict[str, Any]:
    """Build the base workspace; its observations are the observed counts, or the Asimov data of the middle point."""
    rates, errors = signal_rates(templates, exposure, simulation)
    middle = len(rates) // 2
    channel = channel_name(templates.axes)
    backgrounds = [
        sample(key, *background(templates, exposure, key), channel, systematics, shapes)
        for key in templates.background
    ]
    signal = sample(SIGNAL, rates[middle], errors[middle], channel, systematics, shapes)
    asimov = rates[middle] + sum((np.array(entry["data"]) for entry in backgrounds), np.zeros(rates.shape[1]))
    data = asimov if observed is None else observed
    return {
        "channels": [{"name": channel, "samples": backgrounds or [signal]}],
        "observations": [{"name": channel, "data": data.tolist()}],
        "measurements": [{"name": name, "config": measurement(systematics, has_signal=not backgrounds)}],
        "version": "1.0.0",
    }


def channel_name(axes: Sequence[Axis]) -> str:
    """The channel is named after its observables."""
    return "_".join(axis.name for axis in axes)


def conditions(setting: str, exposure: Exposure, axes: Sequence[Axis]) -> dict[str, Any]:
    """What nobody can see in a workspace, and a recast has to know; for the metadata of a patchset.

    >>> from ..quantities.exposure import Luminosity
    >>> conditions("energy=1", Luminosity(luminosity=2, unit="fb-1"), [])["exposure"]
    'luminosity=2fb-1'
    """
    return {
        "setting": setting,
        "exposure": exposure_label(exposure.model_dump()),
        "observables": [{"name": axis.name, "range": [axis.low, axis.high], "bins": axis.bins} for axis in axes],
    }


def background(templates: Templates, exposure: Exposure, name: str) -> tuple[FloatArray, FloatArray]:
    """Expected events of a background and their Monte Carlo errors, both (B,)."""
    contents, errors, *_ = templates.background[name]
    nothing = np.zeros((1, len(contents)))
    rates, spread = (expected(nothing, np.zeros(1), exposure, array)[0] for array in (contents, errors))
    return rates, spread


STRENGTH = {"name": "mu", "bounds": [[0.0, 10.0]], "inits": [1.0]}


def measurement(systematics: Sequence[Systematic], has_signal: bool) -> dict[str, Any]:
    """Parameters of a measurement; the signal strength comes with the signal, or pyhf refuses the base."""
    luminosities = [
        {
            "name": "lumi",
            "auxdata": [1.0],
            "sigmas": [entry.uncertainty],
            "bounds": [[max(0.0, 1 - 5 * entry.uncertainty), 1 + 5 * entry.uncertainty]],
            "inits": [1.0],
        }
        for entry in systematics
        if isinstance(entry, LumiSystematic)
    ]
    return {"poi": "mu" if has_signal else "", "parameters": [*([STRENGTH] if has_signal else []), *luminosities]}


def _operations(signal: Mapping[str, Any], has_background: bool) -> list[dict[str, Any]]:
    """JSON patch that puts a signal sample into the base workspace."""
    if not has_background:
        return [{"op": "replace", "path": "/channels/0/samples/0", "value": signal}]
    return [
        {"op": "add", "path": "/channels/0/samples/-", "value": signal},
        {"op": "replace", "path": "/measurements/0/config/poi", "value": "mu"},
        {"op": "add", "path": "/measurements/0/config/parameters/-", "value": STRENGTH},
    ]


def sample(
    name: str,
    rates: FloatArray,
    errors: FloatArray | None,
    channel: str,
    systematics: Sequence[Systematic],
    shapes: Shapes,
) -> dict[str, Any]:
    """Build one sample with its modifiers from expected events and their Monte Carlo errors, both (B,).

    Without errors there is no staterror.
    """
    strength = [{"name": "mu", "type": "normfactor", "data": None}] if name == SIGNAL else []
    staterror = (
        [] if errors is None else [{"name": f"staterror_{channel}", "type": "staterror", "data": errors.tolist()}]
    )
    modifiers = [*strength, *staterror, *_modifiers(name, rates, systematics, shapes)]
    return {"name": name, "data": rates.tolist(), "modifiers": modifiers}


def _modifiers(
    name: str, rates: FloatArray, systematics: Sequence[Systematic], shapes: Shapes
) -> Iterator[dict[str, Any]]:
    for entry in systematics:
        if isinstance(entry, LumiSystematic):
            yield {"name": "lumi", "type": "lumi", "data": None}
        elif name not in entry.samples:
            continue
        elif isinstance(entry, NormSystematic):
            yield {"name": entry.name, "type": "normsys", "data": {"hi": entry.up, "lo": entry.down}}
        elif isinstance(entry, ShapeSystematic):
            up, down = shapes[entry.name]
            data = {"hi_data": (rates * up).tolist(), "lo_data": (rates * down).tolist()}
            yield {"name": entry.name, "type": "histosys", "data": data}


def patchset(
    templates: Templates,
    exposure: Exposure,
    systematics: Sequence[Systematic],
    *,
    simulation: Simulation,
    name: str,
    base: Mapping[str, Any],
    shapes: Shapes,
) -> dict[str, Any]:
    """Build the patchset of a base workspace: one patch per parameter point, named by its label."""
    rates, errors = signal_rates(templates, exposure, simulation)
    channel = channel_name(templates.axes)
    patches = [
        {
            "metadata": {"name": patch_name(point), "values": list(parse(point).values())},
            "patch": _operations(
                sample(SIGNAL, rate, error, channel, systematics, shapes), bool(templates.background)
            ),
        }
        for point, rate, error in zip(templates.points, rates, errors, strict=True)
    ]
    return {
        "metadata": {
            "name": name,
            "description": f"Signal of campaign {name} at each parameter point",
            "digests": {"sha256": workspace_digest(base)},
            "labels": list(parse(templates.points[0])),
            "references": {"hepdata": NOT_PUBLISHED},
        },
        "patches": patches,
        "version": "1.0.0",
    }


def patch_name(point: str) -> str:
    """Name of a parameter point's patch: its label in the letters that HEPData allows.

    >>> patch_name("theta=-1.6,beta=2")
    'theta_m1p6__beta_2'
    """
    spelling = {"=": "_", ",": "__", "-": "m", "+": "", ".": "p"}
    return "".join(spelling.get(character, character) for character in point)


def workspace_digest(base: Mapping[str, Any]) -> str:
    """Digest of a workspace as pyhf verifies it: SHA-256 of its JSON with sorted keys.

    >>> workspace_digest({})[:8]
    '44136fa3'
    """
    return hashlib.sha256(json.dumps(base, sort_keys=True, ensure_ascii=False).encode("utf8")).hexdigest()


def check(base: dict[str, Any], patches: dict[str, Any]) -> None:
    """Have pyhf validate the workspace and the patchset, verify the digest and build the first model."""
    published = pyhf.PatchSet(patches)
    published.verify(base)
    pyhf.Workspace(published.apply(base, published.patches[0].name)).model()
