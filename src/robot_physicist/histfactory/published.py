"""Published workspaces: their signal, their background, and their expected numbers of events."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import lazy_loader as lazy
import numpy as np

from ..quantities.errors import RecastError

pyhf = lazy.load("pyhf")


Specification = Mapping[str, Any]
SAMPLE = re.compile(r"/channels/\d+/samples/(\d+|-)")


def signal_names(patches: Specification) -> list[str]:
    """Names of the samples that a patchset adds, or puts in place of others: the signal."""
    operations = [operation for entry in patches["patches"] for operation in entry["patch"]]
    added = [
        operation["value"]["name"]
        for operation in operations
        if operation["op"] in ("add", "replace") and SAMPLE.fullmatch(operation["path"])
    ]
    if not added:
        raise RecastError(
            f"published.patchset: none of its {len(patches['patches'])} patches adds a sample, so that nothing says "
            "which is the signal; give the patchset that belongs to the workspace"
        )
    return list(dict.fromkeys(added))


def background_only(base: Specification, patches: Specification) -> dict[str, Any]:
    """Remove the published signal, and the parameters that only it had; data and backgrounds stay as they are."""
    present = {sample["name"] for channel in base["channels"] for sample in channel["samples"]}
    gone = [name for name in signal_names(patches) if name in present]
    left: dict[str, Any] = json.loads(json.dumps(pyhf.Workspace(base).prune(samples=gone) if gone else base))
    used = {modifier["name"] for sample in left["channels"][0]["samples"] for modifier in sample["modifiers"]}
    for measurement in left["measurements"]:
        config = measurement["config"]
        config["poi"] = config["poi"] if config["poi"] in used else ""
        config["parameters"] = [entry for entry in config["parameters"] if entry["name"] in used]
    return left


def totals(base: Specification) -> tuple[float, float]:
    """Observed and expected background events of a workspace without signal, all bins together."""
    background = np.sum([sample["data"] for sample in base["channels"][0]["samples"]])
    return float(np.sum(base["observations"][0]["data"])), float(background)
