"""A sequence of experiments by its stages: files of every round, the chain of digests, data that are waited for."""

import copy
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import uproot
import yaml
from matplotlib.collections import LineCollection
from scipy.stats import kstest

from robot_physicist import stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.cli.main import main
from robot_physicist.design.sequence.state import Experiments
from robot_physicist.files import whole_files
from robot_physicist.inference.results import Posteriors
from robot_physicist.quantities.errors import (
    BadInputError,
    CampaignError,
    DataNeededError,
    DigestMismatchError,
    SimulationError,
    UnknownNameError,
)
from robot_physicist.quantities.events import CrossSection, Events
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.quantities.labels import number
from robot_physicist.reports.figures.posteriors import posterior_figure
from robot_physicist.reports.figures.style import render_bytes
from robot_physicist.simulators.base import Simulator
from robot_physicist.simulators.weinberg_born import total_cross_section
from robot_physicist.stages.sequence import finished as sequence_finished
from robot_physicist.stages.sequence import run
from robot_physicist.stages.sequence.pseudo_data import pseudo_data
from robot_physicist.stages.sequence.whole_campaign import whole_campaign

TOY = {
    "name": "toy",
    "seed": 3,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [1, 4]}},
    "parameters": {"theta": {"linspace": [3, -2, 7]}},
    "observables": {"x": {"range": [-6, 7], "bins": 13, "overflow": "include"}},
    "exposure": {"events": 10},
    "simulation": {"events": 2000, "folds": 4},
    "estimator": {"nuisances": "fixed", "draws": 256, "replicas": 16, "pseudo_experiments": 20},
    "sequence": {"rounds": 2, "truth": {"theta": 1}},
}
BORN = {
    **TOY,
    "simulator": {"name": "weinberg_born", "options": {"cos_theta_max": 0.8}},
    "settings": {"sqrt_s": {"values": [91.2]}},
    "parameters": {"sin2theta_w": {"linspace": [0.2, 0.26, 3]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 4}},
    "exposure": {"luminosity": 2},
    "sequence": {"rounds": 4, "truth": {"sin2theta_w": 0.23}},
}
pytestmark = pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning")


def written(folder: Path, content):
    path = folder / "toy.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sequence")
    said = list(stages.run_sequence(written(folder, TOY), folder / "results"))
    return folder, said


def state(folder, number):
    return whole_files.read_document(Experiments, folder / f"results/round={number}/sequence.json")


def test_every_round_keeps_its_files(finished):
    folder, said = finished
    for round_ in ("round=1", "round=2"):
        here = folder / "results" / round_
        assert {path.name for path in here.iterdir()} >= {
            *("campaign.yaml", "sequence.json", "branches.json", "design.json", "design.csv", "figures"),
            *("variance=1", "variance=4", "measurement"),
        }
        assert {path.name for path in (here / "measurement").iterdir()} >= {
            "campaign.yaml",
            "data.root",
            "design.json",
        }
    last = folder / "results/round=3"
    assert {path.name for path in last.iterdir()} == {"campaign.yaml", "sequence.json", "sequence"}
    assert {path.name for path in (last / "sequence").iterdir()} == {"posterior.pdf", "posterior.png"}
    assert "toy: 2 of 2 rounds" in said[-1]


def test_digests_say_what_came_from_what(finished):
    folder, _ = finished
    for number_ in (1, 2):
        here, after = folder / f"results/round={number_}", folder / f"results/round={number_ + 1}"
        paths = {
            "previous": here / "sequence.json",
            "campaign": here / "campaign.yaml",
            "design": here / "design.json",
            "measurement": here / "measurement/campaign.yaml",
            "data": here / "measurement/data.root",
        }
        made_from = state(folder, number_ + 1).rounds[-1].made_from
        (posterior,) = (here / "measurement").rglob("posterior.json")
        assert made_from == {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in (paths | {"posterior": posterior}).items()
        }
        assert state(folder, number_ + 1).next == whole_files.sha256(after / "campaign.yaml")
    assert state(folder, 3).rounds[0].made_from == state(folder, 2).rounds[0].made_from


def test_the_posterior_of_a_round_is_the_prior_of_the_next(finished):
    folder, _ = finished
    after = state(folder, 2)
    campaign = read_campaign(folder / "results/round=2/campaign.yaml")
    first = after.rounds[0]
    assert first.axes["theta"] == sorted(first.axes["theta"])
    assert campaign.prior.weights == after.prior.tolist()
    assert campaign.parameters["theta"].points == after.axes["theta"]
    assert np.ptp(after.axes["theta"]) < 0.7 * np.ptp(first.axes["theta"])
    mean, old = after.prior @ after.axes["theta"], first.posterior @ first.axes["theta"]
    assert mean == pytest.approx(old, abs=0.3 * first.known["theta"].sd)
    assert state(folder, 3).rounds[1].known["theta"].sd < 0.85 * first.known["theta"].sd


def test_data_are_as_many_as_the_exposure_says_and_new_in_every_round(finished):
    folder, _ = finished
    data = []
    for number_ in (1, 2):
        with uproot.open(folder / f"results/round={number_}/measurement/data.root") as file:
            data.append(file["events"]["x"].array(library="np"))
    assert [len(events) for events in data] == [10, 10]
    assert not np.intersect1d(*data).size
    # N(1, sd 1) at the better of the two settings
    assert np.mean(data) == pytest.approx(1, abs=4 / 20**0.5)


def test_an_experiment_is_simulated_with_other_seeds_than_its_design(finished):
    folder, _ = finished
    names = ("campaign.yaml", "measurement/campaign.yaml")
    seeds = {read_campaign(folder / f"results/round={n}" / name).seed for n in (1, 2) for name in names}
    assert len(seeds | {TOY["seed"]}) == 5


def test_a_second_run_makes_the_same_bytes(finished, tmp_path):
    folder, _ = finished
    study = written(tmp_path, TOY)
    new = tmp_path / "campaign.yaml", tmp_path / "sequence.json"
    stages.begin(study, *new)
    assert [path.read_bytes() for path in new] == [
        (folder / "results/round=1" / path.name).read_bytes() for path in new
    ]
    here = folder / "results/round=1"
    out = tmp_path / "measurement/campaign.yaml", tmp_path / "measurement/data.root"
    stages.observe(study, here / "campaign.yaml", here / "sequence.json", here / "design.json", *out)
    assert [path.read_bytes() for path in out] == [(here / "measurement" / path.name).read_bytes() for path in out]


def test_a_finished_sequence_says_what_it_has_found_and_runs_nothing(finished, monkeypatch):
    folder, said = finished
    monkeypatch.setattr(run, "whole_campaign", None)
    monkeypatch.setattr(whole_files, "write_bytes", None)
    again = list(stages.run_sequence(folder / "toy.yaml", folder / "results"))
    assert again == ["round 1 of toy: finished before", "round 2 of toy: finished before", said[-1]]
    shown = stages.show(folder / "results/round=3/sequence.json", colour=False)
    assert shown.splitlines()[1:3] == said[-1].splitlines()[1:]
    assert shown.endswith("round=3/sequence/posterior.png")


NEW_ROUNDS = [
    # what has changed, and which rounds are finished all the same; what another round makes is judged once it has
    (lambda _: {}, [1, 2]),
    (lambda _: {"sequence": {"rounds": 5, "truth": {"theta": 1}}}, [1, 2]),
    (lambda results: (results / "round=1/variance=4/theta=3/events.root").unlink(), [1, 2]),
    (lambda results: (results / "round=1/design.json").unlink(), [2]),
    (lambda results: (results / "round=2/variance=4/events=10/eig.json").unlink(), [1]),
    (lambda results: (results / "round=1/measurement/data.root").write_bytes(b"root"), [2]),
    (lambda results: (results / "round=2/sequence.json").write_text("{"), []),
    (lambda results: (results / "round=3/sequence/posterior.png").unlink(), [1]),
    (lambda _: {"seed": 4}, []),
    (lambda _: {"settings": {"variance": {"values": [1, 5]}}}, []),
    (lambda _: {"parameters": {"theta": {"linspace": [3, -2, 7], "prior": {"weights": [1, 1, 1, 1, 1, 1, 2]}}}}, [2]),
    (lambda _: {"sequence": {"rounds": 2, "truth": {"theta": 1.5}}}, []),
    (lambda _: {"sequence": {"rounds": 2, "truth": {"theta": 1}, "grid": "fixed"}}, []),
]


@pytest.mark.parametrize(("change", "kept"), NEW_ROUNDS)
def test_rounds_are_run_again_when_they_are_of_another_study_or_incomplete(finished, tmp_path, change, kept):
    folder, _ = finished
    shutil.copytree(folder / "results", tmp_path / "results")
    changed = change(tmp_path / "results")
    study = written(tmp_path, TOY | changed if isinstance(changed, dict) else TOY)
    done = [number_ for number_ in (1, 2) if sequence_finished.finished(study, tmp_path / "results", number_)]
    assert done == kept


def test_observed_data_of_a_round_are_checked_before_they_are_taken(finished, tmp_path):
    folder, _ = finished
    here, out = folder / "results/round=1", (tmp_path / "m/campaign.yaml", tmp_path / "m/data.root")
    inputs = here / "campaign.yaml", here / "sequence.json", here / "design.json"
    with uproot.recreate(tmp_path / "first.root") as file:
        file.mktree("events", {"x": "f8"})
        file["events"].extend({"x": np.linspace(-1, 3, 9)})
    entry = {"file": "first.root", "setting": {"variance": 1}}
    for data, said in (
        (entry, r"observed\[0\]: exposure: 9 events .* so take 10 events"),
        ({**entry, "file": "none.root"}, r"observed\[0\]: .*none.root: no such file"),
    ):
        study = written(tmp_path, {**TOY, "sequence": {"rounds": 1}, "observed": [data]})
        with pytest.raises(BadInputError, match=said):
            stages.observe(study, *inputs, *out)
        assert not out[1].exists()


def update(folder, study, campaign, out):
    here = folder / "results/round=1"
    (posterior,) = (here / "measurement").rglob("posterior.json")
    return stages.update(
        *(study, campaign, here / "sequence.json", here / "design.json", here / "measurement/campaign.yaml"),
        *(posterior, out / "campaign.yaml", out / "sequence.json", out / "figures"),
    )


def test_a_campaign_that_is_not_of_this_chain_is_refused(finished, tmp_path):
    folder, _ = finished
    changed = tmp_path / "changed.yaml"
    changed.write_text((folder / "results/round=1/campaign.yaml").read_text().replace("round 1", "round one"))
    with pytest.raises(DigestMismatchError, match=r"changed\.yaml"):
        update(folder, folder / "toy.yaml", changed, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["changed.yaml"]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"exposure": {"events": 11}},
        {"observables": {"x": {"range": [-6, 8], "bins": 13}}},
        {"parameters": {"theta": {"linspace": [3, -2, 7], "prior": {"mean": 0, "sd": 1}}}},
    ],
)
def test_a_study_that_changes_between_rounds_is_refused(finished, tmp_path, change):
    folder, _ = finished
    here, study = folder / "results/round=1", written(tmp_path, TOY | change)
    with pytest.raises(DigestMismatchError, match=r"toy.yaml: has changed since .*round=1/campaign.yaml was made"):
        update(folder, study, here / "campaign.yaml", tmp_path)
    inputs = here / "campaign.yaml", here / "sequence.json", here / "design.json"
    with pytest.raises(DigestMismatchError, match=r"toy.yaml: has changed since"):
        stages.observe(study, *inputs, tmp_path / "campaign.yaml", tmp_path / "data.root")
    assert [path.name for path in tmp_path.iterdir()] == ["toy.yaml"]


def test_a_fixed_grid_stays_and_takes_the_posterior_as_it_is(finished, tmp_path):
    folder, _ = finished
    study = written(tmp_path, {**TOY, "sequence": {**TOY["sequence"], "grid": "fixed"}})
    update(folder, study, folder / "results/round=1/campaign.yaml", tmp_path)
    after = whole_files.read_document(Experiments, tmp_path / "sequence.json")
    assert after.axes == after.rounds[0].axes
    assert after.prior.tolist() == after.rounds[0].posterior.tolist()


def test_a_round_waits_for_its_data_and_goes_on_when_they_are_there(finished, tmp_path, capsys):
    folder, _ = finished
    here = folder / "results/round=1"
    inputs = here / "campaign.yaml", here / "sequence.json", here / "design.json"
    out = tmp_path / "measurement/campaign.yaml", tmp_path / "measurement/data.root"
    real = {**TOY, "sequence": {"rounds": 2}}
    names = ("study", "campaign", "sequence", "design", "measurement", "data")
    with pytest.raises(SystemExit) as ended:
        paths = (written(tmp_path, real), *inputs, *out)
        main(
            ["observe", *(word for name, path in zip(names, paths, strict=True) for word in (f"--{name}", str(path)))]
        )
    assert ended.value.code == 2
    assert "observed: round 1 has no data yet: take data at variance = 1 (events=10, which" in capsys.readouterr().err
    assert not out[0].exists()
    with uproot.recreate(tmp_path / "first.root") as file:
        file.mktree("events", {"x": "f8"})
        file["events"].extend({"x": np.linspace(-1, 3, 10)})
    # the data may be from another setting than the one that was asked for
    study = written(tmp_path, {**real, "observed": [{"file": "first.root", "setting": {"variance": 4}}]})
    stages.observe(study, *inputs, *out)
    posterior = whole_campaign(out[0])
    news = tmp_path / "next.yaml", tmp_path / "after.json", tmp_path / "figures"
    with pytest.warns(match="taken at variance=4, not at variance=1"):
        stages.update(study, *inputs, out[0], posterior, *news)
    known = whole_files.read_document(Experiments, news[1])
    assert known.rounds[0].setting == "variance=4"
    design = tmp_path / "design.json"
    design.write_text(inputs[2].read_text().replace("toy, round 1", "toy, round 2"))
    with pytest.raises(DataNeededError, match="round 2 has no data yet"):
        stages.observe(study, *news[:2], design, *out)


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"exposure": [{"events": 1}, {"events": 2}]}, CampaignError, "sequence: every round has the same exposure"),
        ({"sequence": {"rounds": 4, "truth": {"theta0": 1}}}, UnknownNameError, "did you mean 'theta'"),
        ({"sequence": {"rounds": 0}}, CampaignError, "sequence.rounds"),
        (
            {"sequence": {"rounds": 4, "truth": {"theta": 3.5}}},
            CampaignError,
            r"sequence.truth.theta: 3.5 is outside \[-2, 3\], where the prior is; .*parameters.theta",
        ),
        (
            {"sequence": {"rounds": 1}, "observed": [{"file": "a.root", "setting": {"variance": 1}}] * 2},
            CampaignError,
            "sequence.rounds: 1, with 2 entries in `observed`; make it 2 or more",
        ),
        ({"sequence": {"rounds": 4, "round": 4}}, UnknownNameError, "did you mean 'rounds'"),
        ({"observed": {"file": "a.root", "setting": {"variance": 1}}}, CampaignError, "remove `truth` or `observed`"),
        (
            BORN | {"sequence": {"rounds": 4, "truth": {"sin2theta_w": 7}}},
            CampaignError,
            r"sequence.truth.sin2theta_w: 7 is outside",
        ),
        (
            BORN | {"backgrounds": [{"name": "flat", "file": "b.json", "histogram": "flat"}]},
            CampaignError,
            "no events can be drawn from a histogram",
        ),
    ],
)
def test_mistakes_in_the_section_are_named(changes, kind, said):
    with pytest.raises(kind, match=said):
        campaign_from(copy.deepcopy({**TOY, **changes}), "toy.yaml")


def test_a_campaign_without_the_section_is_told_so(tmp_path):
    study = written(tmp_path, {key: value for key, value in TOY.items() if key != "sequence"})
    with pytest.raises(CampaignError, match="sequence: is missing"):
        list(stages.run_sequence(study, tmp_path))
    with pytest.raises(CampaignError, match="sequence: is missing"):
        stages.begin(study, tmp_path / "a.yaml", tmp_path / "b.json")


def test_data_of_a_luminosity_are_poisson_with_the_accepted_cross_section():
    campaign = campaign_from(copy.deepcopy(BORN), "born.yaml")
    exposure, setting, truth = Luminosity(luminosity=2), {"sqrt_s": 91.2}, {"sin2theta_w": 0.23}
    found = [pseudo_data(campaign, exposure, setting, truth, f"data {n}") for n in range(40)]
    accepted = 0.75 * (0.8 + 0.8**3 / 3)
    expected = 2 * total_cross_section(91.2, 0.23)
    generated, recorded = (np.array([getattr(one, kind) for one in found]) for kind in ("generated", "accepted"))
    assert generated.mean() == pytest.approx(expected, abs=4 * (expected / 40) ** 0.5)
    assert recorded.mean() == pytest.approx(accepted * expected, abs=4 * (accepted * expected / 40) ** 0.5)
    assert recorded.var() == pytest.approx(accepted * expected, rel=4 * (2 / 40) ** 0.5)


class Tilted(Simulator):
    """x in [0, 1], generated uniformly with weights 2x, cross-section 100 pb: p(x) = 2x."""

    settings = parameters = observables = None
    sign = 1

    def prepare(self, setting, parameters):
        return self

    def sample(self, events, rng):
        x = rng.random(events)
        return Events({"cos_theta": x}, events, self.sign * 2 * x, CrossSection(100.0))


@pytest.mark.parametrize("exposure", [EventCount(events=2000), Luminosity(luminosity=20)])
def test_weights_become_frequencies(monkeypatch, exposure):
    campaign = campaign_from(copy.deepcopy(BORN), "born.yaml")
    monkeypatch.setattr("robot_physicist.stages.sequence.pseudo_data.build", lambda _: Tilted(None))
    found = pseudo_data(campaign, exposure, {"sqrt_s": 91.2}, {"sin2theta_w": 0.23}, "data 1")
    assert found.weights is None
    assert found.accepted == pytest.approx(2000, abs=4 * 2000**0.5 if isinstance(exposure, Luminosity) else 0)
    assert kstest(found.columns["cos_theta"], lambda x: x**2).pvalue > 1e-3


def test_negative_weights_are_no_data(monkeypatch):
    campaign = campaign_from(copy.deepcopy(BORN), "born.yaml")
    monkeypatch.setattr(Tilted, "sign", -1)
    monkeypatch.setattr("robot_physicist.stages.sequence.pseudo_data.build", lambda _: Tilted(None))
    with pytest.raises(SimulationError, match="negative weights"):
        pseudo_data(campaign, EventCount(events=5), {"sqrt_s": 91.2}, {"sin2theta_w": 0.23}, "data 1")


def test_data_hold_simulated_backgrounds():
    background = {"name": "other", "simulator": {"name": "weinberg_born"}, "parameters": {"sin2theta_w": 0.3}}
    campaign = campaign_from(copy.deepcopy(BORN | {"backgrounds": [background]}), "born.yaml")
    found = pseudo_data(campaign, Luminosity(luminosity=2), {"sqrt_s": 91.2}, {"sin2theta_w": 0.23}, "data 1")
    expected = 2 * (total_cross_section(91.2, 0.23) + total_cross_section(91.2, 0.3))
    assert found.generated == pytest.approx(expected, abs=5 * expected**0.5)


def test_events_outside_a_range_that_drops_them_are_not_recorded():
    content = copy.deepcopy(TOY) | {"observables": {"x": {"range": [0, 2], "bins": 4}}}
    campaign = campaign_from(content, "toy.yaml")
    found = pseudo_data(campaign, EventCount(events=500), {"variance": 1}, {"theta": 1}, "data 1")
    assert found.accepted == 500
    assert 0 <= found.columns["x"].min() < 0.1
    assert 1.9 < found.columns["x"].max() <= 2
    nowhere = campaign_from(content | {"observables": {"x": {"range": [900, 901], "bins": 4}}}, "toy.yaml")
    with pytest.raises(SimulationError, match="0 of 500 events were recorded"):
        pseudo_data(nowhere, EventCount(events=500), {"variance": 1}, {"theta": 1}, "data 1")


def test_labels_of_refined_grids_are_short(finished):
    folder, _ = finished
    assert all(len(number(value)) <= 7 for value in state(folder, 3).axes["theta"])


def test_a_single_point_is_a_sequence_too(tmp_path, monkeypatch):
    """Nothing is learned, the grid stays what it is, and a second run finds the first one finished."""
    monkeypatch.setattr("robot_physicist.reports.figures.of_a_design.FORMATS", ("png",))  # twice as fast
    content = TOY | {"settings": {"variance": {"values": [1]}}, "parameters": {"theta": {"values": [1]}}}
    study = written(tmp_path, content | {"sequence": {"rounds": 1, "truth": {"theta": 1}}})
    *_, said = stages.run_sequence(study, tmp_path / "results")
    assert said == "toy: 1 of 1 rounds\n  round 1: variance=1, 0.000 nats; theta = 1 ± 0"
    assert list(stages.run_sequence(study, tmp_path / "results")) == ["round 1 of toy: finished before", said]


def test_no_line_of_a_posterior_runs_through_the_legend(finished):
    folder, _ = finished
    place = folder / "results/round=1/measurement"
    (file,) = place.rglob("posterior.json")
    figure = posterior_figure(whole_files.read_document(Posteriors, file), read_campaign(place / "campaign.yaml"))
    render_bytes(figure, "png")
    (axis,) = figure.axes
    legend = axis.get_legend().get_window_extent()
    truths = [one for one in axis.collections if isinstance(one, LineCollection)]
    drawn = [*(line for line in axis.lines if len(line.get_xdata())), *(set(axis.collections) - set(truths))]
    assert len(drawn) > 4
    assert not any(legend.overlaps(one.get_window_extent()) for one in drawn)
    assert all(axis.transData.transform(one.get_segments()[0])[:, 1].max() < legend.y0 for one in truths)
