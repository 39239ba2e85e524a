"""What REANA asks of us: its engine's rules for the Snakefile, tests of a run, and a page that is short."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from support.campaigns import ROOT, environment
from support.engines import call

SNAKEFILE = (ROOT / "Snakefile").read_text()
RULES = {text.split(":")[0]: text for text in re.split(r"\n(?:rule|checkpoint) ", SNAKEFILE)[1:]}
PARAMETERS = {test["name"]: test for test in yaml.safe_load((ROOT / "recast.yml").read_text())["tests"]}
FLAVOURS = {"yadage": "design/", "snakemake": "results/weinberg/"}

#: Runs a feature as REANA's server does, on what a run has left: its status, its files and the log of `design`.
AS_REANA_TESTS = """
import json, sys
from reana_commons.gherkin_parser.data_fetcher import DataFetcherBase
from reana_commons.gherkin_parser.parser import parse_and_run_tests
feature, status, files, log = json.loads(sys.argv[1])
logs = {"workflow_logs": "", "engine_specific": "", "job_logs": {"1": {"job_name": "design", "logs": log}}}
answers = {
    "get_workflow_status": {"status": status},
    "get_workflow_disk_usage": {"disk_usage_info": [{"name": "/" + name} for name in files]},
    "get_workflow_logs": {"logs": json.dumps(logs)},
}
methods = {name: lambda self, *a, _name=name, **k: answers[_name] for name in DataFetcherBase.__abstractmethods__}
_, results = parse_and_run_tests(feature, "weinberg", type("Fetcher", (DataFetcherBase,), methods)())
print(json.dumps({result.scenario: result.result.name for result in results}))
"""


def test_the_only_local_rule_does_nothing():
    assert re.search(r"localrules:\n    all,\n\n", SNAKEFILE)
    assert not re.search(r"^    (shell|output|run|script):", RULES["all"], re.MULTILINE)


@pytest.mark.parametrize("name", sorted(RULES.keys() - {"all"}))
def test_every_rule_obeys_reanas_engine(name):
    """It runs `shell:` in the rule's container; it hangs on `script:`, `run:`, `notebook:` and `group:`."""
    keywords = re.findall(r"^    (\w+):", RULES[name], re.MULTILINE)
    assert set(keywords) - {"params", "wildcard_constraints"} == {
        "input",
        "output",
        "log",
        "container",
        "resources",
        "message",
        "shell",
    }
    assert f'image("{name}")' in RULES[name]
    assert re.search(rf'command\(\s*"{name}"', RULES[name])
    for limit in ("kubernetes_memory_limit", "kubernetes_job_timeout"):
        assert f'{limit}=limit("{name}", "{limit}")' in RULES[name]


def test_what_a_command_prints_reaches_the_log_of_the_job():
    assert "2>&1 | tee {{log}}" in (ROOT / "workflow/steps.smk").read_text()


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_command_makes_the_folders_of_its_outputs(name, tmp_path):
    """REANA's engine makes none."""
    new = tmp_path / "not/there/yet"
    test = PARAMETERS[name]
    step = yaml.safe_load((ROOT / test["spec"]).read_text())
    folders = {f"readdir{number}": str(ROOT / folder) for number, folder in enumerate(test["data"])}
    values = {
        key: (" ".join(value) if isinstance(value, list) else value).format(workdir=new, **folders)
        for key, value in test["parameters"].items()
    }
    code, text = call(["sh", "-c", step["process"]["cmd"].format(**values)], tmp_path)
    assert code == 0, text
    made = [Path(value) for value in values.values() if value.startswith(str(new))]
    assert made
    assert all(path.exists() for path in made)


def outcome(flavour, status="finished", files=("design.json", "design.csv", "figures/gain.png"), log=None):
    """Results of the scenarios of a feature, by name."""
    log = log or "√s = 83 GeV teaches most: 0.983 ± 0.009 nats\n√s = 91 GeV teaches most: 1.058 ± 0.003 nats"
    feature = str(ROOT / f"tests/reana/{flavour}.feature")
    data = json.dumps([feature, status, [FLAVOURS[flavour] + name for name in files], log])
    line = [environment("reana-next") / "python", "-c", AS_REANA_TESTS, data]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_features_tell_a_good_run_from_a_bad_one(flavour):
    well, there, named = (
        "The workflow ends well",
        "The design and its figures are there",
        "The best settings are named",
    )
    assert outcome(flavour) == {well: "passed", there: "passed", named: "passed"}
    assert outcome(flavour, files=("design.json", "design.csv"))[there] == "failed"
    assert outcome(flavour, log="√s = 83 GeV teaches most")[named] == "failed"
    assert outcome(flavour, log="√s = 91 GeV teaches most")[named] == "failed"
    assert "passed" not in outcome(flavour, status="failed").values()


def test_from_token_to_plot_in_eight_lines():
    page = (ROOT / "docs/reana.md").read_text()
    (block,) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    lines = block.strip().splitlines()
    assert len(lines) == 8
    assert all(line.startswith("$ ") for line in lines)
    assert "REANA_ACCESS_TOKEN" in lines[0]
    assert "download design/figures/gain.png" in lines[-1] + lines[-2]
