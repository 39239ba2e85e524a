"""The vectorised HistFactory gives what pyhf gives."""

import json
import lzma

import numpy as np
import pyhf
import pytest
from support.campaigns import ROOT
from support.published_likelihood import POINTS, published
from support.workspaces import counting, everything, holes, norm, plain, shared_bins, ten_nuisances

from robot_physicist.histfactory.model import histfactory
from robot_physicist.histfactory.specification import model_spec, observed_counts
from robot_physicist.likelihood.workspace import patch_name

CODES = [("code4", "code4p"), ("code1", "code0")]
MODELS = {
    "everything": everything(),
    "other numbers": everything(5),
    "holes": holes(),
    "shared bins": shared_bins(),
    "counting": counting(),
    "ten nuisances": ten_nuisances(0.3),
}


def pyhf_model(spec, codes=CODES[0], **options):
    settings = {"normsys": {"interpcode": codes[0]}, "histosys": {"interpcode": codes[1]}}
    return pyhf.Model(spec, poi_name=None, modifier_settings=settings, **options)


def some_parameters(model, seed, size=25):
    """Vectors within and far beyond one standard deviation; the first is the initial one, the next are exactly ±1."""
    rng = np.random.default_rng(seed)
    init = np.array(model.config.suggested_init())
    signed = np.array([bound[0] < 0 for bound in model.config.suggested_bounds()])
    values = np.where(signed, rng.normal(0, 1.5, (size, len(init))), init * rng.uniform(0.5, 1.6, (size, len(init))))
    values[0] = init
    values[1, signed], values[2, signed] = 1.0, -1.0
    return values


def assert_equal(spec, codes, seed):
    reference, ours = pyhf_model(spec, codes), histfactory(spec, *codes)
    assert ours.names == reference.config.par_names
    assert ours.init.tolist() == reference.config.suggested_init()
    assert ours.bounds.tolist() == [list(bound) for bound in reference.config.suggested_bounds()]
    assert ours.fixed.tolist() == list(reference.config.suggested_fixed())
    assert ours.auxdata[ours.kinds != "free"] == pytest.approx(reference.config.auxdata)
    vectors = some_parameters(reference, seed)
    expected = np.array([reference.expected_data(vector) for vector in vectors])
    assert ours.expected_data(vectors) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    data = np.abs(np.round(expected * np.random.default_rng(seed).uniform(0.7, 1.3, expected.shape)))
    logs = np.array([reference.logpdf(vector, one)[0] for vector, one in zip(vectors, data, strict=True)])
    finite = np.isfinite(logs)
    assert finite.sum() > 10
    assert ours.logpdf(vectors, data)[finite] == pytest.approx(logs[finite], rel=1e-12)


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [1, 2])
def test_rates_and_likelihood_are_pyhfs(name, codes, seed):
    assert_equal(MODELS[name], codes, seed)


@pytest.mark.parametrize("point", POINTS)
def test_the_published_workspaces_of_a_campaign_too(point):
    _, _, base, patches = published()
    full = pyhf.PatchSet(patches).apply(base, patch_name(point))
    assert_equal(model_spec(full), CODES[0], 3)
    data = pyhf.Workspace(full).data(pyhf.Workspace(full).model(), include_auxdata=False)
    assert observed_counts(full).tolist() == data


def one_by_one(model, seed, size=40):
    """Each signed parameter alone at ±1, then all a little away from their initial values."""
    rng = np.random.default_rng(seed)
    init = np.array(model.config.suggested_init())
    signed = np.flatnonzero([bound[0] < 0 for bound in model.config.suggested_bounds()])
    alone = np.repeat(init[None], 2 * len(signed), axis=0)
    alone[np.arange(len(alone)), np.tile(signed, 2)] = np.repeat([1.0, -1.0], len(signed))
    near = init * rng.uniform(0.95, 1.05, (size, len(init)))
    near[:, signed] = rng.normal(0, 0.02, (size, len(signed)))
    return np.concatenate([init[None], alone, near])


@pytest.mark.parametrize("name", ["higgsinos", "sleptons"])
def test_workspaces_that_atlas_published(name):
    """Hundreds of parameters, some of them one-sided or huge; tests/data/published says where they are from."""
    path = ROOT / f"tests/data/published/atlas_susy_2018_16_{name}.json.xz"
    workspace = json.loads(lzma.decompress(path.read_bytes()))
    spec = model_spec(workspace)
    reference, ours = pyhf_model(spec, validate=False), histfactory(spec)
    assert ours.names == reference.config.par_names
    assert ours.fixed.tolist() == list(reference.config.suggested_fixed())
    vectors = one_by_one(reference, 7)
    assert len(vectors) > 250
    expected = np.array([reference.expected_data(vector) for vector in vectors])
    assert ours.expected_data(vectors) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    observed = observed_counts(workspace)
    assert observed.tolist() == pyhf.Workspace(workspace).data(reference, include_auxdata=False)
    data = np.concatenate([observed, reference.config.auxdata])
    logs = np.array([reference.logpdf(vector, data)[0] for vector in vectors])
    finite = np.isfinite(logs)
    assert finite.mean() > 0.8  # elsewhere a rate is negative, and nobody has a likelihood
    assert ours.logpdf(vectors, data)[finite] == pytest.approx(logs[finite], rel=1e-12)


def twice_named():
    """A normfactor and a normsys twice on a sample, two samples of one name: pyhf takes the last of each."""
    spec = everything()
    first = spec["channels"][0]["samples"]
    first[0]["modifiers"] += [plain("mu", "normfactor"), norm("jes", 1.3, 0.8)]
    first.append({**first[1], "data": [1.0, 2.0, 3.0], "modifiers": [norm("xsec", 1.4, 0.7)]})
    return spec


def configured_counts():
    """A shapesys whose auxiliary counts and their scale the measurement sets."""
    spec = holes()
    spec["parameters"] = [
        *spec["parameters"],
        {"name": "own", "auxdata": [2.0, 3.0, 9.0], "factors": [1.0, 2.0, 5.0]},
    ]
    return spec


@pytest.mark.parametrize("spec", [twice_named(), configured_counts()], ids=["names twice", "auxiliary counts"])
def test_what_pyhf_does_with_rare_specifications(spec):
    assert_equal(spec, CODES[0], 1)


def test_many_vectors_are_evaluated_at_once_as_pyhfs_batch_is():
    spec = everything()
    reference, ours = pyhf_model(spec, batch_size=3000), histfactory(spec)
    vectors = some_parameters(pyhf_model(spec), 4, 3000)
    assert ours.expected_data(vectors) == pytest.approx(np.asarray(reference.expected_data(vectors)), rel=1e-12)


def test_a_measurement_is_chosen_by_its_name():
    _, _, base, patches = published()
    full = pyhf.PatchSet(patches).apply(base, patch_name(POINTS[0]))
    other = {"name": "other", "config": {"poi": "mu", "parameters": [{"name": "mu", "inits": [3.0]}]}}
    full["measurements"].append(other)
    assert model_spec(full, "other")["parameters"] == other["config"]["parameters"]
    assert model_spec(full)["parameters"] == full["measurements"][0]["config"]["parameters"]
