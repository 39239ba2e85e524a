"""robot-physicist workspace: posterior and gain of any pyhf workspace, and what it says when something is wrong."""

import json

import numpy as np
import pytest
from scipy import stats
from support.exact_normal import NORM, likelihood, made, shapes
from support.workspaces import counting, errors, norm, plain

from robot_physicist.quantities.exposure import Luminosity


@pytest.fixture
def workspace(tmp_path):
    spec = counting()
    whole = {
        "channels": spec["channels"],
        "observations": [{"name": "c", "data": [60.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }
    (tmp_path / "w.json").write_text(json.dumps(whole))
    return tmp_path / "w.json"


def test_a_strength_on_a_grid_has_its_posterior_and_gain(call, workspace, tmp_path):
    code, text = call("workspace", workspace, "--grid", "mu=0:3:7", "--output", tmp_path / "g.json")
    assert code == 0, text
    found = json.loads((tmp_path / "g.json").read_text())
    assert found["gain"]["value"] == pytest.approx(0.371692, abs=4 * found["gain"]["error"])
    assert found["nuisances"] == ["b"]
    alpha = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    likelihoods = [stats.poisson.pmf(60, 50 * (1 + 0.1 * alpha) + 10 * mu).mean() for mu in np.linspace(0, 3, 7)]
    assert found["posterior"]["probabilities"] == pytest.approx(likelihoods / np.sum(likelihoods), abs=1e-3)
    assert "1 nuisance parameters marginalised" in text


def test_a_prior_on_the_grid_moves_the_posterior(call, workspace, tmp_path):
    for prior, name in (("mu=0:0.5", "low"), ("mu=3:0.5", "high")):
        assert (
            call(
                "workspace",
                workspace,
                "--grid",
                "mu=0:3:7",
                "--prior",
                prior,
                "--draws",
                64,
                "--output",
                tmp_path / name,
            )[0]
            == 0
        )
    low, high = (json.loads((tmp_path / name).read_text())["posterior"]["mean"]["mu"] for name in ("low", "high"))
    assert low < 1 < 2 < high


def test_patches_are_points_too(call, tmp_path):
    base, patches = likelihood(made(shapes()), Luminosity(luminosity=2), [NORM])
    (tmp_path / "w.json").write_text(json.dumps(base))
    (tmp_path / "p.json").write_text(json.dumps(patches))
    options = (
        "--patchset",
        tmp_path / "p.json",
        "--grid",
        "mu=0.5:1.5:3",
        "--draws",
        64,
        "--output",
        tmp_path / "g.json",
    )
    code, text = call("workspace", tmp_path / "w.json", *options)
    assert code == 0, text
    found = json.loads((tmp_path / "g.json").read_text())
    assert len(found["prior"]) == 15
    assert found["patches"][0] == "theta_m1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--grid", "m=0:3:7"), "the model has no such parameter; did you mean 'mu'?"),
        (("--grid", "mu=0:30:7"), "outside its bounds [0, 10]"),
        (("--grid", "mu=0;3"), "write NAME=LOW:HIGH:COUNT"),
        ((), "nothing to learn about"),
        (("--grid", "mu=0:3:7", "--prior", "nu=1:1"), "no grid has that name; known names: mu"),
        (("--grid", "mu=0:3:7", "--prior", "mu=1"), "write NAME=MEAN:SD"),
        (("--grid", "mu=0:3:7", "--prior", "mu=1:0"), "has to be positive"),
        (("--grid", "mu=0:3:7", "--measurement", "n"), "not in the workspace; known names: m"),
        (("--grid", "mu=0:3:0"), "between 1 and 10000"),
        (("--grid", "mu=0:3:1000000000"), "between 1 and 10000"),
        (("--grid", "mu=0:3:101", "--grid", "b=-1:1:100"), "the grid has 10100 points"),
        (("--grid", "mu=0,nan"), "finite"),
        (("--grid", "mu=0:1e400:3"), "finite"),
        (("--grid", "mu=2:2:3"), "a value is there twice"),
        (("--grid", "mu=0:3:4", "--grid", "mu=0:1:3"), "--grid mu: given twice"),
        (("--grid", "mu=1"), "nothing to learn about: the prior leaves one point"),
        (("--grid", "mu=0:3:7", "--prior", "mu=1:1e-6"), "nothing to learn about: the prior leaves one point"),
        (("--grid", "mu=0:3:7", "--prior", "mu=9:1"), "nearest point of the grid is 6 standard deviations away"),
        (("--grid", "mu=0:3:7", "--prior", "mu=nan:1"), "finite"),
        (("--grid", "mu=0:3:7", "--prior", "mu=1:1", "--prior", "mu=2:1"), "--prior mu: given twice"),
    ],
)
def test_mistakes_end_with_exit_code_two_and_advice(call, workspace, options, message):
    code, text = call("workspace", workspace, *options)
    assert code == 2
    assert message in text


def changed(workspace, path, value):
    """Set what is at a path of keys and numbers of the workspace file."""
    whole = json.loads(workspace.read_text())
    *first, last = path
    place = whole
    for key in first:
        place = place[key]
    if isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    workspace.write_text(json.dumps(whole))


SAMPLE = ("channels", 0, "samples", 0)
CONFIGURED = ("measurements", 0, "config", "parameters")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("observations", 0, "data"), [60.0, 3.0], "observation c has 2 bins, its channel 1"),
        (("observations", 0, "data"), [-1.0], "negative or not finite"),
        (("observations", 0, "name"), "d", "channel c has no observation; known names: d"),
        ((*SAMPLE, "data"), [float("nan")], "expected counts are not finite"),
        ((*SAMPLE, "modifiers", 1), norm("n", 1.1, 0.0), "sample background of channel c: lo is 0"),
        ((*SAMPLE, "modifiers", 1), plain("lumi", "lumi"), "has to configure its auxdata and sigmas"),
        ((*SAMPLE, "modifiers", 1), errors("s", "staterror", [1.0, 2.0], 1), "inconsistent"),
        (CONFIGURED, [{"name": "mu", "bounds": [[0, 3, 4]]}], "parameter mu: bounds have to be pairs"),
        (CONFIGURED, [{"name": "mu", "bounds": [[0]]}], "parameter mu: bounds have to be pairs"),
    ],
)
def test_what_is_wrong_with_a_workspace_is_said(call, workspace, path, value, message):
    changed(workspace, path, value)
    code, text = call("workspace", workspace, "--grid", "mu=0:3:7")
    assert code == 2
    assert message in text
    assert str(workspace) in text


def test_grids_and_priors_that_the_model_cannot_have(call, workspace):
    changed(workspace, CONFIGURED, [{"name": "mu", "bounds": [[-9, 3]]}])
    code, text = call("workspace", workspace, "--grid", "mu=-9:3:4")
    assert (code, "at mu=-9 bin 0 of the 1 of all channels expects -40 events" in text) == (2, True)
    changed(workspace, CONFIGURED, [{"name": "mu", "bounds": [[3, 0]]}])
    code, text = call("workspace", workspace, "--grid", "b=-1:1:3")
    assert (code, "parameter mu: no flat prior between its bounds 3 and 0" in text) == (2, True)


def test_samples_may_not_share_a_staterror_in_different_channels(call, workspace):
    whole = json.loads(workspace.read_text())
    (channel,) = whole["channels"]
    channel["samples"][0]["modifiers"].append(errors("stat", "staterror", [50.0], 0.1))
    other = {"name": "signal", "data": [5.0], "modifiers": [errors("stat", "staterror", [5.0], 0.1)]}
    whole["channels"].append({"name": "d", "samples": [other]})
    whole["observations"].append({"name": "d", "data": [4.0]})
    workspace.write_text(json.dumps(whole))
    code, text = call("workspace", workspace, "--grid", "mu=0:3:4")
    assert (code, "staterror stat acts on samples in different channels" in text) == (2, True)


@pytest.mark.parametrize("nuisance", [True, False])
def test_nuisances_may_be_fixed_or_on_the_grid(call, workspace, nuisance):
    if nuisance:
        changed(workspace, CONFIGURED, [{"name": "b", "fixed": True}])
    grids = ("--grid", "mu=0:3:4") if nuisance else ("--grid", "mu=0:3:4", "--grid", "b=-1:1:3")
    code, text = call("workspace", workspace, *grids, "--draws", 64)
    assert code == 0
    assert "0 nuisance parameters marginalised" in text


def test_a_parameter_without_any_influence_teaches_nothing(call, workspace):
    changed(workspace, ("channels", 0, "samples", 1, "data"), [0.0])
    code, text = call("workspace", workspace, "--grid", "mu=0:3:4", "--draws", 64)
    assert code == 0
    assert "expected information gain: 0.0000 ± 0.0000" in text


def patches(base, *operations):
    from pyhf.utils import digest

    metadata = {"references": {"hepdata": "ins1234567"}, "digests": {"sha256": digest(base)}, "labels": ["x"],
                "description": "d"}  # fmt: skip
    entries = [
        {"metadata": {"name": name, "values": [index]}, "patch": list(operation)}
        for index, (name, operation) in enumerate(zip("abc", operations, strict=False))
    ]
    return {"metadata": metadata, "patches": entries, "version": "1.0.0"}


def replaced(path, value):
    return {"op": "replace", "path": path, "value": value}


SIGNAL, COUNT = "/channels/0/samples/1/data", "/observations/0/data/0"


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        (([replaced(SIGNAL, [5.0])], [replaced("/channels/7/samples", 1)]), "patch b does not fit: "),
        (
            ([replaced(SIGNAL, [5.0])], [replaced(SIGNAL, [5.0, 6.0])]),
            "with patch b sample signal of channel c has 2 bins, others 1",
        ),
        (([replaced(COUNT, 55.0)], [replaced(COUNT, 56.0)]), "patches do not agree on channels and observed data"),
        (([{"op": "frob", "path": "/x"}],), "the patchset is not one that pyhf accepts"),
        ((), "the patchset is not one that pyhf accepts"),
    ],
)
def test_what_is_wrong_with_a_patchset_is_said(call, workspace, tmp_path, operations, message):
    (tmp_path / "p.json").write_text(json.dumps(patches(json.loads(workspace.read_text()), *operations)))
    code, text = call("workspace", workspace, "--patchset", tmp_path / "p.json")
    assert code == 2
    assert message in text


def test_a_patchset_belongs_to_its_workspace_and_is_an_object(call, workspace, tmp_path):
    both = patches(json.loads(workspace.read_text()), [replaced(SIGNAL, [5.0])], [replaced(SIGNAL, [9.0])])
    (tmp_path / "p.json").write_text(json.dumps(both))
    options = ("--patchset", tmp_path / "p.json", "--grid", "mu=1", "--draws", 64)
    assert call("workspace", workspace, *options)[0] == 0
    changed(workspace, ("observations", 0, "data"), [61.0])
    code, text = call("workspace", workspace, *options)
    assert (code, "the patchset was made for another workspace" in text) == (2, True)
    (tmp_path / "p.json").write_text("null")
    code, text = call("workspace", workspace, *options)
    assert (code, "is no JSON object with metadata and patches" in text) == (2, True)


def test_observed_data_of_the_patched_workspaces_count(call, workspace, tmp_path):
    data = [replaced(COUNT, 80.0)]
    both = patches(
        json.loads(workspace.read_text()), [*data, replaced(SIGNAL, [5.0])], [*data, replaced(SIGNAL, [30.0])]
    )
    (tmp_path / "p.json").write_text(json.dumps(both))
    options = ("--patchset", tmp_path / "p.json", "--grid", "mu=1", "--draws", 64)
    assert "most probable point: patch=1,mu=1" in call("workspace", workspace, *options)[1]


def test_the_same_workspace_and_seed_give_the_same_bytes(call, workspace, tmp_path):
    found = []
    for name in "ab":
        options = ("--draws", 64, "--seed", 3, "--output", tmp_path / name)
        assert call("workspace", workspace, "--grid", "mu=0:3:7", *options)[0] == 0
        found.append((tmp_path / name).read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("content", ["[1]", "null", "3"])
def test_what_is_no_workspace_at_all_is_named(call, workspace, content):
    workspace.write_text(content)
    code, text = call("workspace", workspace, "--grid", "mu=0:3:7")
    assert (code, "not a workspace: it has to be a JSON object" in text) == (2, True)


def test_a_broken_workspace_is_named(call, workspace):
    workspace.write_text(json.dumps({"channels": []}))
    code, text = call("workspace", workspace, "--grid", "mu=0:3:7")
    assert code == 2
    assert "not a workspace that pyhf accepts" in text
