"""One sample for all parameter points, against exact answers."""

import re
from contextlib import nullcontext

import numpy as np
import pytest
import yaml

from robot_physicist import files, stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.information.correction import Problem, free_rates, jackknifed
from robot_physicist.information.finite_simulation import information_gain
from robot_physicist.information.gain import gain as exact_gain
from robot_physicist.information.options import Estimator
from robot_physicist.information.results import InformationGain
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.quantities.errors import (
    CampaignError,
    GainWarning,
    HistogramError,
    LabelClashError,
    UnknownNameError,
)
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.simulators import weinberg_born as born
from robot_physicist.simulators.gaussian import Gaussian
from robot_physicist.templates.histogram import Histogram
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.reweighting import per_point
from robot_physicist.templates.templates import Templates, accepted_cross_section, stack

BORN = {
    "name": "born",
    "seed": 5,
    "simulator": {"name": "weinberg_born", "options": {"width": "fixed", "cos_theta_max": 0.9}},
    "settings": {"sqrt_s": {"values": [82]}},
    "parameters": {"sin2theta_w": {"linspace": [0.20, 0.26, 21]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 20}},
    "exposure": [{"events": 1}, {"luminosity": 10}],
    "simulation": {"events": 4100, "references": [{"sin2theta_w": 0.23}]},
}

PRIOR = np.full(5, 0.2)


def run(tmp_path, raw):
    """Simulate and histogram all samples of the first setting."""
    path = tmp_path / "campaign.yaml"
    path.write_text(yaml.safe_dump(raw))
    campaign = read_campaign(path)
    setting = next(iter(campaign.setting_points))
    (name, value), *_ = setting.items()
    label, histograms = f"{name}={value:g}", []
    for sample in campaign.samples:
        events, histogram = tmp_path / sample / "events.root", tmp_path / sample / "histogram.json"
        stages.simulate(path, label, sample, events)
        text = stages.histogram(path, label, sample, events, histogram)
        histograms.append(histogram)
    return path, label, histograms, text


def gain(tmp_path, path, setting, exposure, histograms):
    stages.eig(path, setting, exposure, histograms, tmp_path / "eig.json")
    return files.read_document(InformationGain, tmp_path / "eig.json")


def templates(raw, histograms):
    points = [f"sin2theta_w={angle:.12g}" for angle in campaign_from(raw, "x").parameters["sin2theta_w"].points]
    return stack([files.read_document(Histogram, path) for path in histograms], points)


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_4100_events_serve_21_points(tmp_path, seed):
    path, setting, histograms, text = run(tmp_path, {**BORN, "seed": seed})
    assert "effective events (sin2theta_w=0.2" in text
    result = gain(tmp_path, path, setting, "events=1", histograms)
    assert result.simulated_events == 4100
    assert abs(result.plug_in.value - result.exact.value) < 2e-3
    assert abs(result.corrected.value - result.exact.value) < 4 * result.corrected.error
    assert 3000 < result.effective_events < 4100


@pytest.mark.parametrize("references", [[0.23], [0.2, 0.26], [0.19, 0.23, 0.27]])
def test_cross_sections_follow_from_the_references(tmp_path, references):
    simulation = {"events": 6000, "references": [{"sin2theta_w": angle} for angle in references]}
    raw = {**BORN, "simulation": simulation}
    _, _, histograms, _ = run(tmp_path, raw)
    stacked = templates(raw, histograms)
    assert stacked.shared
    assert stacked.generated.tolist() == [6000 * len(references)] * 21
    section, error = accepted_cross_section(stacked)
    angles = stacked.coordinates[:, 0]
    exact = [born.total_cross_section(82, angle, "fixed") * born.acceptance(0.9) for angle in angles]
    assert (np.abs(section / exact - 1) < 4 * error).all()
    assert (error < 0.02).all()


def test_two_references_are_better_than_one_where_one_hardly_reaches(tmp_path):
    raw = {
        "name": "gaussian",
        "seed": 1,
        "simulator": {"name": "gaussian"},
        "settings": {"variance": {"values": [0.5]}},
        "parameters": {"theta": {"linspace": [-2, 2, 9]}},
        "observables": {"x": {"range": [-6, 6], "bins": 30, "overflow": "include"}},
        "exposure": {"events": 1},
    }
    found = {}
    for name, references in {"one": [0], "three": [-2, 0, 2]}.items():
        simulation = {"events": 60_000 // len(references), "references": [{"theta": t} for t in references]}
        folder = tmp_path / name
        folder.mkdir()
        path, setting, histograms, _ = run(folder, {**raw, "simulation": simulation})
        heavy = pytest.warns(GainWarning, match=r"theta=-?2 have a heavy tail") if name == "one" else nullcontext()
        with heavy:
            found[name] = gain(folder, path, setting, "events=1", histograms)
        if name == "three":
            assert abs(found[name].plug_in.value - found[name].exact.value) < 5e-3
    assert found["one"].effective_events < 0.02 * found["three"].effective_events
    assert found["three"].effective_events > 5000
    assert found["three"].warnings == []


@pytest.mark.parametrize(
    ("events", "warning"),
    [
        (90, r"only [5-9]\d effective events at theta=0\.5 \(fewer than 100\)"),
        (20_000, r"theta=0\.5 add up to 0\.\d+ and not to 1.*add one that does"),
    ],
)
def test_few_effective_events_and_uncovered_points_are_warned_of(tmp_path, events, warning):
    raw = {
        "name": "clipped",
        "seed": 1,
        "simulator": {"name": "forward_backward"},
        "settings": {"beam_energy": {"values": [60]}},
        "parameters": {"theta": {"values": [0.5, 2]}},
        "observables": {"cos_theta": {"range": [-1, 1], "bins": 10}},
        "exposure": {"events": 1},
        "simulation": {"events": events, "references": [{"theta": 2}]},
    }
    path, setting, histograms, _ = run(tmp_path, raw)
    with pytest.warns(GainWarning, match=warning):
        (text,) = gain(tmp_path, path, setting, "events=1", histograms).warnings
    assert re.search(warning, text)


def test_the_error_of_the_plug_in_value_is_its_spread_over_simulations(tmp_path):
    found = []
    for seed in range(12):
        folder = tmp_path / str(seed)
        folder.mkdir()
        raw = {**BORN, "seed": seed, "simulation": {**BORN["simulation"], "events": 1000}}
        path, setting, histograms, _ = run(folder, raw)
        found.append(gain(folder, path, setting, "events=1", histograms).plug_in)
    spread = np.std([one.value for one in found], ddof=1)
    assert 0.6 < np.mean([one.error for one in found]) / spread < 1.6


def test_too_few_effective_events_leave_the_interval_open(tmp_path):
    """From θ = 0 the points at ±2 are four standard deviations away; those at 0 and ±0.5 are reached well."""
    raw = {
        "name": "gaussian",
        "seed": 1,
        "simulator": {"name": "gaussian"},
        "settings": {"variance": {"values": [0.25]}},
        "parameters": {"theta": {"values": [-2, -0.25, 0, 0.25, 2]}},
        "observables": {"x": {"range": [-6, 6], "bins": 30, "overflow": "include"}},
        "exposure": {"events": 3},
        "simulation": {"events": 3000, "references": [{"theta": 0}]},
    }
    path, setting, histograms, _ = run(tmp_path, raw)
    with pytest.warns(GainWarning, match="nats stay open"):
        result = gain(tmp_path, path, setting, "events=3", histograms)
    assert 0.05 < result.corrected.low < result.exact.value < result.corrected.high == result.prior_entropy
    (warning,) = result.warnings
    assert re.fullmatch(
        r"only \d effective events at theta=-?2 \(fewer than 50\) and too few at 1 more: 0\.\d+ to 1\.609 nats stay open,"
        r" the low end being what the other parameter points teach at least; simulate (\d+ times as many events, or )?"
        r"a reference near that point",
        warning,
    )


def weighted_gaussian(events, seed, reach, edges):
    """Events of x ~ N(0, sd 0.5) that are weighted to five means, in 10 folds; first and last bins have the tails."""
    angles, bins = np.linspace(-reach, reach, 5), len(edges) + 1
    x = np.random.default_rng(seed).normal(0, 0.5, events)
    weights = np.exp(4 * x * angles[:, None] - 2 * angles[:, None] ** 2)
    cells = (np.arange(events) % 10) * bins + np.digitize(x, edges)
    sums = [np.stack([np.bincount(cells, w**n, 10 * bins) for w in weights]).reshape(5, 10, bins) for n in (1, 2)]
    labels, none = tuple(f"t={angle:g}" for angle in angles), np.full(5, np.nan)
    return Templates(labels, (), *sums, np.full(5, float(events)), none, none, {}, shared=True)


def test_the_jackknife_knows_what_it_makes_of_the_noise_of_the_integral():
    """Differences between folds are multiplied by ten, and with them the noise of the integral over data."""
    made, exposure, prior = weighted_gaussian(20_000, 1, 0.02, np.linspace(-1, 1, 5)), EventCount(events=100), PRIOR
    found = []
    for seed in range(24):
        points = data_points(exposure, 6, 2048, np.random.default_rng(seed))
        problem = Problem(made, exposure, prior, points)
        one = jackknifed(problem, Simulation(), np.random.default_rng(1))
        plain = problem.gain(free_rates(problem, np.arange(10), Simulation()))
        found.append((one.gain.value, one.integration, plain.error))
    values, errors, plain_errors = np.transpose(found)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(ddof=1), rel=0.4)
    assert values.std(ddof=1) > 2 * plain_errors.mean()


def test_open_intervals_of_weighted_events_hold_the_truth():
    """What points with enough events teach, times their prior, is a lower bound of what all of them do."""
    angles = np.linspace(-1, 1, 5)
    edges = np.linspace(-6, 6, 31)
    centres = (edges[1:] + edges[:-1]) / 2
    shape = np.exp(-2 * (centres - angles[:, None]) ** 2)
    prior, exposure = PRIOR, EventCount(events=3)
    exact = exact_gain(
        3 * shape / shape.sum(axis=1, keepdims=True), exposure, prior, 1 << 14, np.random.default_rng(2)
    )
    for seed in range(8):
        made = weighted_gaussian(400, seed, 1.0, edges[1:-1])
        found = information_gain(made, exposure, prior, Estimator(draws=512), Simulation(), np.random.default_rng(1))
        assert found.lacking
        assert found.corrected.low < exact.value < found.corrected.high == found.prior_entropy


def test_a_missing_reference_is_named(tmp_path):
    raw = {**BORN, "simulation": {"events": 50, "references": [{"sin2theta_w": 0.2}, {"sin2theta_w": 0.26}]}}
    _, _, histograms, _ = run(tmp_path, raw)
    with pytest.raises(HistogramError, match=r"no histogram for reference sin2theta_w=0\.26"):
        templates(raw, histograms[:1])
    both = [files.read_document(Histogram, path) for path in histograms]
    with pytest.raises(HistogramError, match="weighted to other points; simulate them again"):
        per_point(both, ["sin2theta_w=0.2"])


@pytest.mark.parametrize(
    ("simulation", "kind", "message"),
    [
        ({"references": [{"theta_": 0}]}, UnknownNameError, r"references\[0\].theta_.*did you mean 'theta'"),
        ({"references": [{}]}, CampaignError, r"references\[0\].theta.*add it"),
        ({"references": [{"theta": 0}, {"theta": 0.0}]}, LabelClashError, r"references\[1\]: is there already"),
        ({"events_at": {"variance=5": 100}}, UnknownNameError, "no setting 'variance=5'; did you mean"),
        ({"events_at": {"variance=2": 5}}, CampaignError, "events_at.variance=2: fewer events than folds"),
    ],
)
def test_references_and_events_at_are_checked(raw, simulation, kind, message):
    with pytest.raises(kind, match=message) as caught:
        campaign_from({**raw, "simulation": simulation}, "x.yaml")
    assert caught.value.exit_code == 2


def test_references_outside_the_simulators_range_are_refused():
    outside = {**BORN, "simulation": {"references": [{"sin2theta_w": 0.9}]}}
    with pytest.raises(CampaignError, match=r"0\.9 is outside \[0\.05, 0\.6\]"):
        campaign_from(outside, "x.yaml")


def test_a_simulator_without_weights_is_named(raw, monkeypatch):
    monkeypatch.setattr(Gaussian, "has_ratios", False)
    with pytest.raises(CampaignError, match=r"simulation\.references: gaussian gives its events no weights"):
        campaign_from({**raw, "simulation": {"references": [{"theta": 0}]}}, "x.yaml")
