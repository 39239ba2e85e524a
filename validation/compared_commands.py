"""What commands print, with their exit codes, compared between two checkouts."""

from __future__ import annotations

import copy
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from validation.checkout import PROGRAM, Checkout

#: A campaign without mistakes, from which bad ones are made.
GOOD: dict[str, Any] = {
    "name": "good",
    "seed": 3,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [0.5, 2]}},
    "parameters": {"theta": {"linspace": [-1, 1, 5]}},
    "observables": {"x": {"range": [-5, 5], "bins": 10, "overflow": "include"}},
    "exposure": [{"events": 1}, {"events": 5}],
    "simulation": {"events": 2000},
}
#: The same as experiments one after the other.
TWO_ROUNDS = {
    **GOOD,
    "exposure": {"events": 5},
    "estimator": {"draws": 128, "replicas": 16, "pseudo_experiments": 10},
    "sequence": {"rounds": 2, "truth": {"theta": 0.5}},
}
#: Sections, one of each kind of mistake, as tests/campaign/test_reading.py has them.
BAD: dict[str, Any] = {
    "simulater": {},
    "observables.x.bin": 3,
    "simulator.name": "gausian",
    "simulator.options": {"ist": 1},
    "settings.variance": {"values": [1, 3, 2]},
    "settings.variance.values": [-1],
    "observables.x.range": [1, 1],
    "observables.x.bins": 30_000,
    "parameters.theta.prior": {"weights": [1, 1]},
    "exposure": {"luminosity": 1},
    "simulation.events": 5,
    "seed": True,
    "name": "$(id)",
    "observed": {"file": "/etc/passwd", "setting": {"variance": 2}},
    "systematics": [{"type": "normsys", "name": "eff", "samples": ["signl"], "up": 1.1, "down": 0.9}],
    "backgrounds": [{"name": "b", "simulator": {"name": "weinberg_born"}}],
    "search": {"rounds": 0},
    "sequence": {"rounds": 1, "truth": {"theta": 3}},
    "allocate": "events=1",
}
#: What can be shown, of all results.
SHOWN = {"design.json", "allocation.json", "search.json", "sequence.json"}
TINY = "--campaign checkout/tests/data/tiny/tiny.yaml --setting variance=1"
HISTOGRAM = "checkout/tests/data/tiny/variance=1/theta=0/histogram.json"
PUBLISHED = "checkout/tests/data/tiny/variance=1/events=5"
#: Commands that are well and ill used; each is run with the tree's files below `checkout`.
LINES = (
    "",
    "--version",
    "simulators",
    "init started.yaml",
    "validate started.yaml",
    "check checkout",
    "reference results/reference",
    "sequence two_rounds.yaml --results results/two_rounds",
    "workspace checkout/examples/recast/published/workspace.json --draws 256 --output results/workspace/patches.json"
    " --patchset checkout/examples/recast/published/patchset.json",
    "workspace modified.json --grid mu=0:2:5 --prior mu=1:0.5 --draws 256 --output results/workspace/by_grid.json",
    "watch campaigns/gaussian_quick.yaml --once",
    f"simulate {TINY} --sample theta=0 --events results/alone/events.root",
    f"histogram {TINY} --sample theta=0 --events results/alone/events.root --histogram results/alone/histogram.json",
    f"posterior {TINY} --exposure events=5 --workspace {PUBLISHED}/workspace.json"
    f" --patchset {PUBLISHED}/patchset.json"
    " --posterior results/alone/posterior.json",
    # mistakes
    "simulat",
    "validate",
    "validate none.yaml",
    "validate broken.yaml",
    "plan none.yaml",
    "plan campaigns/sequence.yaml --error -1",
    "plan campaigns/gaussian_quick.yaml --pilot none",
    "show none.json",
    "show broken.yaml",
    "show campaigns/tilt.json",
    "init campaigns/sequence.yaml",
    "check campaigns",
    "sequence campaigns/gaussian_quick.yaml",
    "workspace campaigns/tilt.json",
    "workspace modified.json --grid nu=0:2:5",
    f"simulate {TINY} --sample theta=9 --events e.root",
    f"histogram {TINY} --sample theta=1 --events results/alone/events.root --histogram h.json",
    f"histogram {TINY} --sample theta=1 --events broken.yaml --histogram h.json",
    f"likelihood {TINY} --exposure events=5 --histograms {HISTOGRAM} --workspace w.json --patchset p.json",
    f"likelihood {TINY} --exposure events=6 --histograms {HISTOGRAM} --workspace w.json --patchset p.json",
    f"eig {TINY} --exposure events=5 --histograms none.json --gain g.json",
    "design --campaign campaigns/shares.yaml --gains none.json --posteriors none.json --histograms none.json"
    " --design d.json --table t.csv --figures f",
)
#: A counting experiment with a strength μ and a nuisance parameter.
MODIFIED: dict[str, Any] = {
    "channels": [
        {
            "name": "counts",
            "samples": [
                {
                    "name": "signal",
                    "data": [5.0, 9.0],
                    "modifiers": [
                        {"name": "mu", "type": "normfactor", "data": None},
                        {"name": "efficiency", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}},
                    ],
                },
                {"name": "background", "data": [50.0, 40.0], "modifiers": []},
            ],
        }
    ],
    "observations": [{"name": "counts", "data": [56.0, 47.0]}],
    "measurements": [{"name": "search", "config": {"poi": "mu", "parameters": []}}],
    "version": "1.0.0",
}


def prepare(folder: Path, tree: Path) -> None:
    """Write what the commands read into a folder to run in, and link it to files of a tree that are not results."""
    (folder / "checkout").symlink_to(tree)
    (folder / "broken.yaml").write_text("a: [")
    (folder / "modified.json").write_text(json.dumps(MODIFIED))
    (folder / "two_rounds.yaml").write_text(yaml.safe_dump(TWO_ROUNDS))
    (folder / "bad").mkdir()
    for number, (path, value) in enumerate(BAD.items()):
        (folder / f"bad/{number}.yaml").write_text(yaml.safe_dump(put(GOOD, path, value)))


def put(raw: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a campaign with another value at a path, such as observables.x.bins."""
    result = copy.deepcopy(raw)
    *parents, last = path.split(".")
    place = result
    for key in parents:
        place = place[key]
    place[last] = value
    return result


def lines(checkout: Checkout, folder: Path) -> Iterator[str]:
    """All command lines; those that need what others have made come after them."""
    yield from LINES
    yield from (f"{name} --help" for name in commands(checkout))
    for path in [*sorted((folder / "campaigns").glob("*.yaml")), *sorted((folder / "bad").glob("*.yaml"))]:
        yield f"validate {path.relative_to(folder)}"
    for path in sorted((folder / "campaigns").glob("*.yaml")):
        yield f"plan {path.relative_to(folder)} --cores 2"
    for path in sorted((folder / "results").rglob("*.json")):
        if path.name in SHOWN:
            yield f"show {path.relative_to(folder)}"


def commands(checkout: Checkout) -> list[str]:
    """Names of all commands, from the page of help."""
    text = checkout.run([PROGRAM, "--help"], checkout.programs).stdout
    return re.findall(r"^  ([a-z]+) ", text.partition("Commands:\n")[2], re.MULTILINE)


def printed(checkout: Checkout, folder: Path, chosen: Sequence[str], cores: int) -> dict[str, bytes]:
    """What each command prints in a folder, by its line; the first ones one after the other, as they make files."""

    def one(line: str) -> bytes:
        done = checkout.run([PROGRAM, *shlex.split(line)], folder)
        text = f"exit code {done.returncode}\n{done.stdout}\nstandard error\n{done.stderr}"
        return without_places_and_times(line, text, checkout.folder).encode()

    first, later = chosen[: len(LINES)], chosen[len(LINES) :]
    with ThreadPoolExecutor(cores) as pool:
        return {line: one(line) for line in first} | dict(zip(later, pool.map(one, later), strict=True))


def without_places_and_times(line: str, text: str, tree: Path) -> str:
    """Text without where the checkout lies, and without the time that a plan has measured."""
    text = text.replace(str(tree), "CHECKOUT")
    return re.sub(r"^time .*$", "time", text, flags=re.MULTILINE) if line.startswith("plan ") else text
