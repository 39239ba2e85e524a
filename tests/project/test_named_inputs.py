"""What a campaign names goes where the campaign goes: to REANA, to RECAST, and to the tests of the steps."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from support.campaigns import ROOT

from robot_physicist import __version__
from robot_physicist.project.agreement import problems, read_project
from robot_physicist.quantities import labels

REANA = ("reana.yaml", "reana-snakemake.yaml")
ENTRIES = ("recast.yml", "recast_signal.yml")


def wanted(campaign):
    """The files that a campaign file names, relative to its folder."""
    raw = yaml.safe_load(campaign.read_text())
    branches = labels.setting_labels(raw), labels.exposure_labels(raw)
    return [path for _, path in labels.files_to_have(labels.named_files(raw), *branches)]


@pytest.fixture
def project(tmp_path):
    """The project, where REANA's campaign has a background in a file."""
    for part in ("Snakefile", "workflow", "steps", "envs", "campaigns", *REANA):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    path = tmp_path / "campaigns/weinberg.yaml"
    background = {"name": "flat", "file": "data/b.json", "histogram": "flat"}
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "backgrounds": [background]}))
    return tmp_path


def found(folder):
    return sorted(
        text for text in problems(read_project(folder), {}, __version__) if "weinberg.yaml" in text.split(";")[0]
    )


def test_reana_gets_what_its_campaign_names(project):
    named = "campaigns/data/b.json{}, which campaigns/weinberg.yaml names at backgrounds[0].file; "
    for name, text in zip(sorted(REANA), found(project), strict=True):
        assert text.startswith(f"{name}: there is no {named.format('')}")
    (project / "campaigns/data").mkdir()
    (project / "campaigns/data/b.json").write_text(json.dumps({"flat": [1]}))
    missing = named.format(" is missing")
    assert found(project) == [f"{name}: inputs.files: {missing}add it" for name in sorted(REANA)]
    entries = {"files": "campaigns/data/b.json", "directories": "campaigns/data"}
    for name, (kind, entry) in zip(REANA, entries.items(), strict=True):
        content = yaml.safe_load((project / name).read_text())
        content["inputs"][kind].append(entry)
        (project / name).write_text(yaml.safe_dump(content))
    assert found(project) == []


@pytest.mark.parametrize("text", ["", "[", "settings: 3", "settings: {a: [1]}"])
def test_reana_is_not_sent_what_is_no_campaign(project, text):
    (project / "campaigns/weinberg.yaml").write_text(text)
    for name, said in zip(sorted(REANA), found(project), strict=True):
        assert said.startswith(f"{name}: campaigns/weinberg.yaml is not a campaign; `robot-physicist validate")


@pytest.mark.parametrize("name", REANA)
def test_the_specifications_send_what_their_campaigns_name(name):
    inputs = yaml.safe_load((ROOT / name).read_text())["inputs"]
    (campaign,) = inputs["parameters"].values()
    assert campaign in inputs["files"]
    for path in wanted(ROOT / campaign):
        sent = Path(campaign).parent / path
        assert {str(sent), *map(str, sent.parents)} & {*inputs["files"], *inputs["directories"]}, path


@pytest.mark.parametrize("name", ENTRIES)
def test_the_folders_that_recast_reads_hold_what_their_campaigns_name(name):
    entry = yaml.safe_load((ROOT / name).read_text())
    for example in entry["example_inputs"].values():
        folder = ROOT / "workflow" / example["dataopts"]["initdir"]  # of a run, which is beside the entry
        campaign = folder / example["initdata"]["campaign"]
        assert campaign.is_file()
        assert [path for path in wanted(campaign) if not (folder / path).is_file()] == []


@pytest.mark.parametrize("name", ENTRIES)
def test_the_tests_of_the_steps_have_what_their_campaigns_name(name):
    for test in yaml.safe_load((ROOT / name).read_text()).get("tests", []):
        folders = {f"readdir{number}": str(ROOT / folder) for number, folder in enumerate(test["data"])}
        for key in {"campaign", "study"} & test["parameters"].keys():
            value = test["parameters"][key]
            if value.startswith("{workdir}"):
                continue
            campaign = Path(value.format(**folders))
            raw = yaml.safe_load(campaign.read_text())
            assert not [path for path in wanted(campaign) if not (campaign.parent / path).is_file()], (test, raw)
