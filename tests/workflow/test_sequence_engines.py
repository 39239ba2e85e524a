"""A sequence of experiments on the engines makes the bytes of the one command."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.campaigns import ROOT
from support.engines import PROGRAMS, branches_of_yadage, call, checkout, differing, of_snakemake, snakemake, yadage

STUDY = {
    "name": "small",
    "seed": 3,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [1, 4]}},
    "parameters": {"theta": {"linspace": [-2, 3, 3]}},
    "observables": {"x": {"range": [-5, 6], "bins": 5, "overflow": "include"}},
    "exposure": {"events": 5},
    "simulation": {"events": 500, "folds": 4},
    "estimator": {"nuisances": "fixed", "draws": 128, "replicas": 16, "pseudo_experiments": 10},
    "sequence": {"rounds": 2, "truth": {"theta": 1}},
}
pytestmark = [pytest.mark.engines, pytest.mark.timeout(1800)]


def by_command(folder: Path, study: dict[str, Any]) -> Path:
    """Results of the command that makes all rounds."""
    (folder / "small.yaml").write_text(yaml.safe_dump(study))
    # a process of its own: the command settles which instructions of the processor are used before NumPy is there
    code, text = call([PROGRAMS / "robot-physicist", "sequence", "small.yaml", "--results", "results"], folder)
    assert code == 0, text
    rounds = study["sequence"]["rounds"]
    assert f"small: {rounds} of {rounds} rounds" in text
    return folder / "results"


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return by_command(tmp_path_factory.mktemp("sequence"), STUDY)


def test_snakemake_makes_the_same_bytes_and_has_nothing_left_to_do(reference, tmp_path):
    project = checkout(tmp_path / "project", STUDY)
    code, text = snakemake(project)
    assert code == 0, text
    results = project / "results/small"
    assert differing(of_snakemake(results), of_snakemake(reference)) == []
    for path in sorted(reference.rglob("campaign.yaml")):
        assert (results / path.relative_to(reference)).read_bytes() == path.read_bytes()
    assert (results / "round=3/sequence/posterior.png").read_bytes().startswith(b"\x89PNG")
    code, text = snakemake(project)
    assert code == 0
    assert "Nothing to be done" in text


def of_rounds(work: Path, rounds: int) -> dict[str, bytes]:
    """Results of yadage by the paths of Snakemake."""
    found = {}
    for number in range(1, rounds + 1):
        here, name = work / f"round_{number}", f"round={number}"
        known = work / "begin" if number == 1 else work / f"round_{number - 1}/update"
        for folder, stage, part in (("search", "design", name), ("measurement", "result", f"{name}/measurement")):
            found |= {f"{part}/{path}": content for path, content in branches_of_yadage(here / folder).items()}
            found |= {f"{part}/{path}": (here / stage / path).read_bytes() for path in ("design.json", "design.csv")}
        found[f"{name}/measurement/data.root"] = (here / "observe/data.root").read_bytes()
        found[f"{name}/sequence.json"] = (known / "sequence.json").read_bytes()
    last = work / f"round_{rounds}/update/sequence.json"
    return found | {f"round={rounds + 1}/sequence.json": last.read_bytes()}


def test_yadage_makes_the_same_bytes(reference, tmp_path):
    """In a graph with the first two of its rounds; another test compares the forms of all."""
    project = checkout(tmp_path / "project", STUDY)
    (project / "workflow").unlink()
    shutil.copytree(ROOT / "workflow", project / "workflow")
    graph = project / "workflow/sequence.yml"
    graph.write_text(yaml.safe_dump({"stages": yaml.safe_load(graph.read_text())["stages"][:3]}))
    code, text = yadage(project, "--native")
    assert code == 0, text
    assert differing(of_rounds(project / "results/small.yadage", 2), of_snakemake(reference)) == []


def test_the_rounds_of_yadage_have_the_same_form():
    begin, *rounds = yaml.safe_load((ROOT / "workflow/sequence.yml").read_text())["stages"]
    assert begin["name"] == "begin"
    # rounds[1] is round_2, which takes what round_1 has left
    forms = [
        yaml.safe_dump(stage).replace(f"round_{number}", "this").replace(f"round_{number - 1}", "last")
        for number, stage in enumerate(rounds, 1)
    ]
    assert len(forms) == 4
    assert len(set(forms[1:])) == 1


def test_yadage_refuses_another_number_of_rounds_than_its_graph_has(tmp_path):
    code, text = yadage(checkout(tmp_path / "project", STUDY), "--native")
    assert code == 2
    assert "sequence.rounds: is 2, and workflow/sequence.yml has 4 rounds; take 4, or Snakemake" in text
