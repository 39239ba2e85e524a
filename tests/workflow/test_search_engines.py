"""A search with weighted events on all engines: it tops up, ends, resumes, and leaves the same bytes."""

import json
import runpy
import shutil
from types import SimpleNamespace

import pytest
from support import engines
from support.campaigns import ROOT

from robot_physicist import __version__

pytestmark = [pytest.mark.engines, pytest.mark.timeout(900)]
#: Two settings so much alike that the second round needs more events at one of them; events of one θ serve both.
CAMPAIGN = {
    "name": "small",
    "seed": 3,
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [82, 82.5]}},
    "parameters": {"sin2theta_w": {"values": [0.22, 0.24]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 5}},
    "exposure": {"events": 100},
    "simulation": {"events": 300, "references": [{"sin2theta_w": 0.23}]},
    "estimator": {"draws": 64, "replicas": 16, "pseudo_experiments": 10},
    "search": {"initial": 2, "batch": 1, "rounds": 2, "tolerance": 1e-6},
}


def of_snakemake(results):
    """Bytes of JSON, ROOT and YAML files, by their paths."""
    found = engines.of_snakemake(results)
    return found | {str(path.relative_to(results)): path.read_bytes() for path in results.rglob("*.yaml")}


def of_yadage(work, rounds):
    """The same of yadage, by the paths that Snakemake gives them; rounds after the end are empty."""
    found = {name: work / "design" / name for name in ("design.json", "design.csv")}
    for number in range(1, rounds + 2):
        for name in ("campaign.yaml", "search.json"):
            found[f"round={number}/{name}"] = work / f"propose_{number}" / name
    result = {name: path.read_bytes() for name, path in found.items()}
    for number in range(1, rounds + 1):
        folder = work / f"round_{number}"
        branches = json.loads((folder / "branches/branches.json").read_text())
        for i, setting in enumerate(branches["settings"]):
            for j, sample in enumerate(branches["samples"]):
                for name in ("simulate/events.root", "histogram/histogram.json"):
                    step, file = name.split("/")
                    result[f"round={number}/{setting}/{sample}/{file}"] = (
                        folder / f"setting_{i}/{step}_{j}/{file}"
                    ).read_bytes()
            for name in ("likelihood/workspace", "likelihood/patchset", "posterior/posterior", "eig/eig"):
                path = folder / f"setting_{i}/exposure_0/{name}.json"
                result[f"round={number}/{setting}/events=100/{path.name}"] = path.read_bytes()
    return result


@pytest.fixture(scope="session")
def searched(shared):
    """A folder with the search that Snakemake has made on this machine, without containers; nobody changes it."""

    def run(folder):
        code, text = engines.snakemake(engines.checkout(folder, CAMPAIGN))
        assert code == 0, text

    return engines.once(shared, "searched", run)


@pytest.fixture(scope="session")
def reference(searched):
    return of_snakemake(searched / "results/small")


def test_a_search_of_all_defaults_is_a_search_and_no_grid(tmp_path):
    folder = engines.checkout(tmp_path / "run", {**CAMPAIGN, "search": {}})
    code, text = engines.snakemake(folder, "--dry-run")
    assert code == 0, text
    assert "propose round=1/" in text
    assert "simulate" not in text
    graph = runpy.run_path(str(ROOT / "workflow/run_yadage.py"))["workflow_of"]
    assert graph(SimpleNamespace(campaign=folder / "campaigns/small.yaml"))[0] == "workflow/search.yml"


def test_a_search_tops_up_and_ends(searched):
    results = searched / "results/small"
    first, second, last = (json.loads((results / f"round={n}/search.json").read_text()) for n in (1, 2, 3))
    assert first["proposed"] == ["sqrt_s=82", "sqrt_s=82.5"]
    assert len(second["proposed"]) == 1
    assert last["stopped"] == "2 rounds"
    (again,) = (one for one in last["tried"] if one["setting"] == second["proposed"][0])
    assert again["batches"] == [300, 900]
    gain = json.loads((results / f"round=2/{again['setting']}/events=100/eig.json").read_text())
    assert gain["simulated_events"] == 1200
    design = json.loads((results / "design.json").read_text())
    ranked = {one["setting"]: one["gain"]["simulated_events"] for one in design["exposures"][0]["settings"]}
    assert ranked == {"sqrt_s=82": 300, "sqrt_s=82.5": 300} | {again["setting"]: 1200}


def test_a_search_resumes(searched, reference, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(searched, folder, symlinks=True)
    assert "Nothing to be done" in engines.snakemake(folder)[1]
    # as if it had been killed in the second round
    results = folder / "results/small"
    next(results.glob("round=2/*/events=100/eig.json")).unlink()
    (results / "design.json").unlink()
    shutil.rmtree(results / "round=3")
    code, text = engines.snakemake(folder)
    assert code == 0, text
    assert "rule simulate" not in text
    assert of_snakemake(results) == reference


def test_yadage_makes_the_same_bytes(reference, tmp_path):
    folder = engines.checkout(tmp_path / "run", CAMPAIGN)
    code, text = engines.yadage(folder, "--native")
    assert code == 0, text
    work = folder / "results/small.yadage"
    assert engines.differing(reference, of_yadage(work, 2)) == []
    assert json.loads((work / "propose_7/search.json").read_text())["stopped"] == "2 rounds"


@pytest.mark.containers
def test_containers_make_the_same_bytes(reference, images, tmp_path):
    folder = engines.checkout(tmp_path / "run", CAMPAIGN)
    code, text = engines.in_containers(folder, images)
    assert code == 0, text
    used = {path.read_text() for path in (folder / ".snakemake/singularity").glob("*.simg")}
    assert used == {f"robotphysicist/{name}:{__version__}\n" for name in ("core", "pythia", "search")}
    assert engines.differing(reference, of_snakemake(folder / "results/small")) == []


@pytest.mark.slurm
def test_slurm_makes_the_same_bytes(reference, slurm, tmp_path):
    """Without the groups of the profile, which do not go with checkpoints."""
    folder = engines.checkout(tmp_path / "run", CAMPAIGN)
    code, text = engines.snakemake(folder, *slurm, "--executor", "slurm", "--jobs", "8")
    assert code == 0, text
    assert text.count("has been submitted with SLURM jobid") > 15, text
    assert engines.differing(reference, of_snakemake(folder / "results/small")) == []


def test_yadage_refuses_more_rounds_than_it_has(tmp_path):
    more = {**CAMPAIGN, "search": {**CAMPAIGN["search"], "rounds": 7}}
    code, text = engines.yadage(engines.checkout(tmp_path / "run", more), "--native")
    assert code == 2
    assert "search.rounds: is 7, and workflow/search.yml has 6 rounds" in text
