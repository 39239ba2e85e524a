"""Posterior and expected information gain from any HistFactory workspace, its parameters of interest on a grid.

A point θ is a value for each parameter of a grid, and a patch if there is a patchset. All other parameters that the
workspace does not hold fixed are nuisances with the priors of `nuisances.Prior`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .campaign import Luminosity
from .data_points import data_points
from .documents import WorkspaceGain
from .errors import BadInputError, InputFileError, UnknownNameError, nearest
from .histfactory import HistFactory, histfactory
from .histfactory_spec import model_spec, observed_counts
from .information import entropy
from .labels import product
from .marginal import marginal_gain, marginalise
from .nuisances import nuisances
from .posterior import normalise, summarise
from .simulators.base import FloatArray, Values

#: Name of the coordinate that counts the patches.
PATCH = "patch"


def parse_grid(text: str) -> tuple[str, FloatArray]:
    """Read `NAME=LOW:HIGH:COUNT` or `NAME=VALUE,VALUE,...`; raises BadInputError.

    >>> parse_grid("mu=0:2:3")
    ('mu', array([0., 1., 2.]))
    """
    name, _, values = text.partition("=")
    try:
        if ":" in values:
            low, high, count = values.split(":")
            return name, np.linspace(float(low), float(high), int(count))
        return name, np.array([float(value) for value in values.split(",")])
    except ValueError:
        raise BadInputError(f"--grid {text}: write NAME=LOW:HIGH:COUNT or NAME=VALUE,VALUE,...") from None


def parse_prior(text: str) -> tuple[str, float, float]:
    """Read `NAME=MEAN:SD`, a normal prior on the grid; raises BadInputError.

    >>> parse_prior("mu=1:0.5")
    ('mu', 1.0, 0.5)
    """
    name, _, values = text.partition("=")
    try:
        mean, sd = (float(value) for value in values.split(":"))
    except ValueError:
        raise BadInputError(f"--prior {text}: write NAME=MEAN:SD, a normal prior on the grid") from None
    if not sd > 0:
        raise BadInputError(f"--prior {text}: the standard deviation has to be positive")
    return name, mean, sd


def grid_prior(points: Sequence[Values], normals: Sequence[tuple[str, float, float]]) -> FloatArray:
    """Prior of the points, (K,): uniform times the given normal densities; raises UnknownNameError.

    >>> grid_prior([{"mu": 0.0}, {"mu": 1.0}], []).tolist()
    [0.5, 0.5]
    """
    logs = np.zeros(len(points))
    for name, mean, sd in normals:
        if name not in points[0]:
            raise UnknownNameError(f"--prior {name}: no grid has that name; {nearest(name, points[0])}")
        logs -= 0.5 * ((np.array([point[name] for point in points]) - mean) / sd) ** 2
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def validated(workspace: dict[str, Any], measurement: str | None) -> None:
    """Have pyhf check a workspace; raises InputFileError with what it says, UnknownNameError for the measurement."""
    import pyhf

    try:
        checked = pyhf.Workspace(workspace)
        names = [entry["name"] for entry in workspace["measurements"]]
        if measurement is not None and measurement not in names:
            raise UnknownNameError(
                f"--measurement {measurement}: not in the workspace; {nearest(measurement, names)}"
            )
        checked.model(measurement_name=measurement, poi_name=None)
    except UnknownNameError:
        raise
    except Exception as error:  # pyhf has twenty kinds of errors for a bad workspace, and passes on others
        text = str(error).strip().splitlines()[0]
        raise InputFileError(f"not a workspace that pyhf accepts: {text}") from None


def models_by_patch(
    workspace: dict[str, Any], patchset: Mapping[str, Any] | None, measurement: str | None
) -> list[HistFactory]:
    """The model of the workspace, or one per patch; raises InputFileError when pyhf refuses the first."""
    import jsonpatch

    patches = [entry["patch"] for entry in patchset["patches"]] if patchset else [[]]
    full = [jsonpatch.apply_patch(workspace, patch) for patch in patches]
    validated(full[0], measurement)
    return [histfactory(model_spec(one, measurement)) for one in full]


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
    UnknownNameError for a parameter that the model does not have and BadInputError for a value outside its bounds.
    """
    if not grids and patchset is None:
        raise BadInputError("nothing to learn about: give --grid NAME=LOW:HIGH:COUNT or --patchset FILE")
    found = models_by_patch(workspace, patchset, measurement)
    _check_grids(found[0], grids)
    axes = {name: values.tolist() for name, values in grids.items()}
    points = product({**({PATCH: [float(k) for k in range(len(found))]} if patchset else {}), **axes})
    models = [nuisances(found[int(point.get(PATCH, 0))], {name: point[name] for name in grids}) for point in points]
    prior = grid_prior(points, normals)
    observed = marginalise(models, observed_counts(workspace)[None], prior, False, rng)
    posterior, evidence = normalise(observed.log_likelihood, prior)
    most = max(len(one.index) for one in models)
    integral = data_points(Luminosity(luminosity=1), models[0].model.bins + most, draws, rng)
    gain, how = marginal_gain(models, prior, integral, rng)
    return WorkspaceGain(
        patches=[entry["metadata"]["name"] for entry in patchset["patches"]] if patchset else [],
        nuisances=[models[0].model.names[index] for index in models[0].index],
        prior=prior,
        posterior=summarise(posterior[0], float(evidence[0]), points, None),
        prior_entropy=float(entropy(prior)),
        posterior_entropy=float(entropy(posterior[0])),
        gain=gain,
        marginalisation=how,
        observed_marginalisation=observed.how,
    )


def _check_grids(model: HistFactory, grids: Mapping[str, FloatArray]) -> None:
    for name, values in grids.items():
        if name not in model.names:
            raise UnknownNameError(f"--grid {name}: the model has no such parameter; {nearest(name, model.names)}")
        low, high = model.bounds[model.names.index(name)]
        outside = values[(values < low) | (values > high)]
        if outside.size:
            raise BadInputError(f"--grid {name}: {outside[0]:g} is outside its bounds [{low:g}, {high:g}]")
