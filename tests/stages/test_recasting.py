"""Another signal on published data and backgrounds: the new likelihood, limits and gain against known answers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyhf
import pytest
import yaml
from scipy.stats import poisson
from support.campaigns import ROOT
from support.counting_experiments import published
from support.recasts import EXAMPLE, EXPOSURE, SETTING, written

from robot_physicist import stages
from robot_physicist.inference.upper_limits import upper_limits
from robot_physicist.stages import recasting


def test_few_events_are_said_to_be_few():
    (warning,) = recasting.few_events(3, 4.25)
    assert "3 events of data and 4.25 of background are few" in warning


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The published search and its recast, made by the stages; histograms of all branches at one setting."""
    folder = tmp_path_factory.mktemp("study")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    return folder


def branches(folder, name, setting=SETTING):
    """Simulate and histogram every sample of a campaign at one setting."""
    campaign = folder / f"{name}.yaml"
    stages.branches(campaign, folder / name / "branches.json")
    made = []
    for sample in json.loads((folder / name / "branches.json").read_text())["samples"]:
        events, histogram = folder / name / sample / "events.root", folder / name / sample / "histogram.json"
        stages.simulate(campaign, setting, sample, events)
        stages.histogram(campaign, setting, sample, events, histogram)
        made.append(histogram)
    return made


def recasted(folder, name, histograms):
    out = [folder / name / f"{file}.json" for file in ("workspace", "patchset", "recast")]
    stages.recast(folder / f"{name}.yaml", SETTING, EXPOSURE, histograms, *out)
    return [json.loads(path.read_text()) for path in out]


COARSE = {"cos_theta": {"range": [-1, 1], "bins": 4}}


@pytest.fixture(scope="module")
def search(study):
    """The search of vector.yaml in four bins, at 250 GeV only: its campaign, workspace and patchset."""
    raw = yaml.safe_load((EXAMPLE / "vector.yaml").read_text())
    raw |= {"observables": COARSE, "settings": {"sqrt_s": {"values": [250]}}}
    (study / "search.yaml").write_text(yaml.safe_dump(raw))
    out = [study / f"search/{file}.json" for file in ("workspace", "patchset")]
    stages.likelihood(study / "search.yaml", SETTING, EXPOSURE, branches(study, "search"), *out)
    return raw, *(json.loads(path.read_text()) for path in out)


SEARCH = {"workspace": "search/workspace.json", "patchset": "search/patchset.json"}


def test_the_histograms_for_the_test_of_the_step_are_fresh(study):
    made = branches(study, "scalar")
    assert len(made) == 3
    for path in made:
        assert path.read_bytes() == (ROOT / f"tests/data/recast/{path.parent.name}/histogram.json").read_bytes()


def test_the_published_signal_itself_comes_back(study, search):
    """Recasting what was published onto what was published gives the same two files."""
    raw, workspace, patchset = search
    own = {key: raw[key] for key in ("name", "seed", "simulator", "parameters", "observables")}
    name = written(study, **own, systematics=raw["systematics"][:1], published=SEARCH)
    base, patches, result = recasted(study, name, branches(study, name))
    assert base == workspace
    assert patches == patchset
    assert result["removed"] == ["signal"]
    assert result["published"] == patchset["metadata"]["digests"]["sha256"]


def test_a_recast_is_what_the_whole_study_of_the_new_signal_would_be(study, search):
    """Patched models and gain are those of a campaign that simulates the new signal and the same backgrounds."""
    raw, *_ = search
    new = yaml.safe_load((EXAMPLE / "scalar.yaml").read_text())
    whole = {**raw, "simulator": new["simulator"], "parameters": new["parameters"]}
    whole["systematics"] = [*raw["systematics"], new["systematics"][1]]
    (study / "whole.yaml").write_text(yaml.safe_dump(whole))
    histograms = branches(study, "whole")
    out = [study / "whole" / f"{file}.json" for file in ("workspace", "patchset", "eig")]
    stages.likelihood(study / "whole.yaml", SETTING, EXPOSURE, histograms, *out[:2])
    stages.eig(study / "whole.yaml", SETTING, EXPOSURE, histograms, out[2])
    base, patches, gain = (json.loads(path.read_text()) for path in out)

    name = written(study, seed=raw["seed"], estimator=raw["estimator"], observables=COARSE, published=SEARCH)
    left, again, result = recasted(study, name, branches(study, name))
    assert left["channels"] == base["channels"]
    assert [patch["patch"] for patch in again["patches"]] == [patch["patch"] for patch in patches["patches"]]
    # A published background does not say how many events were generated, so that their number fluctuates too.
    for key, apart in (("corrected", 1e-3), ("plug_in", 1e-9), ("cross_fitted", 1e-9)):
        assert result["gain"][key]["value"] == pytest.approx(gain[key]["value"], rel=apart), key
    assert result["gain"]["exact"] is None
    assert result["gain"]["nuisances"] == gain["nuisances"]


@pytest.fixture(scope="module")
def scalar(study, search):
    """The recast of scalar.yaml in four bins: folder, workspace, patchset and result."""
    name = written(study, observables=COARSE, published=SEARCH)
    return study / name, *recasted(study, name, branches(study, name))


def test_a_limit_on_the_strength_is_a_limit_on_the_cross_section(search, scalar):
    """The angle does not depend on the peak cross-section, so μ × peak has the same limit at every point."""
    _, base, _, result = scalar
    assert [entry["point"] for entry in result["limits"]] == ["peak=0.03", "peak=0.1", "peak=0.3"]
    assert [round(entry["signal"], 9) for entry in result["limits"]] == [30, 100, 300]
    excluded = [entry["observed"] * peak for entry, peak in zip(result["limits"], (0.03, 0.1, 0.3), strict=True)]
    # the simulated errors of the signal enter at μ = 1, which moves the limit by a few per mille
    assert excluded == pytest.approx([excluded[1]] * 3, rel=0.01)
    # the published data are Asimov data with a vector of 0.1 pb, 100 events in 2011: an excess for a scalar, too
    assert 0.10 < excluded[1] < 0.25
    assert all(entry["observed"] > entry["expected"][3] for entry in result["limits"])
    assert all(sorted(entry["expected"]) == entry["expected"] for entry in result["limits"])
    assert result["data"] == pytest.approx(2010.65, abs=0.01)
    assert result["background"] == pytest.approx(1910.65, abs=0.01)
    assert result["warnings"] == []
    assert base["observations"] == search[1]["observations"]
    assert [sample["name"] for sample in base["channels"][0]["samples"]] == ["drell_yan"]


def test_limits_are_those_of_pyhf_itself(search):
    _, base, patches = search
    chosen = {**patches, "patches": patches["patches"][1:2]}
    (limit,) = upper_limits(base, chosen, ["peak=0.1"])
    workspace = pyhf.Workspace(pyhf.PatchSet(patches).apply(base, "peak_0p1"))
    model = workspace.model()
    observed, band = pyhf.infer.intervals.upper_limits.upper_limit(workspace.data(model), model)
    assert limit.observed == pytest.approx(float(observed), rel=3e-4)
    assert limit.expected == pytest.approx([float(value) for value in band], rel=3e-4)


def test_the_new_signal_has_its_modifiers_and_a_strength(scalar):
    _, base, patches, _ = scalar
    model = pyhf.Workspace(pyhf.PatchSet(patches).apply(base, "peak_0p1")).model()
    assert model.config.poi_name == "mu"
    (signal,) = [s for s in model.spec["channels"][0]["samples"] if s["name"] == "signal"]
    assert {entry["name"]: entry["type"] for entry in signal["modifiers"]} == {
        "mu": "normfactor",
        "staterror_cos_theta": "staterror",
        "lumi": "lumi",
        "efficiency": "normsys",
    }


def test_the_pyhf_command_line_accepts_both_files(scalar):
    command = Path(sys.executable).parent / "pyhf"
    for arguments in (
        ["inspect", "workspace.json"],
        ["patchset", "verify", "workspace.json", "patchset.json"],
        ["patchset", "apply", "workspace.json", "patchset.json", "--name", "peak_0p3"],
    ):
        done = subprocess.run([command, *arguments], cwd=scalar[0], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert [s["name"] for s in json.loads(done.stdout)["channels"][0]["samples"]] == ["drell_yan", "signal"]


def test_the_gain_of_a_counting_experiment_is_the_exact_sum(study):
    """One bin: the counts are Poisson with σL + b, and the information about σ is a sum over counts."""
    folder = study / "counting"
    folder.mkdir()
    base, patches = published([5.0], [60.0], [70])
    for name, content in (("workspace", base), ("patchset", patches)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    files = {"workspace": "workspace.json", "patchset": "patchset.json"}
    one = {"cos_theta": {"range": [-1, 1], "bins": 1}}
    peaks = (0.01, 0.02, 0.03)
    parameters = {"peak": {"values": list(peaks)}}
    name = written(folder, observables=one, parameters=parameters, systematics=None, published=files)
    *_, result = recasted(folder, name, branches(folder, name))
    counts = np.arange(250)
    probability = np.stack([poisson.pmf(counts, 1000 * peak + 60) for peak in peaks])
    mean = probability.mean(axis=0)
    exact = np.sum(probability * np.log(probability / mean)) / 3
    gain = result["gain"]["corrected"]
    assert gain["value"] == pytest.approx(exact, abs=4 * gain["error"] + 1e-3)
    assert 0.3 < exact < 0.6
    (warning,) = result["warnings"]
    assert "does not say its setting, exposure, observables" in warning
