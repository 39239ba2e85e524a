"""A sequence of experiments by its stages: files of every round, the chain of digests, data that are waited for."""

import hashlib

import numpy as np
import pytest
import uproot
from matplotlib.collections import LineCollection
from support.sequences import TOY, state, written

from robot_physicist import files, stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.cli.main import main
from robot_physicist.design.sequence.state import Experiments
from robot_physicist.inference.results import Posteriors
from robot_physicist.quantities.errors import (
    BadInputError,
    CampaignError,
    DataNeededError,
    DigestMismatchError,
)
from robot_physicist.quantities.labels import number
from robot_physicist.reports.figures.posteriors import posterior_figure
from robot_physicist.reports.figures.style import render_bytes
from robot_physicist.stages.sequence.whole_campaign import whole_campaign

pytestmark = pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning")


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
        assert state(folder, number_ + 1).next == files.sha256(after / "campaign.yaml")
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
    after = files.read_document(Experiments, tmp_path / "sequence.json")
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
    known = files.read_document(Experiments, news[1])
    assert known.rounds[0].setting == "variance=4"
    design = tmp_path / "design.json"
    design.write_text(inputs[2].read_text().replace("toy, round 1", "toy, round 2"))
    with pytest.raises(DataNeededError, match="round 2 has no data yet"):
        stages.observe(study, *news[:2], design, *out)


def test_a_campaign_without_the_section_is_told_so(tmp_path):
    study = written(tmp_path, {key: value for key, value in TOY.items() if key != "sequence"})
    with pytest.raises(CampaignError, match="sequence: is missing"):
        list(stages.run_sequence(study, tmp_path))
    with pytest.raises(CampaignError, match="sequence: is missing"):
        stages.begin(study, tmp_path / "a.yaml", tmp_path / "b.json")


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
    figure = posterior_figure(files.read_document(Posteriors, file), read_campaign(place / "campaign.yaml"))
    render_bytes(figure, "png")
    (axis,) = figure.axes
    legend = axis.get_legend().get_window_extent()
    truths = [one for one in axis.collections if isinstance(one, LineCollection)]
    drawn = [*(line for line in axis.lines if len(line.get_xdata())), *(set(axis.collections) - set(truths))]
    assert len(drawn) > 4
    assert not any(legend.overlaps(one.get_window_extent()) for one in drawn)
    assert all(axis.transData.transform(one.get_segments()[0])[:, 1].max() < legend.y0 for one in truths)
