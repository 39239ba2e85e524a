"""Using a finished campaign again: what is run anew, posteriors of observed data, and a recast on two engines."""

import json
import math
import shutil

import numpy as np
import pytest
import yaml
from numpy.polynomial import Polynomial
from scipy.stats import norm
from support import engines
from support.campaigns import ROOT, environment

from robot_physicist import stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.files import root_events
from robot_physicist.quantities.events import Events
from robot_physicist.simulators.weinberg_born import asymmetry, total_cross_section

EXAMPLE = ROOT / "examples/recast"
EXPOSURE = "luminosity=1fb-1"
VECTOR = yaml.safe_load((EXAMPLE / "vector.yaml").read_text())
PEAKS, BINS, LUMINOSITY = VECTOR["parameters"]["peak"]["values"], 5, 1000


def snakemake(folder, name, *options):
    line = [engines.PROGRAMS / "snakemake", "--cores", "2", "--configfile", f"campaigns/{name}.yaml", *options]
    code, text = engines.call(line, folder)
    assert code == 0, text
    return text


def counted(text):
    """Jobs per rule of a run or dry run, without the target."""
    rows = [line.split() for line in text.splitlines()]
    jobs = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[0].isidentifier() and row[1].isdigit()}
    return {rule: number for rule, number in jobs.items() if rule not in ("all", "total")}


def changed(**changes):
    """A copy of the finished campaign with other sections."""
    return {**VECTOR, **changes}


def peaks(*values):
    return {"peak": {**VECTOR["parameters"]["peak"], "values": list(values)}}


ENDS = {"branches": 1, "likelihood": 2, "posterior": 2, "eig": 2, "design": 1}
SPIN_2 = {"name": "resonance", "options": {"spin": 2, "mass": 250, "width": 10}}
OTHER = [{**VECTOR["backgrounds"][0], "parameters": {"sin2theta_w": 0.2}}]
OBSERVED = {"file": "data.root", "setting": {"sqrt_s": 250}}
#: What a user changes, and the branches that are simulated and filled again: two settings, three points, a background.
CHANGES = {
    "nothing": ({}, {}),
    "a longer range of the parameter": ({"parameters": peaks(*PEAKS, 0.4)}, {"simulate": 2, "histogram": 2, **ENDS}),
    "another range of the parameter": ({"parameters": peaks(0.1, 0.3)}, {"simulate": 2, "histogram": 2, **ENDS}),
    "another simulator": ({"simulator": SPIN_2}, {"simulate": 6, "histogram": 6, **ENDS}),
    "another background": ({"backgrounds": OTHER}, {"simulate": 2, "histogram": 2, **ENDS}),
    "other bins": ({"observables": {"cos_theta": {"range": [-1, 1], "bins": 10}}}, {"histogram": 8, **ENDS}),
    "more luminosity": ({"exposure": {"luminosity": 3, "unit": "fb-1"}}, ENDS),
    "observed data": ({"observed": OBSERVED}, ENDS),
}


@pytest.mark.workflow
def test_a_finished_campaign_is_used_again(tmp_path):
    """(a) What is replaced runs again, and nothing else; (b) observed data run no simulation, and get their posterior."""
    folder = engines.checkout(tmp_path / "run")
    campaign, results = folder / "campaigns/vector.yaml", folder / "results/vector"
    shutil.copy(EXAMPLE / "vector.yaml", campaign)
    assert counted(snakemake(folder, "vector")) == {"simulate": 8, "histogram": 8, **ENDS}
    for name in ("workspace", "patchset"):
        made = results / f"sqrt_s=250/{EXPOSURE}/{name}.json"
        assert made.read_bytes() == (EXAMPLE / f"published/{name}.json").read_bytes(), "the example is not fresh"

    for what, (change, expected) in CHANGES.items():
        if change:
            campaign.write_text(yaml.safe_dump(changed(**change)))
        assert counted(snakemake(folder, "vector", "--dry-run")) == expected, what

    events = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in results.glob("sqrt_s=250/*/events.root")}
    assert len(events) == 4
    campaign.write_text(yaml.safe_dump(changed(simulator=SPIN_2, observed=OBSERVED)))
    counts = observed_data(folder / "campaigns/data.root")
    target = f"results/vector/sqrt_s=250/{EXPOSURE}/posterior.json"
    assert counted(snakemake(folder, "vector", "--", target)) == {
        "simulate": 3,
        "histogram": 3,
        "likelihood": 1,
        "posterior": 1,
    }
    for path, (time, content) in events.items():
        is_background = path.parent.name == "background=drell_yan"
        assert (path.stat().st_mtime_ns == time) == is_background
        assert (path.read_bytes() == content) == is_background
    agrees_with_closed_form(json.loads((folder / target).read_text())["observed"], counts)
    root_events.write_events(
        folder / "campaigns/data.root", [Events({"cos_theta": np.zeros(9)}, 9)], {"digest": "other"}
    )
    again = counted(snakemake(folder, "vector", "--dry-run", "--", target))
    assert again == {"likelihood": 1, "posterior": 1}, "other data"


SPIN_2_ANGLE = Polynomial([0.625, 0, -1.875, 0, 2.5])


def angle(density):
    """Probabilities of the bins for a density that is a polynomial in cos θ."""
    return np.diff(density.integ()(np.linspace(-1, 1, BINS + 1)))


def drell_yan():
    """Cross-section in pb and probabilities of photon and Z at 250 GeV, from the tree-level formula."""
    return total_cross_section(250, 0.2312), angle(Polynomial([0.375, asymmetry(250, 0.2312), 0.375]))


def observed_data(path):
    """Write the events of an experiment with a particle of spin 2 and 0.08 pb; return its counts per bin."""
    rng = np.random.default_rng(20)
    section, shape = drell_yan()
    counts = rng.poisson(LUMINOSITY * (section * shape + 0.08 * angle(SPIN_2_ANGLE)))
    centres = np.linspace(-1, 1, BINS + 1)[:-1] + 1 / BINS
    root_events.write_events(
        path, [Events({"cos_theta": np.repeat(centres, counts)}, int(counts.sum()))], {"digest": "data"}
    )
    return counts


def closed_form(counts, background, signal):
    """Mean and standard deviation of the peak cross-section, p_k ∝ Π_b Poisson(n_b | λ_kb) on its three values."""
    rates = LUMINOSITY * (background + np.outer(PEAKS, signal))
    logs = (counts * np.log(rates) - rates).sum(axis=1)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    mean = weights @ PEAKS
    return mean, math.sqrt(weights @ (np.array(PEAKS) - mean) ** 2)


def agrees_with_closed_form(posterior, counts):
    """Within four standard errors of the simulated templates, 20,000 events each."""
    section, shape = drell_yan()
    signal = angle(SPIN_2_ANGLE)
    mean, sd = closed_form(counts, section * shape, signal)
    rng, n = np.random.default_rng(21), 20_000
    noisy = [
        closed_form(counts, section * rng.multinomial(n, shape) / n, rng.multinomial(n, signal) / n)
        for _ in range(200)
    ]
    errors = np.std(noisy, axis=0)
    assert sd > 0.003  # the data leave something open
    assert posterior["mean"]["peak"] == pytest.approx(mean, abs=4 * errors[0])
    assert posterior["sd"]["peak"] == pytest.approx(sd, abs=4 * errors[1])


def test_the_posterior_of_observed_data_is_the_textbook_one(tmp_path):
    """A hundred values of N(θ, 1): mean x̄ and standard deviation 1/√100, but for the width of the bins."""
    campaign = {
        "name": "mean",
        "seed": 8,
        "simulator": {"name": "gaussian"},
        "settings": {"variance": {"values": [1]}},
        "parameters": {"theta": {"linspace": [-0.6, 0.6, 13]}},
        "observables": {"x": {"range": [-3.5, 3.5], "bins": 35, "overflow": "include"}},
        "exposure": {"events": 100},
        "simulation": {"events": 200_000},
        "observed": {"file": "data.root", "setting": {"variance": 1}},
        "estimator": {"pseudo_experiments": 10},
    }
    file = tmp_path / "mean.yaml"
    file.write_text(yaml.safe_dump(campaign))
    values = np.random.default_rng(9).normal(0.17, 1.0, 100)
    root_events.write_events(tmp_path / "data.root", [Events({"x": values}, 100)], {"digest": "data"})
    histograms = []
    for theta in read_campaign(file).samples:
        events, histogram = tmp_path / theta / "events.root", tmp_path / theta / "histogram.json"
        stages.simulate(file, "variance=1", theta, events)
        stages.histogram(file, "variance=1", theta, events, histogram)
        histograms.append(histogram)
    out = [tmp_path / f"{name}.json" for name in ("workspace", "patchset", "posterior")]
    stages.likelihood(file, "variance=1", "events=100", histograms, *out[:2])
    stages.posterior(file, "variance=1", "events=100", *out)
    observed = json.loads(out[2].read_text())["observed"]
    edges, theta = np.linspace(-3.5, 3.5, 36), np.linspace(-0.6, 0.6, 13)
    logs = np.histogram(values, edges)[0] @ np.log(np.diff(norm.cdf(edges[:, None] - theta), axis=0))
    weights = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    exact = weights @ theta
    # a bin of width w blurs every value by w/√12
    assert exact == pytest.approx(values.mean(), abs=4 * 0.2 / math.sqrt(12 * 100))
    # the slopes of ln p_b(θ) come from N = 13 × 200,000 events: an error of n sd²/√(N var θ) on the mean
    error = 100 * 0.1**2 / math.sqrt(13 * 200_000 * theta.var())
    assert observed["mean"]["theta"] == pytest.approx(exact, abs=4 * error)
    assert observed["sd"]["theta"] == pytest.approx(0.1, rel=0.02)


@pytest.mark.engines
def test_a_recast_gives_the_same_bytes_with_snakemake_and_yadage(tmp_path):
    """(c) The example in README's words: a scalar in place of the published vector."""
    folder = engines.checkout(tmp_path / "run")
    shutil.copytree(EXAMPLE, folder / "campaigns", dirs_exist_ok=True)
    text = snakemake(folder, "scalar")
    assert counted(text) == {"branches": 1, "simulate": 3, "histogram": 3, "recast": 1}
    python = environment("yadage") / "python"
    line = [python, "workflow/run_yadage.py", "campaigns/scalar.yaml", "--workers", "2", "--native"]
    code, text = engines.call(line, folder)
    assert code == 0, text
    work, results = folder / "results/scalar.yadage", folder / "results/scalar/sqrt_s=250"
    assert str(work.relative_to(folder) / "setting_0/recast_0/recast.json") in text
    for name in ("workspace", "patchset", "recast"):
        made = (work / f"setting_0/recast_0/{name}.json").read_bytes()
        assert made == (results / EXPOSURE / f"recast/{name}.json").read_bytes(), name
    for index, peak in enumerate((0.03, 0.1, 0.3)):
        made = (work / f"setting_0/simulate_{index}/events.root").read_bytes()
        assert made == (results / f"peak={peak}/events.root").read_bytes()
    result = json.loads((results / EXPOSURE / "recast/recast.json").read_text())
    documented = (ROOT / "docs/reuse.md").read_text()
    middle, gain = result["limits"][1], result["gain"]["corrected"]
    assert f"{middle['observed']:.2f}" in documented
    assert f"{middle['expected'][2]:.2f}" in documented
    assert f"{gain['value']:.3f} ± {gain['error']:.3f}" in documented


@pytest.mark.workflow
def test_published_files_that_are_missing_stop_snakemake_before_it_begins(tmp_path):
    folder = engines.checkout(tmp_path / "run")
    shutil.copy(EXAMPLE / "scalar.yaml", folder / "campaigns")
    line = [engines.PROGRAMS / "snakemake", "--cores", "2", "--configfile", "campaigns/scalar.yaml"]
    code, text = engines.call(line, folder)
    assert code != 0
    assert "campaigns/published/workspace.json" in text
    assert not (folder / "results").exists()


@pytest.mark.engines
def test_the_recast_is_an_entry_of_recasts_catalogue(tmp_path):
    folder = engines.checkout(tmp_path / "run")
    (folder / "recast_signal.yml").symlink_to(ROOT / "recast_signal.yml")
    recast = environment("yadage") / "recast"
    for words, wanted in ((["check"], "Everything looks good"), (["describe"], "another signal")):
        line = [recast, "catalogue", *words, "robot-physicist/recast"]
        code, text = engines.call(line, folder, RECAST_ATLAS_CATALOGUE=str(folder))
        assert code == 0, text
        assert wanted in text
