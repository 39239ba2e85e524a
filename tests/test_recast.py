"""Another signal on published data and backgrounds: the new likelihood, limits and gain against known answers."""

import copy
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyhf
import pytest
import yaml
from conftest import ROOT
from scipy.optimize import brentq
from scipy.stats import norm, poisson

from robot_physicist import stages
from robot_physicist.cli.main import main
from robot_physicist.histfactory.published import background_only, signal_names, totals
from robot_physicist.inference.upper_limits import upper_limits
from robot_physicist.likelihood.workspace import workspace_digest
from robot_physicist.quantities.errors import RecastError
from robot_physicist.stages import recasting

EXAMPLE = ROOT / "examples/recast"
SETTING, EXPOSURE = "sqrt_s=250", "luminosity=1fb-1"
NORMAL = norm()


# Counting experiments, written by hand as another experiment would publish them.


def published(signal, background, data, error=None, extra=()):
    """A background-only workspace and a patchset that adds a signal, in the style of HEPData."""
    staterror = [{"name": "mc", "type": "staterror", "data": error}] if error else []
    samples = [{"name": "continuum", "data": background, "modifiers": [*staterror, *extra]}]
    base = {
        "channels": [{"name": "cos_theta", "samples": samples}],
        "observations": [{"name": "cos_theta", "data": data}],
        "measurements": [{"name": "search", "config": {"poi": "", "parameters": []}}],
        "version": "1.0.0",
    }
    strength = [{"name": "mu", "type": "normfactor", "data": None}]
    operations = [
        {
            "op": "add",
            "path": "/channels/0/samples/-",
            "value": {"name": "signal", "data": signal, "modifiers": strength},
        },
        {"op": "replace", "path": "/measurements/0/config/poi", "value": "mu"},
        {
            "op": "add",
            "path": "/measurements/0/config/parameters/-",
            "value": {"name": "mu", "inits": [1.0], "bounds": [[0.0, 10.0]]},
        },
    ]
    patches = {
        "metadata": {
            "description": "a search",
            "digests": {"sha256": workspace_digest(base)},
            "labels": ["mass"],
            "references": {"hepdata": "ins1234567"},
        },
        "patches": [{"metadata": {"name": "mass_1", "values": [1]}, "patch": operations}],
        "version": "1.0.0",
    }
    return base, patches


def limits(*arguments, **options):
    base, patches = published(*arguments, **options)
    (limit,) = upper_limits(base, patches, ["mass=1"])
    return limit


def asymptotic(q, q_asimov):
    """CLs of an observed q̃ from its asymptotic distributions (Cowan, Cranmer, Gross, Vitells 2011, eqs. 64-67)."""
    root = math.sqrt(q_asimov)
    if q <= q_asimov:
        return NORMAL.sf(math.sqrt(q)) / NORMAL.sf(math.sqrt(q) - root)
    return NORMAL.sf((q + q_asimov) / (2 * root)) / NORMAL.sf((q - q_asimov) / (2 * root))


def profiled(n, rate, error, aux):
    """-2 ln L of n events and an auxiliary measurement of the relative rate, maximised by hand over that rate.

    γ solves γ² + γ(λε² - a) - nε² = 0 when n ~ Poisson(γλ), a ~ N(γ, ε).
    """
    if not error:
        return -2 * (n * math.log(rate) - rate)
    half = (aux - rate * error**2) / 2
    gamma = half + math.sqrt(half**2 + n * error**2)
    return -2 * (n * math.log(gamma * rate) - gamma * rate - (aux - gamma) ** 2 / (2 * error**2))


def by_hand(s, b, n, error=0.0):
    """Observed and expected upper limits on μ of a counting experiment with n ~ Poisson(γ(μs + b))."""

    def q(mu, events, aux):
        # the best μ ≥ 0 explains events and auxiliary measurement exactly, or is 0
        best = max((events / aux - b) / s, 0.0)
        return (
            profiled(events, mu * s + b, error, aux) - profiled(events, best * s + b, error, aux)
            if mu > best
            else 0.0
        )

    def asimov(mu):
        # background-only data with the auxiliary measurement that fits the observed data best
        half = (1.0 - b * error**2) / 2
        gamma = half + math.sqrt(half**2 + n * error**2) if error else 1.0
        return q(mu, gamma * b, gamma)

    observed = brentq(lambda mu: asymptotic(q(mu, n, 1.0), asimov(mu)) - 0.05, 1e-3, 60 * math.sqrt(b) / s)
    roots = [norm.isf(0.05 * norm.cdf(k)) + k for k in (-2, -1, 0, 1, 2)]
    band = [brentq(lambda mu, r=r: asimov(mu) - r**2, 1e-3, 60 * math.sqrt(b) / s) for r in roots]
    return observed, band


@pytest.mark.parametrize("n", [85, 100, 130])
@pytest.mark.parametrize("s", [0.02, 10.0, 3000.0])
def test_limits_of_a_counting_experiment(n, s):
    """No nuisance: everything is a formula. Signals of any size, data below, at and above the background."""
    observed, band = by_hand(s, 100.0, n)
    limit = limits([s], [100.0], [n])
    assert limit.signal == s
    assert limit.observed == pytest.approx(observed, rel=3e-4)
    assert limit.expected == pytest.approx(band, rel=3e-4)


@pytest.mark.parametrize("n", [400, 450])
def test_limits_with_an_uncertain_background(n):
    observed, band = by_hand(40.0, 400.0, n, error=0.05)
    exact, _ = by_hand(40.0, 400.0, n)
    base, patches = published([40.0], [400.0], [n], error=[20.0])
    # one parameter for signal and background, whose relative error is that of their sum at μ = 1
    patches["patches"][0]["patch"][0]["value"]["modifiers"].append(
        {"name": "mc", "type": "staterror", "data": [9.16515138991168]}
    )
    (limit,) = upper_limits(base, patches, ["mass=1"])
    assert limit.observed == pytest.approx(observed, rel=1e-3)
    assert limit.expected == pytest.approx(band, rel=1e-3)
    assert limit.observed > 1.2 * exact


def test_the_expected_limit_is_the_textbook_one():
    """With much background CLs excludes 1.96 √b events: the one-sided 95% of CLs, median, Gaussian."""
    limit = limits([1.0], [1e6], [10**6])
    assert limit.expected[2] == pytest.approx(norm.isf(0.025) * 1000, rel=2e-3)
    assert limit.observed == pytest.approx(limit.expected[2], rel=3e-4)


@pytest.mark.parametrize(("b", "precision"), [(100, 0.03), (10_000, 0.003)])
def test_limits_tend_to_exact_cls_with_many_events(b, precision):
    """CLs from sums over Poisson probabilities; counts are whole numbers, which the asymptotic formulae do not know."""
    n = b + 4
    exact = brentq(lambda s: poisson.cdf(n, s + b) / poisson.cdf(n, b) - 0.05, 1, b)
    assert limits([1.0], [float(b)], [n]).observed == pytest.approx(exact, rel=precision)


def test_a_signal_that_a_nuisance_hides_has_no_limit():
    with pytest.raises(RecastError, match=r"mass=1: no signal event is expected; remove the point"):
        limits([0.0], [100.0], [100])


def test_few_events_are_said_to_be_few():
    (warning,) = recasting.few_events(3, 4.25)
    assert "3 events of data and 4.25 of background are few" in warning


# Removing the published signal.


def test_a_signal_in_the_published_workspace_is_removed_with_its_parameters():
    base, patches = published(
        [10.0], [100.0], [110], extra=[{"name": "k", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}]
    )
    full = pyhf.PatchSet(patches).apply(base, "mass_1")
    operations = [{"op": "replace", "path": "/channels/0/samples/1", "value": full["channels"][0]["samples"][1]}]
    again = {**patches, "patches": [{**patches["patches"][0], "patch": operations}]}
    left = background_only(full, again)
    assert left == base
    assert signal_names(again) == ["signal"]
    assert totals(left) == (110, 100)


# The example, by its stages.


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


def written(folder, **changes):
    """Write a campaign like scalar.yaml, a key at a time different, and return its name."""
    raw = yaml.safe_load((EXAMPLE / "scalar.yaml").read_text())
    raw = {key: value for key, value in {**raw, **changes}.items() if value is not None}
    path = folder / f"changed_{len(list(folder.glob('changed_*.yaml')))}.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path.stem


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
    for key in ("corrected", "plug_in", "cross_fitted"):
        assert result["gain"][key]["value"] == pytest.approx(gain[key]["value"], rel=1e-9), key
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


# What does not fit is bad input.


def prepared(tmp_path, **changes):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    return tmp_path / f"{written(tmp_path, **changes)}.yaml"


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return end.value.code or 0, captured.out + captured.err


LUMI = {"type": "lumi", "uncertainty": 0.02}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"observables": {"cos_theta": {"range": [-1, 1], "bins": 8}}}, "5 bins in channel cos_theta, sample drell_yan; this campaign's observables have 8"),
        ({"observables": {"cos_theta": {"range": [-0.9, 0.9], "bins": 5}}}, 'its observables is [{"name": "cos_theta", "range": [-1.0, 1.0], "bins": 5}]'),
        ({"settings": {"sqrt_s": {"values": [240]}}}, 'its setting is "sqrt_s=250", this campaign\'s "sqrt_s=240"'),
        ({"exposure": {"luminosity": 2, "unit": "fb-1"}}, 'its exposure is "luminosity=1fb-1", this campaign\'s "luminosity=2fb-1"'),
        ({"exposure": {"events": 10}}, "exposure[0].events: a recast needs the luminosity of the published data"),
        ({"systematics": []}, "the luminosity's uncertainty is 0.02 in the published workspace, None here; it is the same luminosity: add {type: lumi, uncertainty: 0.02}"),
        ({"systematics": [LUMI, {"type": "normsys", "name": "x", "samples": ["drell_yan"], "up": 1.1, "down": 0.9}]}, "no sample 'drell_yan'"),
        ({"backgrounds": [{"name": "more", "simulator": {"name": "weinberg_born"}, "parameters": {"sin2theta_w": 0.23}}]}, "backgrounds: the published workspace holds them already; remove the key"),
        ({"observed": {"file": "data.root", "setting": {"sqrt_s": 250}}}, "observed: the published workspace holds them already"),
        ({"published": {"workspace": "published/SETTING.json", "patchset": "published/patchset.json"}}, "published/sqrt_s=250.json: no such file; published.workspace promises it for sqrt_s=250, luminosity=1fb-1"),
        ({"published": {"workspace": "../workspace.json", "patchset": "p.json"}}, "published.workspace: '../workspace.json' leaves the campaign's folder"),
        ({"published": {"workspace": "published/patchset.json", "patchset": "published/patchset.json"}}, "published: not a pyhf workspace and patchset"),
        ({"published": {"workspase": "w.json", "patchset": "p.json"}}, "published.workspase: unknown key; did you mean 'workspace'?"),
    ],
)  # fmt: skip
def test_a_signal_that_does_not_fit_is_refused(tmp_path, capsys, changes, message):
    code, text = said(capsys, "validate", prepared(tmp_path, **changes))
    assert code == 2
    assert message in text


def changed_workspace(tmp_path, change):
    """The example with other published files, whose digest is right again."""
    campaign = prepared(tmp_path)
    base, patches = (
        json.loads((EXAMPLE / f"published/{name}.json").read_text()) for name in ("workspace", "patchset")
    )
    base, patches = copy.deepcopy(base), copy.deepcopy(patches)
    change(base, patches)
    patches["metadata"]["digests"]["sha256"] = workspace_digest(base)
    (tmp_path / "published/workspace.json").write_text(json.dumps(base))
    (tmp_path / "published/patchset.json").write_text(json.dumps(patches))
    return campaign


def renamed(base, patches):
    for part in ("channels", "observations"):
        base[part][0]["name"] = "cos_thetta"


def doubled(base, patches):
    for part in ("channels", "observations"):
        base[part].append({**base[part][0], "name": "control"})


def without_signal(base, patches):
    for patch in patches["patches"]:
        patch["patch"] = patch["patch"][1:]


def without_background(base, patches):
    base["channels"][0]["samples"][0]["name"] = "signal"


def with_our_names(base, patches):
    base["channels"][0]["samples"][0]["modifiers"].append({"name": "mu", "type": "normfactor", "data": None})


def with_another_kind(base, patches):
    base["channels"][0]["samples"][0]["modifiers"].append({"name": "efficiency", "type": "normfactor", "data": None})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            with_another_kind,
            "'efficiency' is a normfactor in the published workspace, normsys here; choose another name",
        ),
        (renamed, "no channel 'cos_theta' of these observables; did you mean 'cos_thetta'?"),
        (
            doubled,
            "channels cos_theta, control, but this campaign makes cos_theta alone; `pyhf prune --channel NAME`",
        ),
        (without_signal, "none of its 3 patches adds a sample, so that nothing says which is the signal"),
        (without_background, "no sample but the signal; there is no background to recast onto"),
        (with_our_names, "its backgrounds use the names of the new signal, sample 'signal' and strength 'mu'"),
    ],
)
def test_a_published_likelihood_that_does_not_fit_is_refused(tmp_path, capsys, change, message):
    code, text = said(capsys, "validate", changed_workspace(tmp_path, change))
    assert code == 2
    assert message in text


def test_published_files_that_do_not_belong_together_are_refused(tmp_path, capsys):
    campaign = prepared(tmp_path)
    path = tmp_path / "published/workspace.json"
    base = json.loads(path.read_text())
    base["observations"][0]["data"][0] += 1
    path.write_text(json.dumps(base))
    code, text = said(capsys, "validate", campaign)
    assert code == 2
    assert "published.patchset: does not belong to the workspace" in text


def test_a_valid_recast_is_valid(tmp_path, capsys):
    assert said(capsys, "validate", prepared(tmp_path))[0] == 0


def test_the_stage_refuses_without_a_traceback_and_writes_nothing(tmp_path, capsys):
    """The same errors from the stage itself, on a histogram of the right campaign."""
    campaign = prepared(tmp_path, exposure={"luminosity": 2, "unit": "fb-1"})
    outputs = [tmp_path / "out" / f"{name}.json" for name in ("workspace", "patchset", "recast")]
    options = [
        word
        for name, path in zip(("workspace", "patchset", "recast"), outputs, strict=True)
        for word in (f"--{name}", path)
    ]
    histograms = sorted((ROOT / "tests/data/recast").glob("*/histogram.json"))
    line = [
        "recast",
        "--campaign",
        campaign,
        "--setting",
        SETTING,
        "--exposure",
        "luminosity=2fb-1",
        "--histograms",
        *histograms,
    ]
    code, text = said(capsys, *line, *options)
    assert code == 2
    assert "its exposure is" in text
    assert not (tmp_path / "out").exists()


def test_a_campaign_that_names_nothing_published_cannot_be_recast(tmp_path, capsys):
    histograms = sorted((ROOT / "tests/data/recast").glob("*/histogram.json"))
    line = [
        "recast",
        "--campaign",
        EXAMPLE / "vector.yaml",
        "--setting",
        SETTING,
        "--exposure",
        EXPOSURE,
        "--histograms",
        *histograms,
    ]
    line += [
        word for name in ("workspace", "patchset", "recast") for word in (f"--{name}", tmp_path / f"{name}.json")
    ]
    code, text = said(capsys, *line)
    assert code == 2
    assert "published: is missing; name the workspace and the patchset" in text
    assert not list(tmp_path.iterdir())
