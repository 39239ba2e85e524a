"""What a named file holds is part of what a job depends on: neither its age nor the name of its key matters."""

import json
import os
import re
import shutil

import engines
import numpy as np
import pytest
import yaml
from conftest import environment

from robot_physicist.files import root_events
from robot_physicist.quantities.events import Events

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(600)]
EXPOSURE = "luminosity=0.1pb-1"
POINTS = ["sin2theta_w=0.2", "sin2theta_w=0.23", "sin2theta_w=0.26"]
CAMPAIGN = {
    "name": "small",
    "seed": 3,
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [91.2, 93]}},
    "parameters": {"sin2theta_w": {"linspace": [0.2, 0.26, 3]}},
    "prior": {"posterior": "known/p.json"},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 4}},
    "exposure": {"luminosity": 0.1},
    "simulation": {"events": 2000},
    "backgrounds": [{"name": "flat", "file": "b.json", "histogram": "flat"}],
    "systematics": [
        {"type": "histosys", "name": "tilt", "samples": ["signal"], "file": "s.json", "up": "up", "down": "down"}
    ],
    "observed": {"file": "data.root", "setting": {"sqrt_s": 91.2}},
    "estimator": {"draws": 128, "replicas": 16, "pseudo_experiments": 10},
}
BOTH, ONE = (
    {"likelihood": number, "posterior": number, "eig": number, "design": 1}
    for number in (len(CAMPAIGN["settings"]["sqrt_s"]["values"]), 1)
)
EVERYTHING = {"branches": 1, "simulate": 6, "histogram": 6, **BOTH}


def background(folder, contents):
    (folder / "campaigns/b.json").write_text(json.dumps({"flat": [contents] * 4}))


def shapes(folder, size):
    up, down = ([1 - sign * size, 1, 1, 1 + sign * size] for sign in (1, -1))
    (folder / "campaigns/s.json").write_text(json.dumps({"up": up, "down": down}))


def prior(folder, probabilities):
    half = {"value": 0.5, "error": 0.1}
    one = {"truth": None, "probabilities": probabilities, "mean": {}, "sd": {}, "map": POINTS[0], "credible": []}
    content = {"setting": "sqrt_s=91.2", "exposure": EXPOSURE, "points": POINTS, "prior": probabilities}
    content |= {"observed": {**one, "log_evidence": -1}, "examples": [], "pseudo_experiments": 1, "mean_sd": {}}
    content |= {"coverage68": half, "coverage95": half, "nuisances": "none"}
    (folder / "campaigns/known").mkdir(exist_ok=True)
    (folder / "campaigns/known/p.json").write_text(json.dumps(content))


def data(folder, seed, number=200):
    values = np.random.default_rng(seed).uniform(-1, 1, number)
    events = [Events({"cos_theta": values}, len(values))]
    root_events.write_events(folder / "campaigns/data.root", events, {"digest": str(seed)})


def project(folder, campaign=CAMPAIGN):
    folder = engines.checkout(folder, campaign)
    background(folder, 10)
    shapes(folder, 0.1)
    prior(folder, [0.3, 0.4, 0.3])
    data(folder, 1)
    return folder


def named(folder):
    return [folder / "campaigns" / name for name in ("b.json", "s.json", "known/p.json", "data.root")]


def snakemake(program, folder, *options):
    line = [program, "--cores", "2", "--configfile", "campaigns/small.yaml", *options]
    code, text = engines.call(line, folder)
    assert code == 0, text
    rows = [line.split() for line in text.splitlines()]
    jobs = {row[0]: int(row[1]) for row in rows if len(row) in (2, 4) and row[0].isidentifier() and row[1].isdigit()}
    return {rule: number for rule, number in jobs.items() if rule not in ("all", "total")}


def gain(folder):
    found = json.loads((folder / f"results/small/sqrt_s=91.2/{EXPOSURE}/eig.json").read_text())
    return found["corrected"]["value"]


#: A change of what one file holds, and what it makes again.
CHANGES = {
    "a background": (lambda folder: background(folder, 2000), BOTH),
    "shapes": (lambda folder: shapes(folder, 0.3), BOTH),
    "a prior": (lambda folder: prior(folder, [0.8, 0.1, 0.1]), BOTH),
    "data": (lambda folder: data(folder, 2), ONE),
}


def exchange(folder):
    """Two files of the same form with the contents of each other."""
    first, second = folder / "campaigns/b.json", folder / "campaigns/s.json"
    contents = first.read_bytes(), second.read_bytes()
    second.write_bytes(contents[0])
    first.write_bytes(contents[1])


@pytest.mark.parametrize("version", ["of this project", "of REANA"])
def test_other_contents_of_a_named_file_make_new_results_and_a_new_age_does_not(tmp_path, version):
    program, changes = engines.PROGRAMS / "snakemake", {**CHANGES, "exchanged files": (exchange, BOTH)}
    if version == "of REANA":
        program, changes = environment("reana") / "snakemake", {"exchanged files": (exchange, BOTH)}
    folder = project(tmp_path / "run")
    assert snakemake(program, folder) == EVERYTHING
    before, kept = gain(folder), {path: path.read_bytes() for path in named(folder)}
    for what, (change, wanted) in changes.items():
        change(folder)
        for path in named(folder):  # copied here from a place where it was written long ago
            os.utime(path, (1e9, 1e9))
        assert snakemake(program, folder, "--dry-run") == wanted, what
        for path, content in kept.items():
            path.write_bytes(content)
    assert snakemake(program, folder, "--dry-run") == {}, "written again, with the same contents"
    background(folder, 2000)
    shapes(folder, 0.3)
    data(folder, 2, 1000)
    assert snakemake(program, folder) == {**BOTH, "design": 1}
    after = gain(folder)
    assert after < before / 2
    assert snakemake(program, folder, "--dry-run") == {}
    if version == "of this project":
        shutil.rmtree(folder / "results")
        snakemake(program, folder)
        assert gain(folder) == after, "a run from the beginning"


def changed(**keys):
    return {**CAMPAIGN, **keys}


SETTINGS, PARAMETER = CAMPAIGN["settings"]["sqrt_s"], CAMPAIGN["parameters"]["sin2theta_w"]
NEW = {"likelihood": 1, "posterior": 1, "eig": 1, "simulate": 3, "histogram": 3}
ENDS = {"branches": 1, "design": 1}
#: What one changes in the campaign, and what it makes again.
EDITS = {
    "a title": (changed(title="Another title"), ENDS),
    "a label of a parameter": (changed(parameters={"sin2theta_w": {**PARAMETER, "label": "sin²θ"}}), ENDS),
    "a label of a setting": (changed(settings={"sqrt_s": {**SETTINGS, "label": "√s"}}), ENDS),
    "a setting": (changed(settings={"sqrt_s": {"values": [91.2, 93, 95]}}), {**NEW, **ENDS}),
    "a regularisation": (changed(simulation={"events": 2000, "regularisation": 1}), {**ENDS, **BOTH}),
    "a key that nobody knows": (changed(novelty={"size": 1}), {**ENDS, **BOTH}),
    "a key that nobody knows, further down": (
        changed(estimator={**CAMPAIGN["estimator"], "new": 1}),
        {**ENDS, **BOTH},
    ),
}


def test_every_key_makes_gains_again_but_those_that_cannot_change_one(tmp_path):
    program, folder = engines.PROGRAMS / "snakemake", project(tmp_path / "run")
    snakemake(program, folder)
    for what, (campaign, wanted) in EDITS.items():
        (folder / "campaigns/small.yaml").write_text(yaml.safe_dump(campaign))
        assert snakemake(program, folder, "--dry-run") == wanted, what


def commands(folder, campaign):
    """Commands of the likelihoods and histograms of a campaign that need not be one of ours."""
    (folder / "campaigns/small.yaml").write_text(yaml.safe_dump(campaign, sort_keys=False))
    code, text = engines.snakemake(folder, "--dry-run", "--printshellcmds")
    assert code == 0, text
    return set(re.findall(r"robot-physicist (?:likelihood|histogram) .*", text))


def backwards(value):
    return {key: backwards(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def test_the_order_of_keys_means_nothing_but_that_of_observables(tmp_path):
    """A histogram in a file is that of all bins in the order of the observables."""
    folder = project(tmp_path / "run")
    two = {**CAMPAIGN["observables"], "energy": {"range": [0, 1], "bins": 3}}
    campaign = {**changed(observables=two), True: 2}  # what YAML makes of the key `on`
    reordered = {**backwards(campaign), "observables": {name: backwards(two[name]) for name in two}}
    first, same = commands(folder, campaign), commands(folder, reordered)
    assert len(first) == 8
    assert same == first
    assert not commands(folder, changed(observables=dict(reversed(two.items())))) & first


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("b.json", "backgrounds[0].file"),
        ("s.json", "systematics[0].file"),
        ("known/p.json", "prior.posterior"),
        ("data.root", "observed[0].file"),
    ],
)
def test_a_file_that_is_missing_stops_everything_before_it_begins(tmp_path, name, key):
    folder = project(tmp_path / "run")
    (folder / "campaigns" / name).unlink()
    wanted = re.escape(f"campaigns/small.yaml: {key}: campaigns/{name}: no such file; put it there")
    for program in (engines.PROGRAMS / "snakemake", environment("reana") / "snakemake"):
        line = [program, "--cores", "2", "--configfile", "campaigns/small.yaml"]
        code, text = engines.call(line, folder)
        assert code != 0
        assert re.search(wanted, text), text
        assert "Traceback" not in text
        assert not (folder / "results").exists()
    python = environment("yadage") / "python"
    for line in (
        [engines.PROGRAMS / "robot-physicist", "validate", "campaigns/small.yaml"],
        [python, "workflow/run_yadage.py", "campaigns/small.yaml", "--native"],
    ):
        code, text = engines.call(line, folder)
        assert code == 2
        assert f"{key}: campaigns/{name}: no such file; put it there" in text
