"""Observed data from the file to the posterior and its figures."""

import json
import subprocess
import sys
from contextlib import nullcontext

import jsonschema
import numpy as np
import pytest
import uproot
import yaml
from support.campaigns import ROOT
from support.observed_data import BORN, mass_campaign, masses, run, write

from robot_physicist import files, stages
from robot_physicist.design.results import Design
from robot_physicist.inference.observed_fit import summaries
from robot_physicist.project.reference import campaign_schema
from robot_physicist.quantities.errors import DigestMismatchError
from robot_physicist.simulators.weinberg_born import total_cross_section
from robot_physicist.stages.checking import validate
from robot_physicist.templates.histogram import Histogram

#: Fewer events are simulated here than a study would.
pytestmark = [
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.MarginalisationWarning"),
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning"),
]


def test_a_few_recorded_events_may_be_outside_the_range(tmp_path):
    write(tmp_path / "data.root", {"x": np.append(masses(1990), np.full(10, 200.0))})
    found = run(mass_campaign(tmp_path), tmp_path / "r").observed_fit
    assert found.projections[0].observed.sum() == 1990
    assert found.projections[0].before.mean.sum() == pytest.approx(1990)
    assert found.goodness.p_value.value > 0.01


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
