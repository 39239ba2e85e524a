"""Observed data: what cannot be from the simulated experiment is an error that says so; goodness of fit; figures."""

import json
import subprocess
import sys
from contextlib import nullcontext

import awkward as ak
import jsonschema
import numpy as np
import pytest
import uproot
import yaml
from conftest import ROOT
from scipy import stats
from test_calibration import PRIOR, SYSTEMATICS, published

from robot_physicist import files, stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.results import Design
from robot_physicist.inference.observed_fit import fitter, goodness, observed_fit, summaries
from robot_physicist.inference.posterior import pseudo_experiments
from robot_physicist.inference.results import Posteriors
from robot_physicist.project.reference import campaign_schema
from robot_physicist.quantities import labels
from robot_physicist.quantities.errors import BadInputError, CampaignError, DigestMismatchError, UnknownNameError
from robot_physicist.quantities.estimates import Axis
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.simulators.weinberg_born import total_cross_section
from robot_physicist.stages.people import validate
from robot_physicist.templates.histogram import Histogram

#: Fewer events are simulated here than a study would.
pytestmark = [
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.MarginalisationWarning"),
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning"),
]
NAMES = [f"theta={value:.12g}" for value in np.linspace(-1, 1, 6)]


def write(path, columns, tree="events"):
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: values.dtype for name, values in columns.items()})
        file[tree].extend(columns)


def mass_campaign(folder, unit="", **observed):
    """Masses N(θ, 2²) around 91, θ between 90 and 92; 2000 events. Only a black box has a unit, and cannot be run."""
    black_box = {"name": "command", "options": {"executable": ["true"], "observables": ["x"]}}
    raw = {
        "name": "mass",
        "seed": 4,
        "simulator": black_box if unit else {"name": "gaussian"},
        "settings": {"variance": {"values": [4]}},
        "parameters": {"theta": {"linspace": [90, 92, 5]}},
        "observables": {"x": {"range": [80, 102], "bins": 22, "unit": unit}},
        "exposure": {"events": 2000},
        "simulation": {"events": 20_000},
        "estimator": {"pseudo_experiments": 200},
        "observed": {"file": "data.root", "setting": {"variance": 4}, **observed},
    }
    path = folder / "mass.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def masses(events=2000, theta=91.0):
    return np.random.default_rng(3).normal(theta, 2.0, events)


def run(path, folder):
    """Simulate and fill all branches, build the likelihoods and compute the posteriors; the last posterior."""
    campaign, posterior = read_campaign(path), None
    for setting in map(labels.label, campaign.setting_points):
        histograms = []
        for sample in campaign.samples:
            place = folder / setting / sample
            stages.simulate(path, setting, sample, place / "events.root")
            stages.histogram(path, setting, sample, place / "events.root", place / "histogram.json")
            histograms.append(place / "histogram.json")
        for exposure in campaign.exposures:
            made = [folder / setting / exposure / f"{name}.json" for name in ("workspace", "patchset", "posterior")]
            stages.likelihood(path, setting, exposure, histograms, *made[:2])
            stages.posterior(path, setting, exposure, *made)
            posterior = files.read_document(Posteriors, made[2])
    return posterior


@pytest.mark.parametrize(
    ("columns", "observed", "message"),
    [
        (
            {"x": 1000 * masses()},
            {},
            r"2000 of 2000 events lie outside \[80, 102\] GeV.*in MeV, 2000 of them lie inside",
        ),
        ({"x": 1000 * masses()}, {}, r'write branches: \{x: "x / 1000"\}'),
        ({"m": masses() / 1000}, {"branches": {"x": "m"}}, r'in TeV, .* write branches: \{x: "m \* 1000"\}'),
        ({"x": masses() + 200}, {}, "see that file, branch and unit are the right ones, or widen the range"),
        ({"x": np.append(masses(900), masses() + 50)}, {}, "2000 of 2900 events lie outside.*observed.selection"),
        (
            {"x": masses(1999)},
            {},
            r"exposure: 1999 events are selected, 1999 of them in the range .*, but events=2000",
        ),
        ({"x": masses(), "weight": np.full(2000, 0.5)}, {}, "weights other than one"),
    ],
)
def test_data_that_are_not_of_the_campaign_are_errors_before_any_job(tmp_path, columns, observed, message):
    write(tmp_path / "data.root", columns)
    with pytest.raises(BadInputError, match=rf"^observed\[0\]: .*{message}"):
        validate(mass_campaign(tmp_path, "GeV", **observed))


def test_the_advice_about_units_helps(tmp_path):
    write(tmp_path / "data.root", {"m": 1000 * masses()})
    assert "valid" in validate(mass_campaign(tmp_path, branches={"x": "m / 1000"}))


def test_a_few_recorded_events_may_be_outside_the_range(tmp_path):
    write(tmp_path / "data.root", {"x": np.append(masses(1990), np.full(10, 200.0))})
    found = run(mass_campaign(tmp_path), tmp_path / "r").observed_fit
    assert found.projections[0].observed.sum() == 1990
    assert found.projections[0].before.mean.sum() == pytest.approx(1990)
    assert found.goodness.p_value.value > 0.01


def test_angles_in_degrees_are_recognised_where_the_campaign_says_no_unit(tmp_path):
    write(tmp_path / "data.root", {"x": np.degrees(np.random.default_rng(1).uniform(0, np.pi, 2000))})
    path = mass_campaign(tmp_path)
    raw = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**raw, "observables": {"x": {"range": [0, 3.15], "bins": 5}}}))
    with pytest.raises(BadInputError, match=r'in degrees instead of radians, .*\{x: "x / 57.2957795'):
        validate(path)


@pytest.mark.parametrize(
    ("branches", "kind", "message"),
    [
        ({"y": "x"}, UnknownNameError, r"observed\[0\].branches.y: no such observable; known names: x"),
        ({"x": "m\nm"}, CampaignError, "is a control character"),
    ],
)
def test_mistakes_in_the_mapping(branches, kind, message):
    raw = yaml.safe_load((ROOT / "examples/real_data/muon_pairs.yaml").read_text())
    raw["observables"] = {"x": {"range": [80, 102], "bins": 22}}
    raw |= {"simulator": {"name": "gaussian"}, "settings": {"variance": {"values": [4]}}, "backgrounds": []}
    raw["name"] = "mass"
    raw |= {"parameters": {"theta": {"values": [1, 2]}}, "exposure": {"events": 1}, "systematics": []}
    raw["observed"] = {"file": "d.root", "setting": {"variance": 4}, "branches": branches}
    with pytest.raises(kind, match=message):
        campaign_from(raw, "x")


def test_events_where_no_simulated_event_is_are_an_error(tmp_path):
    stray = np.append(masses(1990), np.full(10, 101.5))
    write(tmp_path / "data.root", {"x": stray})
    path = mass_campaign(tmp_path)
    assert "valid" in validate(path)
    with pytest.raises(BadInputError, match=r"^observed\[0\]: 10 of 2000 events are where .* x in \[101, 102\]"):
        run(path, tmp_path / "r")
    assert not list((tmp_path / "r").rglob("workspace.json"))


def test_units_within_the_range_are_recognised_by_the_templates(tmp_path):
    """Radians in a range of degrees: all inside, in the first bin."""
    write(tmp_path / "data.root", {"angle": np.radians(masses())})
    path = mass_campaign(tmp_path, branches={"x": "angle"})
    raw = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**raw, "observables": {"x": {"range": [0, 180], "bins": 180}}}))
    assert "valid" in validate(path)
    with pytest.raises(
        BadInputError,
        match=r'no template looks like these data, but one does if they are in radians instead of degrees: .*"angle \*',
    ):
        run(path, tmp_path / "r")


BORN = {
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [91.2]}},
    "parameters": {"sin2theta_w": {"linspace": [0.22, 0.24, 3]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 4}},
    "estimator": {"pseudo_experiments": 100},
}


def test_a_number_of_events_that_the_luminosity_cannot_give(tmp_path, raw):
    write(tmp_path / "data.root", {"cos_theta": np.random.default_rng(1).uniform(-1, 1, 2000)})
    path = tmp_path / "z.yaml"
    data = {"observed": {"file": "data.root", "setting": {"sqrt_s": 91.2}}}
    path.write_text(yaml.safe_dump({**raw, **BORN, **data, "exposure": {"luminosity": 1, "unit": "fb-1"}}))
    with pytest.raises(BadInputError, match=r"2000 events, where 1 fb-1 should give .*: they are 0\.00"):
        run(path, tmp_path / "r")
    path.write_text(yaml.safe_dump({**raw, **BORN, **data, "exposure": {"luminosity": 1, "unit": "pb-1"}}))
    assert run(path, tmp_path / "r2").observed_fit is not None


def test_a_likelihood_without_the_data_is_refused(tmp_path):
    write(tmp_path / "data.root", {"x": masses()})
    path = mass_campaign(tmp_path)
    with_data = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({key: value for key, value in with_data.items() if key != "observed"}))
    assert run(path, tmp_path / "r").observed_fit is None
    path.write_text(yaml.safe_dump(with_data))
    made = [tmp_path / "r/variance=4/events=2000" / f"{name}.json" for name in ("workspace", "patchset", "posterior")]
    with pytest.raises(DigestMismatchError, match="run the likelihood stage again"):
        stages.posterior(path, "variance=4", "events=2000", *made)


CASES = [
    (EventCount(events=20), (), True),
    (EventCount(events=20), (), False),
    (Luminosity(luminosity=3, unit="pb-1"), SYSTEMATICS, False),
]


def p_values(exposure, systematics, fixed, experiments, size, distort=None):
    """P-values of experiments whose θ and nuisances are from their priors, and the data from the model, or distorted."""
    fit, rng = fitter(published(exposure, systematics), PRIOR, exposure, fixed), np.random.default_rng(11)
    found = []
    for _ in range(experiments):
        rates = fit.before(int(rng.choice(6, p=PRIOR)), 1, rng)
        if distort is not None:
            rates = rates[:, distort] * rates.sum() / rates[:, distort].sum()
        counts = pseudo_experiments(rates, exposure, np.arange(1), rng)[0]
        found.append(goodness(fit, counts, NAMES, size, rng).p_value.value)
    return np.array(found)


@pytest.mark.parametrize(("exposure", "systematics", "fixed"), CASES)
def test_p_values_are_uniform_under_the_model(exposure, systematics, fixed):
    """Kolmogorov and Smirnov's test; the p-values have 100 steps, which are nothing beside 80 experiments."""
    found = p_values(exposure, systematics, fixed, experiments=80, size=100)
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    assert found.min() >= 1 / 101


@pytest.mark.parametrize(("exposure", "systematics", "fixed"), CASES)
def test_p_values_are_small_for_a_wrong_model(exposure, systematics, fixed):
    """The middle bins change places with the outer ones."""
    exposure = EventCount(events=100) if isinstance(exposure, EventCount) else Luminosity(luminosity=10)
    swapped = np.array([5, 1, 2, 3, 0, 9, 6, 7, 8, 4])
    found = p_values(exposure, systematics, fixed, experiments=20, size=100, distort=swapped)
    assert np.median(found) == 1 / 101


def test_the_statistic_is_the_likelihood_ratio_of_pyhf():
    """Twice the least difference of −ln L, auxiliary data included, to rates that equal the counts."""
    import pyhf

    exposure = Luminosity(luminosity=10)
    base, patches = published(exposure, SYSTEMATICS)
    counts = np.array([7.0, 8, 14, 30, 33, 37, 26, 13, 7, 4])
    fit = fitter((base, patches), PRIOR, exposure, False)
    ours = fit.deviances(counts[None])[0]
    best = []
    for patch in pyhf.PatchSet(patches).patches:
        workspace = pyhf.Workspace(pyhf.PatchSet(patches).apply(base, patch.name))
        model = workspace.model()
        data = [*counts, *model.config.auxdata]
        _, fitted = pyhf.infer.mle.fixed_poi_fit(1.0, data, model, return_fitted_val=True)
        nominal = np.array(model.config.suggested_init())
        constraints = float(model.constraint_logpdf(pyhf.tensorlib.astensor(model.config.auxdata), nominal))
        best.append(float(fitted) + 2 * (stats.poisson.logpmf(counts, counts).sum() + constraints))
    relevant = np.array(best) < min(best) + 6
    assert relevant.sum() >= 2
    np.testing.assert_allclose(ours[relevant], np.array(best)[relevant], atol=0.02)
    assert ours.argmin() == np.argmin(best)


def test_bands_and_samples_are_those_of_the_model():
    exposure = Luminosity(luminosity=10)
    fit, rng = fitter(published(exposure, SYSTEMATICS), PRIOR, exposure, False), np.random.default_rng(2)
    counts = fit.rates(3, fit.models[3].values[:, None])[0].round()
    posterior = np.array([0, 0, 0.25, 0.5, 0.25, 0])
    found = observed_fit(fit, counts, posterior, [Axis("x", 0, 1, 2), Axis("y", 0, 1, 5)], NAMES, 100, rng)
    x, y = found.projections
    nominal = np.array([fit.rates(k, fit.models[k].values[:, None])[0] for k in range(6)])
    np.testing.assert_allclose(x.templates[NAMES[1]], nominal[1].reshape(2, 5).sum(axis=1))
    np.testing.assert_allclose(y.observed, counts.reshape(2, 5).sum(axis=0))
    np.testing.assert_allclose(y.before.mean, (PRIOR @ nominal).reshape(2, 5).sum(axis=0), rtol=0.03)
    assert (y.before.high - y.before.low > y.after.high - y.after.low).all()
    assert list(x.samples) == ["flat", "signal"]
    np.testing.assert_allclose(sum(x.samples.values()), x.observed, rtol=0.02)
    assert found.goodness.p_value.value > 0.5
    assert all(abs(pull) < 0.3 for pull in found.goodness.pulls.values())
    # a number of events is shared out, whatever nuisances do to the total
    exposure = EventCount(events=20)
    fit = fitter(published(exposure, ()), PRIOR, exposure, False)
    np.testing.assert_allclose(fit.before(2, 50, rng).sum(axis=1), 20)


def test_the_example_from_the_file_to_the_figures(tmp_path):
    """Both settings of a smaller copy of examples/real_data: the truth is found, shown, drawn, and fits."""
    example = ROOT / "examples/real_data"
    raw = yaml.safe_load((example / "muon_pairs.yaml").read_text())
    jsonschema.validate(raw, campaign_schema())
    raw["settings"] = {"sqrt_s": {**raw["settings"]["sqrt_s"], "values": [89.4]}}
    raw["simulation"] = {"events": 20_000}
    raw["estimator"] = {"pseudo_experiments": 100, "draws": 256, "replicas": 16}
    path, out = tmp_path / "muon_pairs.yaml", tmp_path / "r"
    path.write_text(yaml.safe_dump(raw))
    for name in ("data.root", "cosmics.json"):
        (tmp_path / name).write_bytes((example / name).read_bytes())
    assert "valid" in validate(path)
    found, place = run(path, out), out / "sqrt_s=89.4/luminosity=3pb-1"
    assert abs(found.observed.mean["sin2theta_w"] - 0.2312) < 3 * found.observed.sd["sin2theta_w"]
    assert found.observed_fit.goodness.p_value.value > 0.01
    histograms = sorted(out.glob("*/*/histogram.json"))
    stages.eig(path, "sqrt_s=89.4", "luminosity=3pb-1", histograms, place / "eig.json")
    outputs = [out / name for name in ("design.json", "design.csv", "figures")]
    text = stages.design(path, [place / "eig.json"], [place / "posterior.json"], histograms, *outputs)
    assert "Observed 1827 events at √s = 89.4 GeV, luminosity=3pb-1: sin2theta_w = 0.2" in text
    assert "goodness of fit p = " in text
    (summary,) = files.read_document(Design, outputs[0]).observed
    assert summary.goodness == found.observed_fit.goodness
    assert (out / "figures/data-luminosity=3pb-1-sqrt_s=89.4-cos_theta.png").stat().st_size > 20_000
    counts = json.loads((place / "workspace.json").read_text())["observations"][0]["data"]
    assert counts == cosines_by_hand(example / "data.root")
    one = files.read_document(Histogram, histograms[0])
    assert found.observed_fit.projections[0].axis == one.axes[0]


def cosines_by_hand(path):
    """Counts per bin, event by event with Python's own lists."""
    tree = uproot.open(path)["Events"].arrays(library="np")
    found = []
    for x, y, z, charge in zip(*(tree[f"Muon_{name}"] for name in ("px", "py", "pz", "charge")), strict=True):
        size = np.sqrt(x**2 + y**2 + z**2)
        if len(x) == 2 and charge.sum() == 0 and (size > 40000).all():
            found.append(float((z / size)[charge < 0][0]))
    return np.histogram(found, 18, (-0.9, 0.9))[0].tolist()


def test_the_data_of_the_example_are_made_by_its_script(tmp_path):
    example = ROOT / "examples/real_data"
    (tmp_path / "record.py").write_text((example / "record.py").read_text())
    subprocess.run([sys.executable, tmp_path / "record.py"], check=True)
    made, committed = (uproot.open(folder / "data.root")["Events"] for folder in (tmp_path, example))
    assert made.keys() == committed.keys()
    for name in made.keys():  # noqa: SIM118
        for one, other in zip(made[name].array(library="np"), committed[name].array(library="np"), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)


def test_one_strange_event_is_left_to_the_goodness_of_fit(tmp_path):
    """In the last bin, where it is unlikely. Smaller units squeeze all others into two bins, which explains nothing."""
    write(tmp_path / "data.root", {"x": np.append(masses(9, 0.3), 200.0)})
    path = mass_campaign(tmp_path)
    raw = yaml.safe_load(path.read_text()) | {"exposure": {"events": 10}, "simulation": {"events": 2000}}
    raw["estimator"]["nuisances"] = "fixed"
    raw["observables"]["x"] |= {"range": [-15, 15], "bins": 30, "overflow": "include"}
    raw["parameters"]["theta"] = {"linspace": [-1, 1, 5]}
    path.write_text(yaml.safe_dump(raw))
    found = run(path, tmp_path / "r").observed_fit
    assert found.projections[0].observed[-1] == 1
    assert found.goodness.p_value.value < 0.01


@pytest.mark.parametrize(("points", "events"), [(1, 1), (3, 0), (3, 4)])
def test_few_events_and_a_single_point(tmp_path, raw, points, events):
    """The posterior of a number of events alone: p(θ|n) is proportional to exp(−σL) (σL)ⁿ, in one bin."""
    write(tmp_path / "data.root", {"cos_theta": np.linspace(-0.5, 0.5, events)})
    path, out = tmp_path / "z.yaml", tmp_path / "r"
    raw |= BORN | {"exposure": {"luminosity": 0.001}, "observables": {"cos_theta": {"range": [-1, 1], "bins": 1}}}
    raw["parameters"] = {"sin2theta_w": {"linspace": [0.1, 0.3, points]}}
    raw["observed"] = {"file": "data.root", "setting": {"sqrt_s": 91.2}, "selection": "cos_theta < 1"}
    path.write_text(yaml.safe_dump(raw))
    with pytest.warns(match="taken for a measurement without events") if events == 0 else nullcontext():
        found = run(path, out)
    expected = np.array([0.001 * total_cross_section(91.2, point) for point in np.linspace(0.1, 0.3, points)])
    exact = np.exp(-expected) * expected**events
    np.testing.assert_allclose(found.observed.probabilities, exact / exact.sum(), rtol=0.02)
    if points > 1:
        return
    place = out / "sqrt_s=91.2/luminosity=0.001pb-1"
    histograms = sorted(out.glob("*/*/histogram.json"))
    stages.eig(path, place.parent.name, place.name, histograms, place / "eig.json")
    outputs = [out / name for name in ("design.json", "design.csv", "figures")]
    text = stages.design(path, [place / "eig.json"], [place / "posterior.json"], histograms, *outputs)
    assert "Observed 1 event at sqrt_s = 91.2" in text


def test_units_of_angles_are_no_advice_for_what_is_no_angle(tmp_path):
    write(tmp_path / "data.root", {"x": np.random.default_rng(1).uniform(0, 300, 2000)})
    path = mass_campaign(tmp_path)
    raw = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**raw, "observables": {"x": {"range": [0, 8], "bins": 5}}}))
    with pytest.raises(BadInputError, match=r'as MeV beside GeV, .*\{x: "x / 1000"\}'):
        validate(path)


def test_a_branch_that_happens_to_be_called_ratios_is_not_read(tmp_path):
    with uproot.recreate(tmp_path / "data.root") as file:
        file.mktree("events", {"x": "f8", "ratios": "var * float64"})
        file["events"].extend({"x": masses(), "ratios": ak.unflatten(np.ones(2000), np.full(2000, 1))})
    assert "valid" in validate(mass_campaign(tmp_path))


def test_a_posterior_that_is_narrower_than_the_grid_is_said_to_be(tmp_path):
    write(tmp_path / "data.root", {"x": masses()})
    path, out = mass_campaign(tmp_path), tmp_path / "r"
    raw = yaml.safe_load(path.read_text()) | {"simulation": {"events": 2000}}
    raw["estimator"]["nuisances"] = "fixed"
    warning = "the posterior of theta is narrower than a third of a step of its grid, so it is hardly known"
    for points, warned in ((3, True), (41, False)):
        raw["parameters"]["theta"] = {"linspace": [90, 92, points]}
        path.write_text(yaml.safe_dump(raw))
        found = run(path, out)
        assert any(warning in text for text in found.warnings) is warned
        (said,) = summaries([found])
        assert [warning in text for text in said.warnings] == [True] * warned
