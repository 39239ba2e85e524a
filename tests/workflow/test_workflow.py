"""Whole campaigns with Snakemake: results, resuming and the graph's rules."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.campaigns import ROOT, SMALL

pytestmark = pytest.mark.workflow
BIN = Path(sys.executable).parent
PARTS = ("Snakefile", "workflow", "steps", "envs", "src", "examples")


@pytest.fixture
def project(tmp_path):
    """A checkout to run in: the graph, and a campaign."""
    for part in PARTS:
        (tmp_path / part).symlink_to(ROOT / part)
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns/small.yaml").write_text(yaml.safe_dump(SMALL))
    return tmp_path


def command(*arguments, campaign="campaigns/small.yaml"):
    return [str(BIN / "snakemake"), "--cores", "2", "--configfile", campaign, *arguments]


def snakemake(project, *arguments, campaign="campaigns/small.yaml"):
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    line = command(*arguments, campaign=campaign)
    done = subprocess.run(
        line, cwd=project, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    return done.returncode, done.stdout + done.stderr


def test_a_campaign_runs_resumes_and_extends(project):
    code, text = snakemake(project)
    assert code == 0, text
    results = project / "results/small"
    design = json.loads((results / "design.json").read_text())
    assert [answer["exposure"] for answer in design["exposures"]] == ["events=1", "events=5"]
    assert design["exposures"][0]["best"] == "variance=0.5"
    for answer in design["exposures"]:
        for ranked in answer["settings"]:
            gain = ranked["gain"]
            assert abs(gain["corrected"]["value"] - gain["exact"]["value"]) < 4 * gain["corrected"]["error"] + 0.01
    assert {"gain.png", "gain.pdf"} <= {path.name for path in (results / "figures").iterdir()}

    code, text = snakemake(project)
    assert code == 0
    assert "Nothing to be done" in text

    extended = {**SMALL, "settings": {"variance": {"values": [0.5, 1, 2]}}}
    (project / "campaigns/small.yaml").write_text(yaml.safe_dump(extended))
    code, text = snakemake(project, "--dry-run")
    assert counted(text)["simulate"] == 5, text


def contents(folder):
    """Bytes of every result, logs excepted."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".log")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_more_events_at_one_setting_touch_no_other(project):
    assert snakemake(project)[0] == 0
    results = project / "results/small"
    before = contents(results)
    topped_up = {**SMALL, "simulation": {**SMALL["simulation"], "events_at": {"variance=2": 3000}}}
    (project / "campaigns/small.yaml").write_text(yaml.safe_dump(topped_up))
    code, text = snakemake(project)
    assert code == 0, text
    # 5 parameter points and 2 exposures at that setting; branches and design read the whole campaign
    wanted = {"simulate": 5, "histogram": 5, "likelihood": 2, "posterior": 2, "eig": 2, "branches": 1, "design": 1}
    assert {name: counted(text)[name] for name in wanted} == wanted
    after = contents(results)
    assert {name for name in after if after[name] != before[name]} >= {"variance=2/theta=0/events.root"}
    for name in after:
        if name.startswith("variance=0.5/"):
            assert after[name] == before[name], name
    code, text = snakemake(project)
    assert "Nothing to be done" in text


def counted(text):
    rows = [line.split() for line in text.splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def test_the_report_is_one_self_contained_page(project):
    tiny = {**SMALL, "settings": {"variance": {"values": [0.5]}}, "exposure": {"events": 1}}
    (project / "campaigns/small.yaml").write_text(yaml.safe_dump(tiny))
    assert snakemake(project)[0] == 0
    code, text = snakemake(project, "--report", "report.html")
    assert code == 0, text
    page = (project / "report.html").read_text()
    assert "gain.png" in page
    assert not re.search(r"""(src|href)=["']?https?:|@import|url\(["']?https?:""", page)
    assert "expected information gain" in page


def make_run(project):
    """Code, output, errors, and seconds of processor time, which other work on the machine does not stretch."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = ["make", "--no-print-directory", "run", "CAMPAIGN=campaigns/small.yaml", "CORES=2"]
    done = subprocess.run(line, cwd=project, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.returncode, done.stdout, done.stderr, seconds


def test_make_run_ends_with_the_answer_and_has_nothing_to_do_twice(project):
    for part in ("Makefile", "pyproject.toml", "requirements", ".venv"):
        (project / part).symlink_to(ROOT / part)
    tiny = {**SMALL, "parameters": {"theta": {"linspace": [-1, 1, 3]}}, "exposure": {"events": 1}}
    (project / "campaigns/small.yaml").write_text(yaml.safe_dump(tiny))
    code, text, errors, _ = make_run(project)
    assert code == 0, errors
    answer = text[text.rindex("small · events=1") :]
    assert "★ best" in answer
    assert "variance = 0.5 teaches most: " in answer
    paths = [line.strip() for line in answer.partition("Results:")[2].splitlines() if line.strip()]
    assert paths[0] == "results/small/design.json"
    assert all((project / path).is_file() for path in paths)
    code, text, errors, seconds = make_run(project)
    assert code == 0, errors
    assert answer in text
    assert "Finished jobid" not in errors
    assert "Nothing to be done" in errors
    assert seconds < 10
    (project / "campaigns/small.yaml").write_text(yaml.safe_dump(tiny).replace("simulator:", "simulater:"))
    code, _, errors, _ = make_run(project)
    assert code == 2
    assert "simulater: unknown key; did you mean 'simulator'?" in errors
    assert "Traceback" not in errors


def test_a_black_box_in_awk_runs(project):
    code, text = snakemake(project, campaign="examples/awk_gaussian/campaign.yaml")
    assert code == 0, text
    design = json.loads((project / "results/campaign/design.json").read_text())
    (answer,) = design["exposures"]
    assert answer["best"] == "variance=0.5"


def test_values_on_the_command_line_are_refused(project):
    code, text = snakemake(project, "--config", "seed=4", "--dry-run")
    assert code != 0
    assert "--config is not supported" in text


def test_a_failed_stage_shows_its_message(project):
    (project / "campaigns/small.yaml").write_text(yaml.safe_dump({**SMALL, "simulator": {"name": "gausian"}}))
    code, text = snakemake(project)
    assert code != 0
    assert "did you mean 'gaussian'?" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("settings:", "setngs:", "campaigns/small.yaml: 'settings' is missing; `robot-physicist validate"),
        ("- 0.5", "- half", "campaigns/small.yaml: not a campaign (could not convert string to float: 'half')"),
        ("events: 5", "evens: 5", "campaigns/small.yaml: 'luminosity' is missing"),
        ("  variance:", "  a;touch pwned:", "'a;touch pwned=0.5' cannot name a folder"),
        ("  variance:", "  ../../variance:", "'../../variance=0.5' cannot name a folder"),
    ],
)
def test_campaigns_whose_branches_cannot_be_named_stop_snakemake(project, old, new, message):
    path = project / "campaigns/small.yaml"
    path.write_text(path.read_text().replace(old, new))
    code, text = snakemake(project)
    assert code != 0
    assert message in text
    assert "Traceback" not in text
    assert not (project / "pwned").exists()
    assert not (project / "results").exists()


def test_a_path_that_a_shell_would_split_stops_snakemake(project):
    shutil.copy(project / "campaigns/small.yaml", project / "campaigns/my study.yaml")
    code, text = snakemake(project, campaign="campaigns/my study.yaml")
    assert code != 0
    assert "campaigns/my study.yaml: the path has a blank" in text


def test_the_weinberg_campaign_finds_its_energies(project):
    """The main job with fewer points: Pythia events, both exposures, blind spot included."""
    raw = yaml.safe_load((ROOT / "campaigns/weinberg.yaml").read_text())
    raw["settings"]["sqrt_s"]["values"] = [78, 82, 87, 91, 94, 96.5]
    raw["parameters"]["sin2theta_w"]["linspace"] = [0.20, 0.26, 7]
    raw["simulation"]["events"] = 150_000
    (project / "campaigns/small.yaml").write_text(yaml.safe_dump(raw))
    code, text = snakemake(project)
    assert code == 0, text
    events, luminosity = json.loads((project / "results/small/design.json").read_text())["exposures"]
    assert events["best"] == "sqrt_s=82"
    assert luminosity["best"] == "sqrt_s=91"
    (blind,) = [ranked["gain"]["corrected"] for ranked in events["settings"] if ranked["setting"] == "sqrt_s=96.5"]
    assert blind["value"] + blind["error"] < 0.08


def test_snakemakes_linter_is_content(project):
    code, text = snakemake(project, "--lint")
    assert code == 0, text


def test_the_graph_has_neither_commands_nor_images():
    text = (ROOT / "Snakefile").read_text()
    assert "robot-physicist" not in text
    assert "docker" not in text
    for keyword in ("script:", "run:", "group:", "lambda", "import "):
        assert keyword not in text
    rules = re.split(r"\n(?:rule|checkpoint) ", text)[1:]
    assert len(rules) == 14
    for rule in rules:
        assert rule.startswith("all:") or all(
            f"    {keyword}:" in rule for keyword in ("container", "shell", "log", "message", "resources")
        )


def test_every_step_is_a_command_with_the_same_options():
    from robot_physicist.cli.main import cli

    for path in sorted((ROOT / "steps").glob("*.yml")):
        step = yaml.safe_load(path.read_text())
        words = step["process"]["cmd"].split()
        assert words[:2] == ["robot-physicist", path.stem]
        options = {f"--{parameter.name}" for parameter in cli.commands[path.stem].params}
        assert {word for word in words if word.startswith("--")} == options
        published = step["publisher"].get("publish", [path.stem])
        assert all(f"--{name} {{{name}}}" in " ".join(words) for name in published)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "workflow/profiles").glob("*/config.yaml")), ids=lambda path: path.parent.name
)
def test_profiles_name_rules_that_exist(path):
    rules = {step.stem for step in (ROOT / "steps").glob("*.yml")}
    profile = yaml.safe_load(path.read_text())
    groups = profile.get("groups", {})
    assert groups.keys() | profile.get("set-resources", {}).keys() <= rules
    assert set(groups.values()) == profile.get("group-components", {}).keys()
    assert "mem_mb" in profile.get("default-resources", {"mem_mb"})
