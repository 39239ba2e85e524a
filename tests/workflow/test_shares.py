"""The key `allocate`: mistakes, what it changes and what it leaves alone, and the same bytes on both engines."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from support import engines
from support.campaigns import ROOT

from robot_physicist import stages
from robot_physicist.campaign.digests import branch_digest, campaign_digest
from robot_physicist.campaign.layout import jobs
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import (
    CampaignError,
    DigestMismatchError,
    InputFileError,
    LabelClashError,
    UnknownNameError,
)
from robot_physicist.stages.allocation import allocate

DATA = ROOT / "tests/data/shares"
RAW = {**yaml.safe_load((DATA / "shares.yaml").read_text()), "name": "small"}
SHARED = "luminosity=100pb-1"
HISTOGRAMS = sorted(DATA.rglob("histogram.json"))


def changed(**sections):
    raw = {**copy.deepcopy(RAW), **sections}
    return campaign_from({key: value for key, value in raw.items() if value is not None}, "small.yaml")


@pytest.mark.parametrize(
    ("sections", "kind", "message"),
    [
        ({"allocate": "luminosity=10pb-1"}, UnknownNameError, "allocate[0]: no exposure 'luminosity=10pb-1'; did you mean 'luminosity=100pb-1'?"),
        ({"allocate": [SHARED, SHARED]}, LabelClashError, "allocate[1]: 'luminosity=100pb-1' is there already; remove it"),
        ({"allocate": "events=9", "exposure": [{"events": 9}, {"luminosity": 100}]}, CampaignError, "allocate[0]: 'events=9' is a number of events, and a luminosity is what can be shared; name one of luminosity=100pb-1"),
        ({"allocate": "events=9", "exposure": {"events": 9}}, CampaignError, "what can be shared; add one under `exposure`"),
        ({"allocate": {"luminosity": 100, "unit": "pb-1"}}, CampaignError, "allocate: name an exposure by its label, such as luminosity=1fb-1"),
        ({"allocate": [7]}, CampaignError, "allocate[0]: "),
        ({"allocate": True}, CampaignError, "allocate: true is neither number nor text"),
        ({"allocated": SHARED}, UnknownNameError, "allocated: unknown key; did you mean 'allocate'?"),
        ({"settings": {"sqrt_s": {"values": [245]}}}, CampaignError, "settings: there is one only, which gets all of a luminosity; add settings to share it"),
        ({"observables": {"cos_theta": {"range": [-1, 1], "bins": 1000}}, "estimator": {}}, CampaignError, "observables: 2 settings × 1000 joint bins are too many to share a luminosity with 4096 estimator.draws; use fewer of them, at most 1831 bins of all settings"),
        ({"observables": {"cos_theta": {"range": [-1, 1], "bins": 10001}}}, CampaignError, "at most 20000 bins of all settings"),
        ({"search": {"initial": 2}}, CampaignError, "search: simulates other settings in every round, so that there is nothing to share; remove `search` or `allocate`"),
        ({"sequence": {"rounds": 1, "truth": {"mass": 250, "width": 10}}}, CampaignError, "remove `sequence` or `allocate`"),
        ({"published": {"workspace": "w.json", "patchset": "p.json"}}, CampaignError, "remove `published` or `allocate`"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(sections, kind, message):
    with pytest.raises(kind) as caught:
        changed(**sections)
    assert message in str(caught.value)
    assert str(caught.value).startswith("small.yaml: ")


def test_the_command_refuses_what_cannot_be_shared_without_the_key_too(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump({**RAW, "allocate": [], "settings": {"sqrt_s": {"values": [245]}}}))
    with pytest.raises(CampaignError, match="settings: there is one only"):
        allocate(path, SHARED, [], tmp_path / "a.json", tmp_path)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"observables": {"cos_theta": {"range": [-1, 1], "bins": 3}}}, r"axes: its bins are 2 of cos_theta in \[-1, 1\], those of the campaign 3 of"),
        ({"observables": {"cos_theta": {"range": [-0.5, 1], "bins": 2}}}, "run the histogram stage again"),
        ({"simulation": {**RAW["simulation"], "folds": 4}}, "sumw: has 2 folds, simulation.folds of the campaign is 4; run the histogram stage again"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stage", ["allocate", "eig"])
def test_histograms_of_other_bins_are_refused(stage, sections, message, tmp_path):
    """Their events are the campaign's, so the digest does not tell."""
    (path := tmp_path / "other.yaml").write_text(yaml.safe_dump({**RAW, **sections}))
    with pytest.raises(DigestMismatchError, match=rf"histogram\.json: .*{message}"):
        if stage == "eig":
            stages.eig(path, "sqrt_s=245", SHARED, HISTOGRAMS[:1], tmp_path / "eig.json")
        else:
            allocate(path, SHARED, HISTOGRAMS, tmp_path / "a.json", tmp_path)


def test_a_damaged_histogram_is_refused(tmp_path):
    content = json.loads(HISTOGRAMS[0].read_text())
    content["reweighted"]["sumw"] = [[1.0]]
    (path := tmp_path / "histogram.json").write_text(json.dumps(content))
    with pytest.raises(InputFileError, match=r"reweighted\.sumw: has the shape 1 × 1 and not 4 × 2 × 2"):
        allocate(DATA / "shares.yaml", SHARED, [path, HISTOGRAMS[1]], tmp_path / "a.json", tmp_path)


def test_a_luminosity_that_teaches_nothing_is_drawn_without_a_warning(tmp_path):
    (path := tmp_path / "none.yaml").write_text(yaml.safe_dump({**RAW, "prior": {"weights": [1, 0, 0, 0]}}))
    printed = allocate(path, SHARED, HISTOGRAMS, tmp_path / "a.json", tmp_path)
    assert "0.000 ± 0.000 nats; no sharing is better than one setting" in printed


def test_without_the_key_nothing_is_another(tmp_path):
    """Digests are those of a campaign from before the key existed; an empty list is as good as none."""
    shared, without, empty = changed(), changed(allocate=None), changed(allocate=[])
    assert campaign_digest(without) == campaign_digest(empty) == "1a9e18893ca6b975"
    assert campaign_digest(shared) != campaign_digest(without)
    branch = ("sqrt_s=245", "mass=250,width=10")
    assert branch_digest(shared, *branch) == branch_digest(without, *branch)
    assert [job.stage for job in jobs(without) if job not in jobs(shared)] == []
    (path := tmp_path / "none.yaml").write_text(yaml.safe_dump({**RAW, "allocate": []}))
    stages.branches(path, tmp_path / "branches.json")
    assert json.loads((tmp_path / "branches.json").read_text())["allocations"] == []


def test_one_label_needs_no_list_and_the_job_comes_after_all_histograms():
    assert changed(allocate=SHARED).allocate == changed(allocate=[SHARED]).allocate == [SHARED]
    *before, last = jobs(changed())
    assert (last.stage, last.output) == ("allocate", f"{SHARED}/allocation.json")
    assert set(last.inputs) == {job.output for job in before if job.stage == "histogram"}


def test_show_prints_shares_beside_the_design_and_by_themselves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("results") / SHARED
    allocate(DATA / "shares.yaml", SHARED, HISTOGRAMS, folder / "allocation.json", folder / "figures")
    design = (ROOT / "tests/data/tiny/design.json").read_text().replace("events=5", SHARED)
    Path("results/design.json").write_text(design)
    found = json.loads((folder / "allocation.json").read_text())
    answer = stages.show(Path("results/design.json"), colour=False)
    assert f"\n\nShares of {SHARED}: {found['verdict']}\n\nResults:\n" in answer
    listed = answer.partition("Results:")[2].split()
    for name in ("allocation.json", f"figures/allocation-{SHARED}.png"):
        assert f"results/{SHARED}/{name}" in listed
        assert (folder / name).is_file()
    table = stages.show(folder / "allocation.json", colour=False)
    assert table.startswith(f"Shares of {SHARED}")
    assert table.endswith(found["verdict"])
    for one in found["shares"]:
        assert f"{one['setting']}     {100 * one['share']:.0f}%" in table
        assert f"{one['single']['value']:.3f} ± {one['single']['error']:.3f}" in table
    Path("results/design.json").write_text(design.replace(SHARED, "luminosity=9pb-1"))
    assert "Shares" not in stages.show(Path("results/design.json"), colour=False)
    (folder / "allocation.json").write_text('{"shares": []}')
    with pytest.raises(InputFileError, match="not an allocation file: exposure"):
        stages.show(folder / "allocation.json", colour=False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder in which Snakemake has made the shares, and what they need."""
    folder = engines.checkout(tmp_path_factory.mktemp("shares"), RAW)
    code, text = engines.snakemake(folder, "--until", "allocate")
    assert code == 0, text
    return folder


@pytest.mark.engines
def test_shares_belong_to_the_answers_and_are_made_again_when_the_prior_changes(shared):
    def planned():
        code, text = engines.snakemake(shared, "--dry-run")
        assert code == 0, text
        return set(re.findall(r"^(\w+) +\d+$", text, re.MULTILINE))

    path = shared / "campaigns/small.yaml"
    before = path.read_text()
    assert planned().isdisjoint({"simulate", "histogram", "allocate"})
    path.write_text(yaml.safe_dump({key: value for key, value in RAW.items() if key != "allocate"}))
    assert planned().isdisjoint({"simulate", "histogram", "allocate"})
    path.write_text(yaml.safe_dump({**RAW, "prior": {"weights": [1, 2, 3, 4]}}))
    assert planned() >= {"allocate", "design", "all"}
    path.write_text(before)


@pytest.mark.engines
def test_yadage_makes_the_same_bytes(shared, tmp_path):
    folder = engines.checkout(tmp_path / "run", RAW)
    code, text = engines.yadage(folder, "--native")
    assert code == 0, text
    work, results = folder / "results/small.yadage", shared / "results/small"
    assert f"{work.relative_to(folder)}/allocate_0/allocation.json" in text
    made = engines.of_yadage(work)
    made[f"{SHARED}/allocation.json"] = (work / "allocate_0/allocation.json").read_bytes()
    wanted = engines.of_snakemake(results)
    assert len(wanted) == 5
    assert engines.differing(wanted, {name: made[name] for name in wanted}) == []
    name = f"allocation-{SHARED}.png"
    assert (work / "allocate_0/figures" / name).read_bytes() == (results / SHARED / "figures" / name).read_bytes()
