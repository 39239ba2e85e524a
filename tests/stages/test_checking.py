"""What validate and plan see outside the campaign file: programs, and priors beyond the grid."""

import sys

import pytest
import yaml
from support.command_line import run

PROGRAM = """\
#!/bin/sh
while [ "$1" != --events ]; do shift; done
awk -v n="$2" -v seed="$4" 'BEGIN { srand(seed); print "x"; for (i = 0; i < n; i++) print rand() }' > "$6"
"""


@pytest.fixture
def study(tmp_path, raw):
    """A folder with a campaign and its program, and another one to work in."""
    folder = tmp_path / "study"
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (folder / "box.sh").write_text(PROGRAM)
    (folder / "box.sh").chmod(0o755)
    raw["simulator"] = {"name": "command", "options": {"executable": ["box.sh"], "observables": ["x"]}}
    return folder


def call(folder, raw, command, cwd, *more):
    (folder / "small.yaml").write_text(yaml.safe_dump(raw))
    return run(command, *more, folder / "small.yaml", cwd=cwd)


def simulate(campaign, cwd, sample="theta=0"):
    branch = ["--setting", "variance=0.5", "--sample", sample, "--events", "events.root"]
    return run("simulate", "--campaign", campaign, *branch, cwd=cwd)


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_program_beside_the_campaign_is_found(study, raw, command):
    done = call(study, raw, command, study.parent / "elsewhere")
    assert (done.returncode, done.stderr) == (0, "")


def test_jobs_find_it_and_its_scripts_from_anywhere(study, raw):
    call(study, raw, "validate", study)
    assert simulate(study / "small.yaml", study.parent / "elsewhere").returncode == 0
    raw["simulator"]["options"]["executable"] = ["sh", "box.sh"]
    call(study, raw, "validate", study)
    assert simulate(study / "small.yaml", study.parent / "elsewhere").returncode == 0


@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.parametrize(
    ("executable", "message"),
    [
        ("none.sh", "simulator.options.executable: cannot find an executable 'none.sh' beside the campaign"),
        ("notes.txt", "notes.txt' is not executable; chmod +x"),
    ],
)
def test_a_program_that_cannot_be_started_is_refused(study, raw, command, executable, message):
    (study / "notes.txt").write_text("hello")
    raw["simulator"]["options"]["executable"] = [executable]
    done = call(study, raw, command, study.parent / "elsewhere")
    assert done.returncode == 2
    assert message in done.stderr


def test_the_program_of_a_background_is_looked_for_too(study, raw):
    other = {"name": "command", "options": {"executable": ["none.sh"], "observables": ["x"]}}
    raw["backgrounds"] = [{"name": "flat", "simulator": other}]
    raw["exposure"] = [{"luminosity": 1, "unit": "pb-1"}]
    done = call(study, raw, "validate", study)
    assert done.returncode == 2
    assert "backgrounds[0].simulator.options.executable: cannot find" in done.stderr


def test_the_old_way_still_works_with_a_note(study, raw):
    raw["simulator"]["options"]["executable"] = ["study/box.sh"]
    done = call(study, raw, "validate", study.parent)
    assert done.returncode == 0
    assert (
        "warning: simulator.options.executable: 'study/box.sh' is found in the working directory only" in done.stderr
    )
    assert simulate(study / "small.yaml", study.parent).returncode == 0


def test_rounds_of_a_search_find_it_too(study, raw):
    raw["settings"] = {"variance": {"range": [0.5, 2]}}
    raw["search"] = {"rounds": 2}
    raw["simulation"]["events"] = 20
    call(study, raw, "validate", study)
    results = study.parent / "elsewhere" / "results" / "round=1"
    paths = ["--proposal", results / "campaign.yaml", "--search", results / "search.json"]
    done = run("propose", "--campaign", study / "small.yaml", *paths, "--figures", results / "figures", cwd=study)
    assert done.returncode == 0, done.stderr
    assert (results / "campaign.yaml").read_text().startswith("# programs are relative to: ../../../study\n")
    done = run("validate", results / "campaign.yaml", cwd=study.parent / "elsewhere")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.parametrize(
    ("mean", "sd", "code", "message"),
    [
        (0.0, 0.4, 0, None),
        (0.5, 0.6, 0, "warning: parameters.theta.prior: 10.7% of it lies outside the grid and is cut off"),
        (3.0, 1.0, 2, "parameters.theta.prior: 96.0% of it lies outside the grid, [-1, 1]; move the mean"),
    ],
)
def test_a_prior_beyond_its_grid_is_seen(campaign_file, raw, command, mean, sd, code, message):
    raw["parameters"]["theta"]["prior"] = {"mean": mean, "sd": sd}
    campaign_file.write_text(yaml.safe_dump(raw))
    done = run(command, campaign_file)
    assert done.returncode == code
    assert message is None or message in done.stderr
    assert message is not None or "outside" not in done.stderr


UNITS = {
    "table": PROGRAM.replace('print "x";', 'print "# unit_x: MeV"; print "# cross_section_pb: 2.5"; print "x";'),
    "ROOT": f"""\
#!{sys.executable}
import json, sys
import numpy as np, uproot
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
with uproot.recreate(options["--output"]) as file:
    file["events"] = {{"x": np.linspace(0, 1, int(options["--events"]))}}
    file["metadata"] = json.dumps({{"units": {{"x": "MeV"}}, "cross_section_pb": 2.5}})
""",
}


@pytest.mark.parametrize("kind", UNITS)
def test_units_that_contradict_the_campaign_are_refused(study, raw, kind):
    (study / "box.sh").write_text(UNITS[kind])
    raw["observables"]["x"]["unit"] = "MeV/c2"
    done = call(study, raw, "validate", study, "--try")
    assert done.returncode == 0
    said = done.stdout.splitlines()[1]
    assert said.startswith("command at variance=0.5, theta=-1: 10 of 10 events, x from 0")
    assert said.endswith(" MeV, cross-section 2.5 ± 0 pb")
    raw["observables"]["x"]["unit"] = "GeV"
    for done in (call(study, raw, "validate", study, "--try"), call(study, raw, "plan", study)):
        assert done.returncode == 2
        assert "observables.x.unit: is 'GeV', and the program says it writes 'MeV'" in done.stderr
    assert simulate(study / "small.yaml", study).returncode == 2


def test_trying_says_how_a_program_fails(study, raw):
    (study / "box.sh").write_text("#!/bin/sh\necho no beam >&2\nexit 3\n")
    done = call(study, raw, "validate", study, "--try")
    assert done.returncode == 1
    assert "no beam" in done.stderr
    assert call(study, raw, "validate", study).returncode == 0
