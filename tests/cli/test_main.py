"""The command line: exit codes, help, and messages without tracebacks."""

import pytest
from support.command_line import run

from robot_physicist import stages
from robot_physicist.cli.main import cli, main


def test_a_misspelt_key_ends_with_exit_code_two_and_advice(campaign_file):
    campaign_file.write_text(campaign_file.read_text().replace("bins", "bin"))
    done = run("validate", campaign_file)
    assert done.returncode == 2
    assert "observables.x.bin: unknown key; did you mean 'bins'?" in done.stderr


def test_a_misspelt_command_gets_advice():
    done = run("simulat")
    assert done.returncode == 2
    assert "did you mean 'simulate'?" in done.stderr


def test_control_c_says_that_the_same_command_resumes(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "validate", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["validate", "small.yaml"])
    assert ended.value.code == 130
    assert "interrupted: the same command goes on" in capsys.readouterr().err


def test_help_keeps_its_lines_and_cuts_no_sentence():
    text = run("--help").stdout
    assert "..." not in text.partition("Commands:")[2]
    assert "\b" not in text
    assert "Start with:  robot-physicist init my.yaml\n" in text
    assert "..." not in text.partition("Commands:")[2]
    flat = " ".join(text.split())
    for command in cli.commands.values():
        assert " ".join(command.help.partition("\n\n")[0].split()) in flat


def test_bad_input_writes_nothing(campaign_file, tmp_path, call):
    code, text = call(
        "simulate",
        "--campaign",
        campaign_file,
        "--setting",
        "variance=9",
        "--sample",
        "theta=1",
        "--events",
        tmp_path / "o/e.root",
    )
    assert code == 2
    assert "there is no setting 'variance=9'" in text
    assert not (tmp_path / "o").exists()


STAGES = ("branches", "simulate", "histogram", "likelihood", "posterior", "eig", "design")
WITH_LABELS = STAGES[1:-1]


@pytest.mark.parametrize(
    ("stage", "broken"),
    [*((stage, "syntax") for stage in STAGES), *((s, "key") for s in STAGES), *((s, "label") for s in WITH_LABELS)],
)
def test_no_stage_writes_anything_for_bad_input(call, campaign_file, tmp_path, stage, broken):
    if broken == "syntax":
        campaign_file.write_text("a: [")
    elif broken == "key":
        campaign_file.write_text(campaign_file.read_text().replace("bins", "bin"))
    given = {"campaign": campaign_file, "setting": "variance=9", "sample": "theta=9", "exposure": "events=9"}
    options = [option.name for option in cli.commands[stage].params]
    line = [word for name in options for word in (f"--{name}", given.get(name, tmp_path / "out" / name))]
    code, text = call(stage, *line)
    assert code == 2, text
    assert text.startswith("error: ")
    assert not (tmp_path / "out").exists()


def test_files_that_are_not_there_are_named(call, tmp_path):
    for command in ("validate", "plan", "show"):
        code, text = call(command, tmp_path / "none.yaml")
        assert code == 2
        assert "none.yaml: no such" in text


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_help_says_what_every_option_takes_and_means(call, name):
    code, text = call(name, "--help")
    assert code == 0
    assert "RANGE" not in text
    assert all(option.help for option in cli.commands[name].params if option.param_type_name == "option")
    assert max(map(len, text.splitlines())) <= 110


def test_not_yaml(call, tmp_path):
    (tmp_path / "x.yaml").write_text("a: [")
    code, text = call("validate", tmp_path / "x.yaml")
    assert code == 2
    assert "not a YAML file" in text


def test_init_writes_a_valid_campaign_and_never_overwrites(call, tmp_path):
    path = tmp_path / "mine.yaml"
    assert call("init", path)[0] == 0
    code, text = call("validate", path)
    assert code == 0
    assert "2 settings × 4 samples = 8 branches" in text
    code, text = call("init", path)
    assert code == 2
    assert "exists already" in text


def test_plan_lists_branches_events_disk_and_time(call, campaign_file):
    code, text = call("plan", campaign_file, "--cores", "2")
    assert code == 0
    for word in ("variance=0.5 / theta=-1", "20,000 generated", "MB of event files", "on 2 core(s)"):
        assert word in text


def test_simulators_are_listed(call):
    code, text = call("simulators")
    assert code == 0
    assert "weinberg: " in text


def test_a_disk_error_is_a_failed_job_not_a_traceback(campaign_file, tmp_path):
    (tmp_path / "file").write_text("")
    done = run(
        "simulate",
        "--campaign",
        campaign_file,
        "--setting",
        "variance=2",
        "--sample",
        "theta=1",
        "--events",
        tmp_path / "file/e.root",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
