"""What may be wrong with a HistFactory workspace, its patchset or the grid that somebody gives us.

pyhf is asked first; the rest are workspaces that it accepts although nobody could compute with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import lazy_loader as lazy
import numpy as np

from ..quantities.arrays import FloatArray, Values
from ..quantities.errors import BadInputError, InputFileError, UnknownNameError, nearest
from ..quantities.labels import label
from .model import HistFactory, histfactory
from .nuisances import Nuisances
from .specification import Spec, model_spec, observed_counts

jsonpatch = lazy.load("jsonpatch")
pyhf = lazy.load("pyhf")


def patched(workspace: Any, patchset: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The workspace, or one per patch; raises InputFileError for what is no patchset or that of another workspace."""
    if not isinstance(workspace, dict):
        raise InputFileError("not a workspace: it has to be a JSON object with channels, measurements, observations")
    if patchset is None:
        return [workspace]
    checked = _asked("the patchset is not one that pyhf accepts", lambda: pyhf.PatchSet(patchset))
    _asked("the patchset was made for another workspace", lambda: checked.verify(workspace))

    def apply(patch: Any) -> Any:
        return _asked(f"patch {patch.name} does not fit", lambda: jsonpatch.apply_patch(workspace, list(patch)))

    return [apply(patch) for patch in checked]


def _asked(what: str, question: Callable[[], Any]) -> Any:
    try:
        return question()
    except Exception as error:  # pyhf and jsonpatch have thirty kinds of errors, and pass on others
        text = str(error).strip() or type(error).__name__
        raise InputFileError(f"{what}: {text.splitlines()[0]}") from None


def validated(
    workspace: dict[str, Any], measurement: str | None, patch: str | None = None, *, first: bool = True
) -> HistFactory:
    """Check a workspace, of a patch if one is named, and build its model; pyhf builds the first one too.

    That takes seconds for hundreds of parameters, and other patches have the same backgrounds. Raises
    InputFileError with what is wrong, UnknownNameError for the measurement.
    """
    where = f"with patch {patch} " if patch else ""
    refused = f"{where}not a workspace that pyhf accepts"
    checked = _asked(refused, lambda: pyhf.Workspace(workspace))
    names = [entry["name"] for entry in workspace["measurements"]]
    if measurement is not None and measurement not in names:
        raise UnknownNameError(f"--measurement {measurement}: not in the workspace; {nearest(measurement, names)}")
    chosen = names[0] if measurement is None else measurement
    parameters = workspace["measurements"][names.index(chosen)]["config"]["parameters"]
    for problem in _problems(workspace, parameters):
        raise InputFileError(where + problem)
    if first:
        _asked(refused, lambda: checked.model(measurement_name=chosen, poi_name=None))
    return cast(HistFactory, _asked(refused, lambda: histfactory(model_spec(workspace, measurement))))


def _problems(workspace: Spec, parameters: Sequence[Spec]) -> Iterator[str]:
    """What is wrong with modifiers, then with observations."""
    configured = {entry["name"]: entry for entry in parameters}
    masks: dict[str, dict[str, set[str]]] = {}
    for channel in workspace["channels"]:
        for sample in channel["samples"]:
            place = f"sample {sample['name']} of channel {channel['name']}"
            for modifier in sample["modifiers"]:
                if modifier["type"] == "staterror":
                    acting = masks.setdefault(modifier["name"], {})
                    acting.setdefault(sample["name"], set()).add(channel["name"])
                yield from _modifier_problems(modifier, place, configured)
    for entry in parameters:
        if any(len(pair) != 2 for pair in entry.get("bounds", [])):
            yield f"parameter {entry['name']}: bounds have to be pairs, a lower and an upper one"
    for name, acting in masks.items():
        if any(channels != next(iter(acting.values())) for channels in acting.values()):
            yield f"staterror {name} acts on samples in different channels; give each channel a staterror of its own"
    yield from _observation_problems(workspace)


def _modifier_problems(modifier: Spec, place: str, configured: Mapping[str, Spec]) -> Iterator[str]:
    name = modifier["name"]
    if modifier["type"] == "normsys":
        for key in ("hi", "lo"):
            if not modifier["data"][key] > 0:
                yield f"normsys {name} of {place}: {key} is {modifier['data'][key]:g}; factors have to be positive"
    if modifier["type"] == "lumi" and not {"auxdata", "sigmas"} <= set(configured.get(name, {})):
        yield f"{name} of {place}: the measurement has to configure its auxdata and sigmas"


def _observation_problems(workspace: Spec) -> Iterator[str]:
    observed = {entry["name"]: entry["data"] for entry in workspace["observations"]}
    for channel in workspace["channels"]:
        name, bins = channel["name"], len(channel["samples"][0]["data"])
        if name not in observed:
            yield f"channel {name} has no observation; {nearest(name, observed)}"
        elif len(observed[name]) != bins:
            yield f"observation {name} has {len(observed[name])} bins, its channel {bins}"
        elif not all(0 <= count < np.inf for count in observed[name]):
            yield f"observation {name} has counts that are negative or not finite"
        for sample in channel["samples"]:
            if len(sample["data"]) != bins:
                yield f"sample {sample['name']} of channel {name} has {len(sample['data'])} bins, others {bins}"


def common_counts(workspaces: Sequence[Spec]) -> FloatArray:
    """Observed counts (B,) that all patched workspaces share; raises InputFileError when they differ."""
    found = [observed_counts(one) for one in workspaces]
    if any(not np.array_equal(one, found[0]) for one in found):
        raise InputFileError("the patches do not agree on channels and observed data; all have to see the same data")
    return found[0]


def check_grids(models: Sequence[HistFactory], grids: Mapping[str, FloatArray]) -> None:
    """Raise UnknownNameError for a parameter that a model does not have, BadInputError for values out of bounds."""
    for name, values in grids.items():
        for model in models:
            if name not in model.names:
                raise UnknownNameError(
                    f"--grid {name}: the model has no such parameter; {nearest(name, model.names)}"
                )
            low, high = model.bounds[model.names.index(name)]
            outside = values[(values < low) | (values > high)]
            if outside.size:
                raise BadInputError(f"--grid {name}: {outside[0]:g} is outside its bounds [{low:g}, {high:g}]")


def check_models(models: Sequence[Nuisances], points: Sequence[Values]) -> None:
    """Raise InputFileError for priors that are none, BadInputError for points at which rates are negative."""
    for one in models:
        for index in one.index:
            _check_prior(one, int(index))
    for one, point in zip(models, points, strict=True):
        rates = one.model.rates(one.values[:, None])[:, 0]
        if not np.isfinite(rates).all():
            raise InputFileError(f"at {label(point)} expected counts are not finite")
        if (rates < 0).any():
            bin_ = int(rates.argmin())
            raise BadInputError(
                f"at {label(point)} bin {bin_} of the {len(rates)} of all channels expects {rates[bin_]:g} events;"
                " take such values from the grid"
            )


def _check_prior(one: Nuisances, index: int) -> None:
    name, kind, width = one.model.names[index], one.model.kinds[index], one.model.width[index]
    low, high = one.model.bounds[index]
    if kind == "free" and not (-np.inf < low < high < np.inf):
        raise InputFileError(
            f"parameter {name}: no flat prior between its bounds {low:g} and {high:g}; hold it fixed"
        )
    if kind != "free" and not 0 < width < np.inf:
        raise InputFileError(f"parameter {name}: its constraint has width {width:g}; hold it fixed")
