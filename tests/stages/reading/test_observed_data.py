"""Observed data that cannot be from the simulated experiment are an error that says so."""

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml
from support.campaigns import ROOT
from support.observed_data import BORN, mass_campaign, masses, run, write

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import BadInputError, CampaignError, UnknownNameError
from robot_physicist.stages.checking import validate

#: Fewer events are simulated here than a study would.
pytestmark = [
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.MarginalisationWarning"),
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.NarrowPosteriorWarning"),
    pytest.mark.filterwarnings("ignore::robot_physicist.quantities.errors.RegularisedBinWarning"),
]


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


def test_a_number_of_events_that_the_luminosity_cannot_give(tmp_path, raw):
    write(tmp_path / "data.root", {"cos_theta": np.random.default_rng(1).uniform(-1, 1, 2000)})
    path = tmp_path / "z.yaml"
    data = {"observed": {"file": "data.root", "setting": {"sqrt_s": 91.2}}}
    path.write_text(yaml.safe_dump({**raw, **BORN, **data, "exposure": {"luminosity": 1, "unit": "fb-1"}}))
    with pytest.raises(BadInputError, match=r"2000 events, where 1 fb-1 should give .*: they are 0\.00"):
        run(path, tmp_path / "r")
    path.write_text(yaml.safe_dump({**raw, **BORN, **data, "exposure": {"luminosity": 1, "unit": "pb-1"}}))
    assert run(path, tmp_path / "r2").observed_fit is not None


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
