"""What the commands about the project do: check, init, simulators and reference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from .. import __version__, files
from ..quantities.errors import BadInputError, CheckError
from .agreement import problems, read_project
from .engines import installed, refusals
from .reference import campaign_reference, campaign_schema, document_schemas, simulator_reference, starting_campaign


def check(folder: Path, options: Mapping[str, set[str]]) -> str:
    """Check that the steps, graphs, environments and REANA specifications of a folder agree; raises CheckError.

    When they do, the programs that will read them are asked too, as far as they are installed.
    """
    project = read_project(folder)
    found = list(problems(project, options, __version__)) or list(refusals(folder))
    if found:
        raise CheckError("\n  ".join([f"{folder}: {len(found)} problem(s)", *found]))
    return (
        f"{folder}: {len(project.steps)} steps, {len(project.workflows)} workflows"
        f" and {len(project.reana)} REANA specifications agree\n"
        f"accepted by: {', '.join(validator.name for validator in installed(folder)) or 'nobody asked'}"
    )


def init(file: Path) -> str:
    """Write a commented campaign to start from; an existing file is never overwritten."""
    if file.exists() or file.is_symlink():
        raise BadInputError(f"{file}: exists already; choose another name")
    files.write_bytes(file, starting_campaign(file.stem).encode())
    return f"{file}: edit it, then `robot-physicist validate {file}`"


def simulators() -> str:
    """Describe every simulator of the package."""
    return simulator_reference()


def reference(folder: Path) -> str:
    """Write the generated schemas and the reference page below a project folder."""
    schemas = {f"docs/schemas/{name}.schema.json": schema for name, schema in document_schemas().items()}
    pages = {
        name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in {**schemas, "campaigns/campaign.schema.json": campaign_schema()}.items()
    }
    pages["docs/campaign.md"] = campaign_reference()
    for name, text in pages.items():
        files.write_bytes(folder / name, text.encode())
    return "\n".join(str(folder / name) for name in pages)
