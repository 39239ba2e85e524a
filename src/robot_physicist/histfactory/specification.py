"""Reading a HistFactory model: its parameters, their constraints, and what acts on which bins.

The order of bins and parameters is pyhf's, so that vectors of one are vectors of the other: channels, samples and
modifiers are sorted by name, parameters follow the kinds of modifiers in the order of `KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray

Spec = Mapping[str, Any]
Kind = Literal["free", "normal", "poisson"]
#: Kinds of modifiers, in the order in which pyhf lists their parameters.
KINDS = ("histosys", "lumi", "normfactor", "normsys", "shapefactor", "shapesys", "staterror")
SCALES = ("lumi", "normfactor")
PER_BIN = ("shapefactor", "shapesys", "staterror")


@dataclass(frozen=True)
class ParameterSet:
    """Parameters that share a name: one, or one per bin; `width` is σ of a normal, τ of a Poisson constraint."""

    name: str
    kind: Kind
    scalar: bool
    init: FloatArray
    bounds: FloatArray
    fixed: NDArray[np.bool_]
    auxdata: FloatArray
    width: FloatArray

    @property
    def names(self) -> list[str]:
        """Names of its parameters, as pyhf spells them."""
        return [self.name] if self.scalar else [f"{self.name}[{index}]" for index in range(len(self.init))]


@dataclass(frozen=True)
class Cell:
    """A sample in a channel: nominal rates (B,) in the bins `start` … and what modifies them, by parameter index.

    `scales` multiply it, `norms` have (parameter, low, high), `shapes` the parameters of histosys with their low
    and high rates (H, B), `locals` one array of parameters (B,) per modifier with a factor for each bin.
    """

    channel: str
    sample: str
    start: int
    nominal: FloatArray
    scales: tuple[int, ...]
    norms: tuple[tuple[int, float, float], ...]
    shapes: tuple[int, ...]
    low: FloatArray
    high: FloatArray
    locals: tuple[NDArray[np.intp], ...]

    @property
    def bins(self) -> slice:
        """Its bins among those of all channels."""
        return slice(self.start, self.start + len(self.nominal))


def model_spec(workspace: Spec, measurement: str | None = None) -> dict[str, Any]:
    """The model of a workspace's measurement (its first by default): channels and configured parameters."""
    found = workspace["measurements"]
    chosen = next((m for m in found if m["name"] == measurement), found[0])
    return {"channels": workspace["channels"], "parameters": chosen["config"]["parameters"]}


def distinct(spec: Spec) -> dict[str, Any]:
    """The model as pyhf reads it: of channels, samples or modifiers of one name and kind only the last counts.

    >>> mu = {"name": "mu", "type": "normfactor", "data": None}
    >>> twice = {"name": "s", "data": [1.0], "modifiers": [mu, mu]}
    >>> [sample] = distinct({"channels": [{"name": "c", "samples": [twice]}]})["channels"][0]["samples"]
    >>> len(sample["modifiers"])
    1
    """
    channels: dict[str, dict[str, Spec]] = {}
    for channel in spec["channels"]:
        for sample in channel["samples"]:
            modifiers = {(one["type"], one["name"]): one for one in sample["modifiers"]}
            found = {**sample, "modifiers": [*modifiers.values()]}
            channels.setdefault(channel["name"], {})[sample["name"]] = found
    return {**spec, "channels": [{"name": name, "samples": [*found.values()]} for name, found in channels.items()]}


def observed_counts(workspace: Spec) -> FloatArray:
    """Observed counts of all channels in the order of the bins, (B,)."""
    data = {entry["name"]: entry["data"] for entry in workspace["observations"]}
    names = sorted(channel["name"] for channel in workspace["channels"])
    return np.concatenate([np.asarray(data[name], dtype=np.float64) for name in names])


def parameter_sets(spec: Spec) -> list[ParameterSet]:
    """All parameters of a model in pyhf's order, with what the measurement configures."""
    found: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        entries = (
            sorted(_applied(spec, kind), key=lambda e: e[3]["name"]) if kind == "staterror" else _applied(spec, kind)
        )
        for _, _, sample, modifier in entries:
            if modifier["name"] not in found:
                found[modifier["name"]] = _defaults(kind, spec, sample, modifier)
    configured = {entry["name"]: entry for entry in spec.get("parameters", [])}
    return [_parameter_set(name, {**default, **configured.get(name, {})}) for name, default in found.items()]


def _applied(spec: Spec, kind: str) -> Iterator[tuple[str, str, Spec, Spec]]:
    """Channel, sample name, sample and modifier of every modifier of a kind, in pyhf's order."""
    for channel in sorted(spec["channels"], key=lambda c: str(c["name"])):
        for sample in sorted(channel["samples"], key=lambda s: str(s["name"])):
            for modifier in sorted(sample["modifiers"], key=lambda m: str(m["name"])):
                if modifier["type"] == kind:
                    yield channel["name"], sample["name"], sample, modifier


def _defaults(kind: str, spec: Spec, sample: Spec, modifier: Spec) -> dict[str, Any]:
    bins = len(sample["data"])
    if kind in ("normsys", "histosys"):
        return _normal([0.0], [1.0], (-5.0, 5.0), scalar=True)
    if kind == "lumi":
        return _normal([1.0], [1.0], (0.0, 10.0), scalar=True)
    if kind == "normfactor":
        return _free(1, scalar=True)
    if kind == "shapefactor":
        return _free(bins, scalar=False)
    if kind == "shapesys":
        return _shapesys(sample["data"], modifier["data"])
    return _staterror(spec, modifier["name"])


def _normal(
    auxdata: Sequence[float], sigmas: Sequence[float], bounds: tuple[float, float], scalar: bool
) -> dict[str, Any]:
    size = len(auxdata)
    return {
        "kind": "normal",
        "scalar": scalar,
        "inits": auxdata,
        "bounds": [bounds] * size,
        "fixed": False,
        "auxdata": auxdata,
        "sigmas": sigmas,
    }


def _free(size: int, scalar: bool) -> dict[str, Any]:
    return {"kind": "free", "scalar": scalar, "inits": [1.0] * size, "bounds": [(0.0, 10.0)] * size, "fixed": False}


def _shapesys(rates: Sequence[float], errors: Sequence[float]) -> dict[str, Any]:
    """Poisson constraints of τ = (rate / error)² events; a bin without rate or error has its parameter fixed."""
    valid = [rate > 0 and error > 0 for rate, error in zip(rates, errors, strict=True)]
    tau = [rate**2 / error**2 if good else 1.0 for rate, error, good in zip(rates, errors, valid, strict=True)]
    return {
        "kind": "poisson",
        "scalar": False,
        "inits": [1.0] * len(tau),
        "bounds": [(1e-10, 10.0)] * len(tau),
        "fixed": [not good for good in valid],
        "auxdata": tau,
        "factors": tau,
    }


def _staterror(spec: Spec, name: str) -> dict[str, Any]:
    """Normal constraints of relative width √Σ error² / Σ rate over the samples that share the modifier."""
    rates: dict[str, FloatArray] = {}
    variances: dict[str, FloatArray] = {}
    for channel, _, sample, modifier in _applied(spec, "staterror"):
        if modifier["name"] == name:
            zero = np.zeros(len(sample["data"]))
            rates[channel] = rates.get(channel, zero) + np.asarray(sample["data"], dtype=np.float64)
            variances[channel] = variances.get(channel, zero) + np.asarray(modifier["data"], dtype=np.float64) ** 2
    rate, error = np.concatenate([*rates.values()]), np.sqrt(np.concatenate([*variances.values()]))
    sigma = np.divide(error, rate, out=np.zeros_like(rate), where=rate > 0)
    made = _normal([1.0] * len(sigma), np.where(sigma > 0, sigma, 1.0).tolist(), (1e-10, 10.0), scalar=False)
    return {**made, "fixed": (sigma == 0).tolist()}


def _parameter_set(name: str, config: Mapping[str, Any]) -> ParameterSet:
    init = np.asarray(config["inits"], dtype=np.float64)
    nothing = np.full(len(init), np.nan)
    return ParameterSet(
        name=name,
        kind=config["kind"],
        scalar=config["scalar"],
        init=init,
        bounds=np.asarray(config["bounds"], dtype=np.float64),
        fixed=np.broadcast_to(np.asarray(config["fixed"], dtype=bool), init.shape),
        auxdata=np.asarray(config.get("auxdata", nothing), dtype=np.float64),
        width=np.asarray(
            config.get("factors" if config["kind"] == "poisson" else "sigmas", nothing), dtype=np.float64
        ),
    )


def cells(spec: Spec, sets: Sequence[ParameterSet]) -> list[Cell]:
    """All samples of all channels, in pyhf's order."""
    first: dict[str, int] = {}
    position = 0
    for one in sets:
        first[one.name] = position
        position += len(one.init)
    taken: dict[tuple[str, str], int] = {}
    result: list[Cell] = []
    start = 0
    for channel in sorted(spec["channels"], key=lambda c: str(c["name"])):
        bins = len(channel["samples"][0]["data"])
        for name in _shared_names(channel):
            taken[name, channel["name"]] = taken.get((name, ""), 0)
            taken[name, ""] = taken.get((name, ""), 0) + bins
        ordered = sorted(channel["samples"], key=lambda s: str(s["name"]))
        result += [_cell(channel["name"], sample, start, first, taken) for sample in ordered]
        start += bins
    return result


def _shared_names(channel: Spec) -> set[str]:
    """Names of staterrors: one that acts in several channels has parameters for the bins of each in turn."""
    return {m["name"] for sample in channel["samples"] for m in sample["modifiers"] if m["type"] == "staterror"}


def _cell(
    channel: str, sample: Spec, start: int, first: Mapping[str, int], taken: Mapping[tuple[str, str], int]
) -> Cell:
    nominal = np.asarray(sample["data"], dtype=np.float64)
    modifiers = sorted(sample["modifiers"], key=lambda m: str(m["name"]))
    shapes = [m for m in modifiers if m["type"] == "histosys"]
    low, high = (
        np.array([m["data"][key] for m in shapes], dtype=np.float64).reshape(-1, len(nominal))
        for key in ("lo_data", "hi_data")
    )
    return Cell(
        channel=channel,
        sample=sample["name"],
        start=start,
        nominal=nominal,
        scales=tuple(first[m["name"]] for m in modifiers if m["type"] in SCALES),
        norms=tuple(
            (first[m["name"]], float(m["data"]["lo"]), float(m["data"]["hi"]))
            for m in modifiers
            if m["type"] == "normsys"
        ),
        shapes=tuple(first[m["name"]] for m in shapes),
        low=low,
        high=high,
        locals=tuple(
            first[m["name"]]
            + taken.get((m["name"], channel), 0) * (m["type"] == "staterror")
            + np.arange(len(nominal))
            for m in modifiers
            if m["type"] in PER_BIN
        ),
    )
