"""Posterior and expected information gain from any HistFactory workspace, its parameters of interest on a grid.

A point θ is a value for each parameter of a grid, and a patch if there is a patchset. All other parameters that the
workspace does not hold fixed are nuisances with the priors of `nuisances.Prior`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from .. import files
from ..histfactory.nuisances import nuisances
from ..histfactory.workspace_checks import check_grids, check_models, common_counts, patched, validated
from ..inference.posterior import summarise
from ..inference.results import WorkspaceGain
from ..information.marginal_gain import marginal_gain
from ..likelihood.data_points import data_points
from ..likelihood.marginal import marginalise
from ..quantities.arrays import FloatArray, Values
from ..quantities.errors import BadInputError, InputFileError, MarginalisationWarning, UnknownNameError, nearest
from ..quantities.exposure import Luminosity
from ..quantities.labels import product
from ..statistics.grid_posterior import entropy, normalise

#: Name of the coordinate that counts the patches.
PATCH = "patch"
#: Most points of a grid: the memory of the likelihoods of all data sets grows with them.
MOST_POINTS = 10_000
#: Standard deviations from a prior's mean within which a point of the grid has to be.
FARTHEST = 5.0
#: Nats of a prior below which there is nothing to learn.
LEAST_ENTROPY = 1e-9


def workspace(
    file: Path,
    patchset: Path | None,
    grids: Sequence[str],
    priors: Sequence[str],
    measurement: str | None,
    draws: int,
    seed: int,
    output: Path | None,
) -> str:
    """Posterior and expected information gain of a HistFactory workspace; also written to a file, if one is given."""
    axes, normals = [parse_grid(text) for text in grids], [parse_prior(text) for text in priors]
    named_once("--grid", axes)
    named_once("--prior", normals)
    base, patches = files.read_json(file), None if patchset is None else files.read_json(patchset)
    options: dict[str, Any] = {"measurement": measurement, "draws": draws, "rng": np.random.default_rng(seed)}
    try:
        if patchset is not None and not isinstance(patches, dict):
            raise InputFileError(f"the patchset {patchset} is no JSON object with metadata and patches")
        result = workspace_gain(base, patches, dict(axes), normals, **options)
    except InputFileError as error:
        raise InputFileError(f"{file}: {error}") from None
    if output is not None:
        files.write_document(output, result)
    both = (result.observed_marginalisation, result.marginalisation)
    for text in dict.fromkeys(text for how in both if how for text in how.warnings):
        warnings.warn(text, MarginalisationWarning, stacklevel=2)
    return _workspace_text(result, list(dict(axes)))


def _workspace_text(result: WorkspaceGain, names: Sequence[str]) -> str:
    known, how = result.posterior, result.marginalisation
    checked = f", effective fraction {how.effective_fraction:.2f}" if how else ""
    gained = round(result.prior_entropy - result.posterior_entropy, 4) + 0.0  # no minus before a zero
    return "\n".join(
        [
            *(f"{name} = {known.mean[name]:.4g} ± {known.sd[name]:.2g} (observed data)" for name in names),
            f"most probable point: {known.map}",
            f"information gained from the observed data: {gained:.4f} nats",
            f"expected information gain: {result.gain.value:.4f} ± {result.gain.error:.4f} of at most"
            f" {result.prior_entropy:.4f} nats",
            f"{len(result.nuisances)} nuisance parameters marginalised{checked}",
        ]
    )


def parse_grid(text: str) -> tuple[str, FloatArray]:
    """Read `NAME=LOW:HIGH:COUNT` or `NAME=VALUE,VALUE,...`; raises BadInputError.

    >>> parse_grid("mu=0:2:3")
    ('mu', array([0., 1., 2.]))
    """
    name, _, values = text.rpartition("=")
    try:
        found = _grid_values(values)
    except ValueError:
        raise BadInputError(f"--grid {text}: write NAME=LOW:HIGH:COUNT or NAME=VALUE,VALUE,...") from None
    if not 1 <= len(found) <= MOST_POINTS:
        raise BadInputError(f"--grid {text}: the number of values has to be between 1 and {MOST_POINTS}")
    if not np.isfinite(found).all():
        raise BadInputError(f"--grid {text}: values have to be finite numbers")
    if len(np.unique(found)) < len(found):
        raise BadInputError(f"--grid {text}: a value is there twice; leave one out")
    return name.strip(), found


def _grid_values(text: str) -> FloatArray:
    if ":" not in text:
        return np.array([float(value) for value in text.split(",")])
    first, last, number = text.split(":")
    low, high, count = float(first), float(last), int(number)
    # What is wrong with ends or count is said by the caller, who needs an array that fits into memory.
    if not np.isfinite([low, high]).all():
        return np.array([low, high])
    return np.linspace(low, high, min(max(count, 0), MOST_POINTS + 1))


def parse_prior(text: str) -> tuple[str, float, float]:
    """Read `NAME=MEAN:SD`, a normal prior on the grid; raises BadInputError.

    >>> parse_prior("mu=1:0.5")
    ('mu', 1.0, 0.5)
    """
    name, _, values = text.rpartition("=")
    try:
        mean, sd = (float(value) for value in values.split(":"))
    except ValueError:
        raise BadInputError(f"--prior {text}: write NAME=MEAN:SD, a normal prior on the grid") from None
    if not sd > 0:
        raise BadInputError(f"--prior {text}: the standard deviation has to be positive")
    if not np.isfinite([mean, sd]).all():
        raise BadInputError(f"--prior {text}: mean and standard deviation have to be finite numbers")
    return name.strip(), mean, sd


def named_once(option: str, entries: Sequence[tuple[Any, ...]]) -> None:
    """Raise BadInputError when two values of a repeated option begin with the same name.

    >>> named_once("--grid", [("mu", 1.0), ("nu", 2.0)])
    """
    names = [entry[0] for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise BadInputError(f"{option} {name}: given twice; give it once")


def grid_prior(points: Sequence[Values], normals: Sequence[tuple[str, float, float]]) -> FloatArray:
    """Prior of the points, (K,): uniform times the given normal densities.

    Raises UnknownNameError for a name without a grid and BadInputError for a density that has no place on the grid.

    >>> grid_prior([{"mu": 0.0}, {"mu": 1.0}], []).tolist()
    [0.5, 0.5]
    """
    logs = np.zeros(len(points))
    for name, mean, sd in normals:
        if name not in points[0]:
            raise UnknownNameError(f"--prior {name}: no grid has that name; {nearest(name, points[0])}")
        pulls = np.abs((np.array([point[name] for point in points]) - mean) / sd)
        if pulls.min() > FARTHEST:
            raise BadInputError(
                f"--prior {name}={mean:g}:{sd:g}: the nearest point of the grid is {pulls.min():.3g} standard"
                " deviations away; move the grid or make the prior wider"
            )
        logs -= 0.5 * np.minimum(pulls, 1e6) ** 2
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def open_prior(points: Sequence[Values], normals: Sequence[tuple[str, float, float]]) -> FloatArray:
    """`grid_prior` that leaves a question. Raises BadInputError when it leaves a single point."""
    prior = grid_prior(points, normals)
    if entropy(prior) < LEAST_ENTROPY:
        raise BadInputError(
            "nothing to learn about: the prior leaves one point; give the grid more, or closer, points"
        )
    return prior


def workspace_gain(
    workspace: dict[str, Any],
    patchset: Mapping[str, Any] | None,
    grids: Mapping[str, FloatArray],
    normals: Sequence[tuple[str, float, float]],
    *,
    measurement: str | None,
    draws: int,
    rng: np.random.Generator,
) -> WorkspaceGain:
    """Posterior of the observed data and EIG of repeating the experiment, nuisance parameters integrated out.

    `grids` maps names of parameters to their values, `normals` are priors as `parse_prior` reads them. Raises
    BadInputError or one of its kinds for what `workspace_checks` finds, and when a single point leaves no question.
    """
    if not grids and patchset is None:
        raise BadInputError("nothing to learn about: give --grid NAME=LOW:HIGH:COUNT or --patchset FILE")
    full = patched(workspace, patchset)
    names = [str(entry["metadata"]["name"]) for entry in patchset["patches"]] if patchset is not None else []
    found = [validated(one, measurement, name, first=one is full[0]) for one, name in zip_longest(full, names)]
    counts = common_counts(full)
    check_grids(found, grids)
    axes = {name: values.tolist() for name, values in grids.items()}
    points = product({**({PATCH: [float(k) for k in range(len(found))]} if names else {}), **axes})
    if len(points) > MOST_POINTS:
        raise BadInputError(f"the grid has {len(points)} points, more than {MOST_POINTS}; take fewer values")
    models = [nuisances(found[int(point.get(PATCH, 0))], {name: point[name] for name in grids}) for point in points]
    check_models(models, points)
    prior = open_prior(points, normals)
    observed = marginalise(models, counts[None], prior, False, rng)
    posterior, evidence = normalise(observed.log_likelihood, prior)
    most = max(len(one.index) for one in models)
    integral = data_points(Luminosity(luminosity=1), models[0].model.bins + most, draws, rng)
    gain, how = marginal_gain(models, prior, integral, rng)
    return WorkspaceGain(
        patches=names,
        nuisances=[models[0].model.names[index] for index in models[0].index],
        prior=prior,
        posterior=summarise(posterior[0], float(evidence[0]), points, None),
        prior_entropy=float(entropy(prior)),
        posterior_entropy=float(entropy(posterior[0])),
        gain=gain,
        marginalisation=how,
        observed_marginalisation=observed.how,
    )
