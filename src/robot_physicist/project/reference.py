"""Everything generated from the models: JSON schemas, the campaign's reference page, a campaign to start from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter

from ..campaign import branches as campaign_branches
from ..campaign import model, variables
from ..campaign.branches import Branches
from ..campaign.explanations import mapped
from ..campaign.model import Campaign
from ..design import recast_results
from ..design import results as design_results
from ..design.allocation import results
from ..design.results import Design
from ..design.search import options as search_options
from ..design.search import state
from ..design.sequence import options as sequence_options
from ..design.sequence import state as sequence_documents
from ..histfactory import systematics
from ..inference import fit_results
from ..inference import results as inference_results
from ..inference.results import Posteriors, WorkspaceGain
from ..information import options as information_options
from ..information import results as information_results
from ..information.results import InformationGain
from ..likelihood import results as likelihood_results
from ..quantities import estimates, exposure, observable
from ..simulators import choice as simulators_choice
from ..simulators import load, names
from ..simulators.base import Variable
from ..templates import histogram as templates_histogram
from ..templates import options as templates_options
from ..templates.histogram import Histogram
from .docstrings import attribute_docstrings

DOCUMENTS: dict[str, Any] = {
    "branches": Branches,
    "histogram": Histogram,
    "posterior": Posteriors,
    "eig": InformationGain,
    "design": Design,
    "workspace-gain": WorkspaceGain,
    "recast": recast_results.Recast,
    "allocation": results.Allocation,
    "search": state.SearchState,
    "sequence": sequence_documents.Experiments,
}
#: Modules whose classes are in the schemas of results, besides their own, and in that of a campaign.
RESULTS = (
    estimates,
    campaign_branches,
    templates_histogram,
    likelihood_results,
    information_results,
    inference_results,
    design_results,
    fit_results,
    recast_results,
)
CAMPAIGN = (
    simulators_choice,
    observable,
    exposure,
    templates_options,
    model,
    information_options,
    variables,
    systematics,
    search_options,
    sequence_options,
)
#: What the modules of this project begin with.
PACKAGE = f"{__name__.partition('.')[0]}."
DIALECT = "https://json-schema.org/draft/2020-12/schema"
START = """\
# A campaign: which setting of an experiment teaches most about its parameters?
# Check it with `robot-physicist validate`, see what it costs with `robot-physicist plan`.
name: {name}
title: One measurement of a Gaussian mean
seed: 1                      # every random number follows from it

simulator:
  name: gaussian             # `robot-physicist simulators` lists them; `command` runs your own program

settings:                    # what you can choose: the Cartesian product of these grids
  variance:
    values: [1, 4]           # or   linspace: [1, 4, 7]

parameters:                  # what you want to know: a grid and a prior each; finer ones cost more
  theta:
    linspace: [-1.5, 1.5, 4]
    prior: uniform           # or   {{mean: 0, sd: 1}}   or   {{weights: [...]}}

observables:                 # what is measured per event, and its bins
  x: {{range: [-2, 2], bins: 8, overflow: include}}

exposure:                    # one design for each
  - {{events: 10}}             # or   {{luminosity: 0.2, unit: pb-1}}

simulation:
  events: 20000              # per setting and parameter point
"""


def starting_campaign(name: str) -> str:
    """Write a small commented campaign of the given name that is valid as it is."""
    letters = "".join(character if character.isalnum() else "_" for character in name)
    return START.format(name=letters if letters[:1].isalpha() else f"campaign_{letters}")


def campaign_schema() -> dict[str, Any]:
    """JSON schema of a campaign file, for editors."""
    return {"$schema": DIALECT, **_described(Campaign.model_json_schema(), *CAMPAIGN)}


def document_schemas() -> dict[str, dict[str, Any]]:
    """JSON schema of every JSON file that a campaign or a command makes, by the name of the file."""
    return {
        name: {
            "$schema": DIALECT,
            **_described(TypeAdapter(kind).json_schema(mode="serialization"), *RESULTS, sys.modules[kind.__module__]),
        }
        for name, kind in DOCUMENTS.items()
    }


def _described(schema: dict[str, Any], *modules: ModuleType) -> dict[str, Any]:
    """Add the docstrings of attributes to the schema of a class of these modules."""
    texts = {name: found for module in modules for name, found in attribute_docstrings(module).items()}
    for section in (schema, *schema.get("$defs", {}).values()):
        for key, field in section.get("properties", {}).items():
            if key in texts[section["title"]]:
                field["description"] = texts[section["title"]][key]
    return schema


def campaign_reference() -> str:
    """Reference page of the campaign file: one table per section, generated from the model."""
    schema = campaign_schema()
    lines = [
        "# The campaign file",
        "",
        "One YAML file says everything about a study. This page is generated from the model that validates it;",
        "`robot-physicist validate FILE` checks a file, `robot-physicist init FILE` writes one to start from.",
        "Editors complete and check it with `campaigns/campaign.schema.json`.",
        "",
        *_section("Campaign", schema),
    ]
    sections = schema["$defs"]
    for name in _reading_order(schema, sections):
        lines += _section(name, sections[name])
    lines += ["## A campaign to start from", "", "```yaml", starting_campaign("my_study").rstrip(), "```", ""]
    return "\n".join(lines)


def _reading_order(schema: dict[str, Any], sections: dict[str, Any]) -> list[str]:
    """Names of the sections in the order in which the keys of the campaign lead to them."""
    found: list[str] = []
    for reference in _references(schema.get("properties", {})):
        found += [reference, *_reading_order(sections[reference], sections)]
    return list(dict.fromkeys(found))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rsplit("/", 1)[1]
        value = [item for key, item in value.items() if key != "discriminator"]
    if isinstance(value, list):
        for item in value:
            yield from _references(item)


def _section(name: str, definition: dict[str, Any]) -> Iterator[str]:
    yield from (f"## {name}", "", definition.get("description", ""), "")
    yield from ("| key | type | default | meaning |", "|---|---|---|---|")
    required = definition.get("required", [])
    for key, field in definition.get("properties", {}).items():
        default = "required" if key in required else _default(field)
        text = " ".join(field.get("description", "").split())
        yield f"| `{key}` | {_type(field)} | {default} | {text} |"
    yield ""


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    if isinstance(value, dict):
        return "its defaults"
    return "" if value in (None, "", []) else f"`{value}`"


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    options = field.get("anyOf") or field.get("oneOf")
    if options and options[0].get("items"):
        return f"{_type(options[0]['items'])}; one, or a list"
    if options:
        return " or ".join(dict.fromkeys(_type(option) for option in options if option.get("type") != "null"))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        if "prefixItems" in field:
            return f"[{', '.join(_type(item) for item in field['prefixItems'])}]"
        return f"list of {_type(field['items'])}" if field.get("items") else "list"
    if values := mapped(field):
        return f"names to {_type(values)}"
    return str(field.get("type", "any")) + _limits(field)


def _limits(field: dict[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {field[key]:g}" for key, sign in signs.items() if key in field]
    return f" ({', '.join(found)})" if found else ""


def simulator_reference() -> str:
    """Describe every simulator: what it simulates, its variables with units and ranges, its options."""
    return "\n\n".join("\n".join(_simulator(name)) for name in names())


def _simulator(name: str) -> Iterator[str]:
    simulator = load(name)
    yield f"{name}: {(simulator.__doc__ or '').strip().splitlines()[0]}"
    for heading, named in (
        ("settings", simulator.settings),
        ("parameters", simulator.parameters),
        ("observables", simulator.observables),
    ):
        yield f"  {heading}: {_variables(named)}"
    texts = _option_docstrings(simulator.Options)
    for option, field in simulator.Options.model_fields.items():
        default = "required" if field.is_required() else f"default {field.default}"
        yield f"  option {option} ({default}): {texts.get(option, '')}"


def _option_docstrings(options: type) -> dict[str, str]:
    """Docstrings of a simulator's options, inherited ones included."""
    found: dict[str, str] = {}
    for kind in reversed(options.__mro__):
        if kind.__module__.startswith(PACKAGE):
            found |= attribute_docstrings(sys.modules[kind.__module__]).get(kind.__name__, {})
    return found


def _variables(variables: Any) -> str:
    if variables is None:
        return "any names"
    return "; ".join(f"{name}{_variable(variable)}" for name, variable in variables.items())


def _variable(variable: Variable) -> str:
    unit = f" [{variable.unit}]" if variable.unit else ""
    return f"{unit} in [{variable.low:g}, {variable.high:g}], {variable.description}"
