"""`validate` reads every file that a campaign names, and says which key named a bad one."""

import json

import numpy as np
import pytest
import uproot
import yaml

from robot_physicist.cli.main import main
from robot_physicist.quantities.errors import BadInputError
from robot_physicist.stages.checking import validate

OBSERVED = {"observed": {"file": "data.root", "setting": {"variance": 2}}}
BORN = {
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [80, 91.2]}},
    "parameters": {"sin2theta_w": {"linspace": [0.2, 0.26, 3]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 4}},
    "exposure": {"luminosity": 1},
}
JSON = {**BORN, "backgrounds": [{"name": "flat", "file": "b.json", "histogram": "flat"}]}
ROOT = {**BORN, "backgrounds": [{"name": "flat", "file": "b.root", "histogram": "flat"}]}
SHAPE = {"type": "histosys", "name": "tilt", "samples": ["signal"], "file": "b.json", "up": "flat", "down": "down"}


def check(folder, raw, sections):
    path = folder / "my.yaml"
    path.write_text(yaml.safe_dump({**raw, **sections}))
    return validate(path)


def tree(path, columns, name="events"):
    with uproot.recreate(path) as file:
        file.mktree(name, {key: str if isinstance(values, list) else values.dtype for key, values in columns.items()})
        file[name].extend(columns)


def histogram(path):
    with uproot.recreate(path) as file:
        file["events"] = np.histogram([1, 2], bins=3)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"y": np.zeros(3)}, "no observable 'x' in 'events'; did you mean 'y'|known names: y"),
        ({"x": np.array([1, np.nan])}, "observables.x: 1 of 2 events have no finite value of 'x'; leave them out"),
        ({"x": ["a", "b"]}, "'x' is not one number per event"),
        (
            {"x": np.ones(3), "weight": np.array([1, -1, 1.0])},
            "1 of 3 events have weights other than one, such as -1",
        ),
        ({"x": np.ones(2), "weight": np.full(2, 2.0)}, "2 of 2 events have weights other than one, such as 2"),
        ({"x": np.ones(2), "weight": np.array([1, np.inf])}, "weights other than one, such as inf"),
    ],
)
def test_bad_observed_events(tmp_path, raw, columns, message):
    tree(tmp_path / "data.root", columns)
    with pytest.raises(BadInputError, match=rf"^observed\[0\]: .*({message})"):
        check(tmp_path, raw, OBSERVED)


def test_observed_files_that_hold_no_events(tmp_path, raw):
    path = tmp_path / "data.root"
    for write, message in (
        (lambda: None, "no such file"),
        (lambda: path.write_text("hello"), r"not a ROOT file, it begins with b'hell'.*uproot$"),
        (lambda: path.write_text(""), "not a ROOT file, it is empty"),
        (lambda: path.write_text("root"), r"damaged or truncated \(.*again$"),
        (lambda: tree(path, {"x": np.zeros(3)}, "event"), "no tree 'events'; did you mean 'event'"),
        (lambda: histogram(path), "'events' is not a tree but a TH1D"),
        (lambda: path.unlink() or path.mkdir(), "no such file, but a folder"),
    ):
        write()
        with pytest.raises(BadInputError, match=rf"^observed\[0\]: .*data\.root: {message}"):
            check(tmp_path, raw, OBSERVED)


def test_a_truncated_observed_file(tmp_path, raw):
    path = tmp_path / "data.root"
    tree(path, {"x": np.random.default_rng(1).normal(size=50_000)})
    assert "valid" in check(tmp_path, {**raw, "exposure": {"events": 50_000}}, OBSERVED)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInputError, match=r"^observed\[0\]: .*truncated"):
        check(tmp_path, raw, OBSERVED)
    path.write_bytes(whole[:5000] + bytes(195_000) + whole[200_000:])
    with pytest.raises(BadInputError, match=r"^observed\[0\]: .*damaged"):
        check(tmp_path, raw, OBSERVED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "not a mapping of histogram names"),
        ("3", "not a mapping"),
        ("{", "not a JSON file"),
        ('{"flet": [1, 1, 1, 1]}', "no histogram 'flat'; did you mean 'flet'"),
        ('{"flat": "abc"}', "'flat' is not a list of numbers"),
        ('{"flat": {"a": 1}}', "'flat' is not a list of numbers"),
        ('{"flat": [[1, 2], [3]]}', "'flat' is not a list of numbers"),
        ('{"flat": [1, 1, 1]}', "'flat' has 3 bins, the campaign's observables 4"),
        ('{"flat": [NaN, 1, 1, 1]}', "'flat' has negative or infinite"),
        ('{"flat": [-1, 1, 1, 1]}', "'flat' has negative or infinite"),
        (
            '{"flat": [1, 1, 1, 1], "flat_error": [NaN, 1, 1, 1]}',
            "'flat' has negative or infinite contents or errors",
        ),
        ('{"flat": [1, 1, 1, 1], "flat_error": [-1, 1, 1, 1]}', "'flat' has negative or infinite contents or errors"),
    ],
)
def test_bad_histograms(tmp_path, raw, text, message):
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(BadInputError, match=rf"^backgrounds\[0\]: .*b\.json: {message}"):
        check(tmp_path, raw, JSON)
    with pytest.raises(BadInputError, match=rf"^systematics\[0\]: .*b\.json: {message}"):
        check(tmp_path, raw, {**BORN, "systematics": [SHAPE]})


def test_objects_in_root_files_that_are_no_histograms(tmp_path, raw):
    for value, message in (("hello", "a TObjString"), ({"x": np.zeros(3)}, "a TTree")):
        with uproot.recreate(tmp_path / "b.root") as file:
            if isinstance(value, dict):
                file.mktree("flat", {"x": "f8"})
            else:
                file["flat"] = value
        with pytest.raises(BadInputError, match=rf"^backgrounds\[0\]: .*'flat' is not a histogram but {message}"):
            check(tmp_path, raw, ROOT)


def posterior(points, probabilities):
    half = {"value": 0.5, "error": 0.1}
    one = {
        "truth": None,
        "probabilities": probabilities,
        "mean": {"theta": 0},
        "sd": {"theta": 1},
        "map": points[0],
        "credible": [],
        "log_evidence": -1,
    }
    return {
        "setting": "variance=2",
        "exposure": "events=5",
        "points": points,
        "prior": probabilities,
        "observed": one,
        "examples": [],
        "pseudo_experiments": 1,
        "mean_sd": {"theta": 1},
        "coverage68": half,
        "coverage95": half,
        "nuisances": "none",
    }


POINTS = ["theta=-1", "theta=-0.5", "theta=0", "theta=0.5", "theta=1"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not a posteriors file"),
        ({**posterior(POINTS, [1] * 5), "observed": None}, "the file holds no posterior of observed data"),
        (posterior(["theta=0"], [1]), "the file is on another grid"),
        (posterior(POINTS, [0] * 5), "cannot be normalised"),
        (posterior(POINTS, [-1, 2, 1, 1, 1]), "cannot be normalised"),
        (posterior(POINTS, [1, 2]), "cannot be normalised"),
    ],
)
def test_bad_posteriors_as_priors(tmp_path, raw, content, message):
    (tmp_path / "p.json").write_text(json.dumps(content))
    with pytest.raises(BadInputError, match=f"^prior: .*{message}"):
        check(tmp_path, raw, {"prior": {"posterior": "p.json"}})


def test_a_good_posterior_as_prior(tmp_path, raw):
    (tmp_path / "p.json").write_text(json.dumps(posterior(POINTS, [0, 1, 2, 3, 4])))
    assert "valid" in check(tmp_path, raw, {"prior": {"posterior": "p.json"}})


def test_the_name_of_the_campaign_file_has_no_metacharacters(tmp_path, raw, capsys):
    path = tmp_path / "my study;.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(SystemExit) as stop:
        main(["validate", str(path)])
    assert stop.value.code == 2
    assert "the character ' ' may not be in the name of the file; rename it" in capsys.readouterr().err
