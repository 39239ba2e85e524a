"""The campaign that `init` writes: what a newcomer sees first is an answer, and no warning."""

import json
import warnings

import pytest

from robot_physicist.campaign.files import read_campaign
from robot_physicist.cli.main import main
from robot_physicist.stages.sequence.whole_campaign import whole_campaign

#: CPU seconds of a Snakemake run that a branch, a setting and exposure, and the rest take where cores are shared, and in all.
BRANCH, INFERENCE, REST, MOST = 2.4, 9.0, 17.0, 60.0


@pytest.fixture
def start(tmp_path):
    path = tmp_path / "start.yaml"
    with pytest.raises(SystemExit) as stop:
        main(["init", str(path)])
    assert stop.value.code == 0
    return path


def _warnings(content):
    """Everything below a key `warnings`, however deep."""
    if isinstance(content, dict):
        yield from content.get("warnings", [])
        content = list(content.values())
    if isinstance(content, list):
        for one in content:
            yield from _warnings(one)


def test_no_stage_warns_and_no_result_holds_a_warning(start):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        whole_campaign(start)
    found = [str(one.message) for one in caught if not issubclass(one.category, DeprecationWarning)]
    assert found == []  # those of libraries about libraries aside
    results = sorted(start.parent.rglob("*.json"))
    assert {path.name for path in results} >= {"eig.json", "posterior.json", "design.json"}
    assert {path: list(_warnings(json.loads(path.read_text()))) for path in results} == {path: [] for path in results}


def test_it_runs_within_a_minute(start):
    campaign = read_campaign(start)
    settings = len(campaign.setting_points)
    branches, inferences = settings * len(campaign.samples), settings * len(campaign.exposures)
    assert REST + BRANCH * branches + INFERENCE * inferences < MOST
    assert campaign.simulation.events <= 20_000
