"""Simulations that went wrong and histogram files that were damaged, as the command line meets them."""

import copy
import json
import shutil

import pytest
import yaml
from support.campaigns import SMALL

from robot_physicist import files, stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.cli.main import main
from robot_physicist.information.results import InformationGain

pytestmark = [
    pytest.mark.filterwarnings("default::robot_physicist.quantities.errors.GainWarning"),
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning"),
]
SETTING = "variance=0.5"
BASE = {**SMALL, "settings": {"variance": {"values": [0.5]}}, "estimator": {"draws": 512, "replicas": 16}}
FEW = {"events": 200}


def simulated(folder, **changes):
    """Campaign file and histograms of its only setting."""
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump({**copy.deepcopy(BASE), **changes}))
    histograms = []
    for sample in read_campaign(path).samples:
        events, histogram = (folder / sample / name for name in ("events.root", "histogram.json"))
        stages.simulate(path, SETTING, sample, events)
        stages.histogram(path, SETTING, sample, events, histogram)
        histograms.append(histogram)
    return path, histograms


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Folder of a small campaign and its histograms, to be copied."""
    folder = tmp_path_factory.mktemp("small")
    simulated(folder)
    return folder


@pytest.fixture
def eig(capsys, tmp_path):
    """Run the eig stage: its exit code, what it printed, and its result if there is one."""

    def eig(path, histograms, exposure="events=5"):
        options = ["--campaign", path, "--setting", SETTING, "--exposure", exposure, "--gain", tmp_path / "eig.json"]
        with pytest.raises(SystemExit) as stop:
            main(["eig", *map(str, options), "--histograms", *map(str, histograms)])
        printed, result = capsys.readouterr(), tmp_path / "eig.json"
        found = files.read_document(InformationGain, result) if result.exists() else None
        return stop.value.code, printed, found

    return eig


def edited(content, key, value):
    """The content of a JSON file with the entry at a path of keys changed."""
    *way, last = key.split(".")
    place = content
    for one in way:
        place = place[int(one) if isinstance(place, list) else one]
    place[int(last) if isinstance(place, list) else last] = value
    return content


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sumw.0.3", float("nan"), "not a JSON file (NaN is not a number): sumw.0.3; remove it and run again"),
        ("outside", float("inf"), "not a JSON file (Infinity is not a number): outside; remove it and run again"),
        ("sumw.0.3", "1e999", "not a histogram file: sumw: holds NaN or an infinite number; remove it and run again"),
        ("generated", -5, "not a histogram file: generated: has to be at least 0"),
        ("generated", 0, "generated: is 0; remove the file and run again"),
        ("sumw2.0.3", -1.0, "sumw2: has a negative sum of squares, -1; remove the file and run again"),
        ("sumw2", [[1.0]], "sumw2: has the shape 1 × 1 and not 10 × 10; remove the file and run again"),
        ("sumw", [[1.0] * 10] * 5, "sumw: has 5 folds, simulation.folds of the campaign is 10; run the histogram"),
        ("cross_section", -1.0, "cross_section: is negative, or its error"),
        ("axes.0.bins", 12, "axes: its bins are 12 of x in [-5, 5], those of the campaign 10 of x in [-5, 5]; run"),
        ("axes.0.name", "y", "axes: its bins are 10 of y in [-5, 5], those of the campaign 10 of x"),
    ],
)
def test_damaged_histograms_are_named_with_the_key(small, tmp_path, eig, key, value, message):
    folder = shutil.copytree(small, tmp_path / "copy")
    bad = folder / "theta=0.5" / "histogram.json"
    bad.write_text(json.dumps(edited(json.loads(bad.read_text()), key, value)))
    code, printed, result = eig(folder / "campaign.yaml", sorted(folder.glob("*/histogram.json")))
    assert (code, result) == (2, None)
    assert printed.err.startswith(f"error: {bad}: {message}")
    assert printed.err.count("\n") == 1


def test_histograms_of_weights_to_points_are_checked_too(tmp_path, eig):
    path, histograms = simulated(tmp_path, simulation={**FEW, "references": [{"theta": 0}]})
    content = json.loads(histograms[0].read_text())
    histograms[0].write_text(json.dumps(edited(content, "reweighted.sumw2.1.0.0", -1.0)))
    code, printed, _ = eig(path, histograms)
    assert code == 2
    assert f"error: {histograms[0]}: reweighted.sumw2: has a negative sum of squares, -1" in printed.err


def test_histograms_with_other_bins_than_the_campaign_are_refused(small, tmp_path, eig):
    folder = shutil.copytree(small, tmp_path / "copy")
    other = {**BASE, "observables": {"x": {"range": [-5, 5], "bins": 12, "overflow": "include"}}}
    (folder / "campaign.yaml").write_text(yaml.safe_dump(other))
    histograms = sorted(folder.glob("*/histogram.json"))
    code, printed, _ = eig(folder / "campaign.yaml", histograms)
    assert code == 2
    assert f"error: {histograms[0]}: axes: its bins are 10 of x" in printed.err


def test_a_point_without_a_histogram_is_named(small, eig):
    code, printed, _ = eig(small / "campaign.yaml", sorted(small.glob("theta=-*/histogram.json")))
    assert code == 2
    assert printed.err.startswith("error: no histogram for parameter point theta=0 (3 of 5 missing); run the")


def test_a_negative_rate_is_named(small, tmp_path, eig):
    folder = shutil.copytree(small, tmp_path / "copy")
    bad = folder / "theta=0.5" / "histogram.json"
    bad.write_text(json.dumps(edited(json.loads(bad.read_text()), "sumw.0.3", -5000.0)))
    code, printed, result = eig(folder / "campaign.yaml", sorted(folder.glob("*/histogram.json")))
    assert (code, result) == (2, None)
    assert "error: the weights of theta=0.5 sum to -4" in printed.err
    assert "in x in [-2, -1]; simulate more events or use wider bins" in printed.err


def test_a_point_without_acceptance_is_named(tmp_path, eig):
    observables = {"x": {"range": [-5, 5], "bins": 10}}
    points = {"theta": {"values": [-30, 0, 1]}}
    path, histograms = simulated(tmp_path, simulation=FEW, observables=observables, parameters=points)
    code, printed, _ = eig(path, histograms)
    assert code == 2
    assert printed.err == ("error: no simulated event of theta=-30 lies in the range of the observables; widen it\n")


@pytest.mark.parametrize("exposure", ["events=1", "events=5"])
def test_all_events_in_one_bin_teach_nothing_and_say_so_once(tmp_path, eig, exposure):
    path, histograms = simulated(tmp_path, simulation=FEW, observables={"x": {"range": [-90, 110], "bins": 2}})
    code, printed, result = eig(path, histograms, exposure)
    assert code == 0
    assert result.corrected.value == pytest.approx(0, abs=1e-6)
    assert printed.err == (
        "warning: all simulated events lie in one bin, so that only rates inform; choose another range or binning\n"
    )
    assert result.warnings == [printed.err.removeprefix("warning: ").strip()]


def test_empty_bins_change_nothing(tmp_path, eig):
    observables = {"x": {"range": [-50, 50], "bins": 100}}
    path, histograms = simulated(tmp_path, observables=observables)
    code, printed, result = eig(path, histograms)
    assert (code, printed.err) == (0, "")
    assert result.corrected.low < result.exact.value < result.corrected.high


@pytest.mark.parametrize("simulation", [FEW, {"events": 2000, "references": [{"theta": 0}]}])
@pytest.mark.parametrize("exposure", ["events=1", "events=5"])
def test_a_prior_of_one_point_leaves_nothing_to_learn(tmp_path, eig, simulation, exposure):
    theta = {"linspace": [-1, 1, 5], "prior": {"weights": [0, 0, 1, 0, 0]}}
    path, histograms = simulated(tmp_path, simulation=simulation, parameters={"theta": theta})
    code, printed, result = eig(path, histograms, exposure)
    assert (code, printed.err) == (0, "")
    assert printed.out.startswith("0.0000 ± 0.0000 nats")
    assert (result.corrected.low, result.corrected.high, result.prior_entropy) == (0, 0, 0)
    assert result.plug_in.value == pytest.approx(0, abs=1e-12)


def test_warnings_are_printed_and_not_on_the_standard_output(tmp_path, eig):
    close = {"theta": {"linspace": [-0.04, 0.04, 5]}}
    path, histograms = simulated(tmp_path, simulation=FEW, exposure={"events": 10_000}, parameters=close)
    code, printed, result = eig(path, histograms, "events=10000")
    assert code == 0
    assert printed.err == "".join(f"warning: {text}\n" for text in result.warnings)
    assert printed.err.startswith(
        "warning: for 10000 recorded events, 200 simulated ones per parameter point are too"
    )
    assert "warning:" not in printed.out


def test_nothing_is_missing_where_less_data_tell_all_points_apart(tmp_path, eig):
    far = {"theta": {"linspace": [-3, 3, 5]}}
    path, histograms = simulated(tmp_path, simulation=FEW, exposure={"events": 10_000}, parameters=far)
    _, printed, result = eig(path, histograms, "events=10000")
    assert 0.99 * result.prior_entropy < result.corrected.low < result.corrected.high == result.prior_entropy
    assert "stay open" not in printed.err
