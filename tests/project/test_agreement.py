"""A project folder that does not agree with itself is told where and what to do."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml
from support.campaigns import ROOT, environment
from support.engines import call, checkout

from robot_physicist.cli.main import main

PARTS = ("Snakefile", "workflow", "steps", "envs", "campaigns", "reana.yaml", "reana-snakemake.yaml")


@pytest.fixture
def project(tmp_path):
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    for part in (
        "src/robot_physicist/quantities/labels.py",
        "src/robot_physicist/files/origin.py",
        "tests/reana/yadage.feature",
        "tests/reana/snakemake.feature",
    ):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, tmp_path / part)
    return tmp_path


def checked(folder, capsys):
    try:
        main(["check", str(folder)])
    except SystemExit as end:
        captured = capsys.readouterr()
        return end.code or 0, captured.out + captured.err
    raise AssertionError("the command did not end")


def test_this_project_agrees(project, capsys):
    code, text = checked(project, capsys)
    assert code == 0, text
    assert "13 steps, 9 workflows and 2 REANA specifications agree" in text


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("steps/eig.yml", "--exposure {exposure}", "--exposre {exposre}", "eig has no option --exposre; did you mean 'exposure'?"),
        ("steps/eig.yml", " --exposure {exposure}", "", "the option --exposure of eig is not given"),
        ("steps/eig.yml", "robot-physicist eig", "robot-physicist eigg", "'robot-physicist eigg' is not a command; did you mean 'eig'?"),
        ("steps/eig.yml", "gain: '{gain}'", "gian: '{gain}'", "it publishes gian, which its command does not take; did you mean 'gain'?"),
        ("steps/eig.yml", "core.yml", "cor.yml", "there is no envs/cor.yml; did you mean 'core'?"),
        ("envs/core.yml", "imagetag: 0.1.0", "imagetag: latest", "imagetag is latest, the version is 0.1.0"),
        ("workflow/exposure.yml", "../steps/eig.yml", "../steps/eigg.yml", "workflow/*.yml: there is no step eigg; did you mean 'eig'?"),
        ("workflow/recast_setting.yml", "setting.yml#/stages/1", "setting.yml#/stages/7", "workflow/recast_setting.yml: there is no setting.yml#/stages/7; did you mean 'setting.yml#/stages/"),
        ("workflow/recast.yml", "workflow/recast_setting.yml", "workflow/recast_seting.yml", "workflow/recast.yml: there is no recast_seting.yml; did you mean 'recast_setting.yml'?"),
        ("workflow/recast_setting.yml", "../steps/recast.yml", "../steps/eig.yml", "workflow/*.yml: the step recast is not used"),
        ("Snakefile", 'command("eig"', 'command("posterior"', "Snakefile: the step eig is not used"),
        ("reana.yaml", "    campaign: campaigns", "    campain: campaigns", "the workflow takes no such parameter; did you mean 'campaign'?"),
        ("reana.yaml", "campaigns/weinberg.yaml", "campaigns/weinbreg.yaml", "there is no campaigns/weinbreg.yaml; did you mean 'campaigns/weinberg.yaml'?"),
        ("reana-snakemake.yaml", "yaml\n    - Snakefile", "yaml\n    - Snakfile", "did you mean 'Snakefile'?"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_named(project, capsys, file, old, new, message):
    text = (project / file).read_text()
    (project / file).write_text(
        text.replace(old, new) if old in text else text.replace(old.split("\n")[-1], new.split("\n")[-1])
    )
    code, printed = checked(project, capsys)
    assert code == 2
    assert message in printed


@pytest.mark.parametrize("name", ["reana.yaml", "reana-snakemake.yaml"])
def test_reana_accepts_the_specification_without_a_warning(name):
    code, text = call([environment("reana") / "reana-client", "validate", "--file", name], ROOT)
    assert code == 0, text
    assert text.count("-> SUCCESS") == 4
    assert "-> WARNING" not in text


def test_recast_tests_every_step():
    tests = yaml.safe_load((ROOT / "recast.yml").read_text())["tests"]
    assert {test["name"] for test in tests} == {path.stem for path in (ROOT / "steps").glob("*.yml")}
    assert all(test["spec"] == f"steps/{test['name']}.yml" for test in tests)


def test_every_reader_of_a_specification_accepts_it(capsys):
    for name in ("yadage", "reana", "reana-next"):
        environment(name)
    code, text = checked(ROOT, capsys)
    assert code == 0, text
    readers = [
        "yadage",
        "yadage: recast",
        "yadage: search",
        "yadage: sequence",
        "Snakemake",
        "Snakemake of REANA",
        "REANA: reana.yaml",
        "next REANA: reana.yaml",
    ]
    readers += ["REANA: reana-snakemake.yaml", "next REANA: reana-snakemake.yaml"]
    assert text.splitlines()[-1] == f"accepted by: {', '.join(readers)}"


@pytest.mark.parametrize(
    ("file", "old", "new", "readers"),
    [
        ("workflow/setting.yml", "multistep-stage", "multistep-stag", ["yadage"]),
        ("Snakefile", "rule eig:\n    input:", "rule eig:\n    inputs:", ["Snakemake", "Snakemake of REANA"]),
        ("reana.yaml", ": 30 #", ": thirty #", ["REANA: reana.yaml"]),
    ],
)
def test_a_reader_that_refuses_is_quoted(project, capsys, file, old, new, readers):
    for name in ("yadage", "reana", "reana-next"):
        environment(name)
    (project / ".venvs").symlink_to(ROOT / ".venvs")
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))
    code, printed = checked(project, capsys)
    assert code == 2
    for reader in readers:
        assert f"{reader} does not accept it" in printed


@pytest.mark.parametrize("version", ["7.32.4", "9.27.1"])
def test_both_releases_of_snakemake_read_the_graph(version, tmp_path):
    programs = environment("reana") if version.startswith("7") else Path(sys.executable).parent
    folder = checkout(tmp_path / "run")
    code, text = call([programs / "snakemake", "--version"], folder)
    assert text.strip().splitlines()[-1] == version
    code, text = call([programs / "snakemake", "--dry-run", "--configfile", "campaigns/small.yaml"], folder, programs)
    assert code == 0, text
    assert "simulate" in text


AS_REANA = """
import sys, yaml
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import *
config = yaml.safe_load(Path("campaigns/small.yaml").read_text())
with SnakemakeApi(OutputSettings()) as api:
    workflow = api.workflow(
        resource_settings=ResourceSettings(nodes=2), config_settings=ConfigSettings(config=config),
        storage_settings=StorageSettings(), storage_provider_settings={}, workflow_settings=WorkflowSettings(),
        deployment_settings=DeploymentSettings(), snakefile=Path("Snakefile"), workdir=Path("."))
    workflow.dag(dag_settings=DAGSettings()).execute_workflow(executor="dryrun")
"""


def test_reanas_engine_passes_the_content_of_the_campaign_and_not_its_path(tmp_path):
    code, text = call([sys.executable, "-c", AS_REANA], checkout(tmp_path / "run"))
    assert code == 0, text
    assert "results/small/design.json" in text
