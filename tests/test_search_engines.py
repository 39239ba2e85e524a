"""A search on both engines: it tops up, ends, resumes, and leaves the same bytes."""

import json
import shutil

import engines
import pytest

pytestmark = [pytest.mark.engines, pytest.mark.timeout(900)]
#: Two settings so much alike that the second round needs more events at one of them.
CAMPAIGN = {
    **{key: value for key, value in engines.CAMPAIGN.items() if key != "observed"},
    "settings": {"variance": {"values": [1, 1.05]}},
    "parameters": {"theta": {"values": [-1, 1]}},
    "exposure": {"events": 5},
    "simulation": {"events": 300},
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
                result[f"round={number}/{setting}/events=5/{path.name}"] = path.read_bytes()
    return result


def test_a_search_tops_up_ends_resumes_and_is_the_same_on_both_engines(tmp_path):
    folder = engines.checkout(tmp_path / "run", CAMPAIGN)
    results = folder / "results/small"
    code, text = engines.snakemake(folder)
    assert code == 0, text
    first, second, last = (json.loads((results / f"round={n}/search.json").read_text()) for n in (1, 2, 3))
    assert first["proposed"] == ["variance=1", "variance=1.05"]
    assert len(second["proposed"]) == 1
    assert last["stopped"] == "2 rounds"
    (again,) = (one for one in last["tried"] if one["setting"] == second["proposed"][0])
    assert again["batches"] == [300, 900]
    gain = json.loads((results / f"round=2/{again['setting']}/events=5/eig.json").read_text())
    assert gain["simulated_events"] == 2 * 1200
    design = json.loads((results / "design.json").read_text())
    ranked = {one["setting"]: one["gain"]["simulated_events"] for one in design["exposures"][0]["settings"]}
    assert ranked[again["setting"]] == 2400

    before = of_snakemake(results)
    assert "Nothing to be done" in engines.snakemake(folder)[1]
    # as if it had been killed in the second round
    (results / f"round=2/{again['setting']}/events=5/eig.json").unlink()
    (results / "design.json").unlink()
    shutil.rmtree(results / "round=3")
    code, text = engines.snakemake(folder)
    assert code == 0, text
    assert "rule simulate" not in text
    assert of_snakemake(results) == before

    code, text = engines.yadage(folder, "--native")
    assert code == 0, text
    assert engines.differing(before, of_yadage(folder / "results/small.yadage", 2)) == []
    assert json.loads((folder / "results/small.yadage/propose_7/search.json").read_text())["stopped"] == "2 rounds"


def test_yadage_refuses_more_rounds_than_it_has(tmp_path):
    more = {**CAMPAIGN, "search": {**CAMPAIGN["search"], "rounds": 7}}
    code, text = engines.yadage(engines.checkout(tmp_path / "run", more), "--native")
    assert code == 2
    assert "search.rounds: is 7, and workflow/search.yml has 6 rounds" in text
