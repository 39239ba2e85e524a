"""Generated files are fresh, and what the project writes follows its own schemas."""

import json

import jsonschema
import pytest
import yaml
from support.campaigns import ROOT

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.project.reference import (
    campaign_reference,
    campaign_schema,
    document_schemas,
    simulator_reference,
    starting_campaign,
)
from robot_physicist.simulators import names


def test_the_schema_is_fresh():
    committed = json.loads((ROOT / "campaigns/campaign.schema.json").read_text())
    assert committed == json.loads(json.dumps(campaign_schema())), "run `make docs`"


def test_the_reference_page_is_fresh():
    assert (ROOT / "docs/campaign.md").read_text() == campaign_reference(), "run `make docs`"


@pytest.mark.parametrize("name", document_schemas())
def test_the_schemas_of_results_are_fresh(name):
    committed = json.loads((ROOT / f"docs/schemas/{name}.schema.json").read_text())
    assert committed == document_schemas()[name], "run `make docs`"


@pytest.mark.parametrize(
    "path", [*sorted(ROOT.glob("campaigns/*.yaml")), *sorted(ROOT.glob("examples/*/campaign.yaml"))]
)
def test_every_campaign_is_valid_by_model_and_schema(path):
    raw = yaml.safe_load(path.read_text())
    campaign_from(raw, path.name)
    jsonschema.validate(raw, campaign_schema())


def test_the_campaign_to_start_from_is_valid():
    raw = yaml.safe_load(starting_campaign("my-study"))
    assert campaign_from(raw, "x").name == "my_study"


def test_every_simulator_is_described():
    text = simulator_reference()
    assert all(f"{name}: " in text for name in names())
    assert "option width (default computed)" in text


def test_every_option_of_a_simulator_says_what_it_is():
    options = [line for line in simulator_reference().splitlines() if line.startswith("  option ")]
    assert len(options) > 5
    assert [line for line in options if line.rstrip().endswith("):")] == []
