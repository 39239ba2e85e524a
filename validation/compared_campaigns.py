"""Small campaigns that, together, run every stage, and how they run with one checkout."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from validation.checkout import Checkout

Section = dict[str, Any]
#: Settings of the estimator that make posteriors and gains cheap; they need not be accurate here.
QUICK = {"draws": 128, "replicas": 16, "pseudo_experiments": 10}
#: Ratios of a shape to its nominal one in the 18 bins of muon_pairs.yaml.
TILT = {"up": [1 + 0.005 * i for i in range(-9, 9)], "down": [1 - 0.005 * i for i in range(-9, 9)]}
SHAPE = {"type": "histosys", "name": "tilt", "samples": ["signal"], "file": "tilt.json", "up": "up", "down": "down"}


@dataclass(frozen=True)
class Study:
    """A campaign of the old checkout with some sections changed, and the files that lie beside it."""

    name: str
    campaign: str
    changes: Section = field(default_factory=dict)
    beside: tuple[str, ...] = ()


#: Minutes of work: its 12 posteriors of 500 pseudo-experiments take the best part of a minute of a core each.
AS_IT_IS = Study("gaussian", "campaigns/gaussian.yaml")
STUDIES = (
    Study(
        "gaussian_quick",
        "campaigns/gaussian.yaml",
        {
            "settings": {"variance": {"values": [0.5, 2]}},
            "parameters": {"theta": {"linspace": [-2, 2, 4], "prior": "uniform", "label": "θ"}},
            "simulation": {"events": 20000},
            "estimator": {"pseudo_experiments": 10},
        },
    ),
    Study(
        "awk_gaussian",
        "examples/awk_gaussian/campaign.yaml",
        {"parameters": {"theta": {"linspace": [-2, 2, 3]}}, "estimator": QUICK},
        ("examples/awk_gaussian/simulate.sh",),
    ),
    Study(
        "muon_pairs",  # observed data, a background from a file, systematics of all three kinds
        "examples/real_data/muon_pairs.yaml",
        {
            "settings": {"sqrt_s": {"values": [89.4, 93], "unit": "GeV"}},
            "parameters": {"sin2theta_w": {"linspace": [0.20, 0.26, 4], "prior": {"mean": 0.23, "sd": 0.015}}},
            "simulation": {"events": 20000},
            "estimator": QUICK,
            "+systematics": [SHAPE],
        },
        ("examples/real_data/data.root", "examples/real_data/cosmics.json"),
    ),
    Study(
        "vector",  # a simulated background, nuisances at the best fit, templates as they are
        "examples/recast/vector.yaml",
        {
            "simulation": {"events": 2000, "smoothing": "none", "events_at": {"sqrt_s=245": 3000}},
            "estimator": {**QUICK, "nuisances": "profiled"},
        },
    ),
    Study(
        "scalar",
        "examples/recast/scalar.yaml",
        {"simulation": {"events": 5000}, "estimator": QUICK},
        ("examples/recast/published",),
    ),
    Study(
        "weinberg",
        "campaigns/weinberg.yaml",
        {
            "settings": {"sqrt_s": {"values": [82, 91], "unit": "GeV"}},
            "parameters": {"sin2theta_w": {"linspace": [0.20, 0.26, 3]}},
            "exposure": {"events": 1000},
            "simulation": {"events": 500},
            "estimator": QUICK,
        },
    ),
    Study(
        "weinberg_search",  # events of one point weighted to the others, topped up in the second round
        "campaigns/weinberg_search.yaml",
        {
            "simulator": {"name": "weinberg_born"},
            "settings": {"sqrt_s": {"values": [82, 82.5]}},
            "parameters": {"sin2theta_w": {"values": [0.22, 0.24]}},
            "observables": {"cos_theta": {"range": [-1, 1], "bins": 5}},
            "exposure": {"events": 100},
            "simulation": {"events": 300, "references": [{"sin2theta_w": 0.23}]},
            "estimator": QUICK,
            "search": {"initial": 2, "batch": 1, "rounds": 2, "tolerance": 1e-6},
        },
    ),
    Study("sequence", "tests/data/tiny/sequence.yaml"),  # one round; a command runs two
    Study("shares", "tests/data/shares/shares.yaml"),
)


def prepare(folder: Path, source: Path, studies: Sequence[Study]) -> None:
    """Write the campaigns of an old checkout, changed, into a folder to run in, with the files that they name."""
    (folder / "campaigns").mkdir(parents=True)
    for study in studies:
        text = yaml.safe_dump(changed(study, source), sort_keys=False, allow_unicode=True)
        campaign_of(study, folder).write_text(text)
        for name in study.beside:
            copy = shutil.copytree if (source / name).is_dir() else shutil.copy
            copy(source / name, folder / "campaigns" / Path(name).name)
    (folder / "campaigns/tilt.json").write_text(json.dumps(TILT))
    shutil.copytree(source / "examples", folder / "examples")


def campaign_of(study: Study, folder: Path) -> Path:
    """The campaign file of a study in a folder."""
    return folder / f"campaigns/{study.name}.yaml"


def changed(study: Study, source: Path) -> Section:
    """The content of a campaign; a + before the name of a section adds to a list, without one it is replaced."""
    content: Section = yaml.safe_load((source / study.campaign).read_text())
    for key, value in study.changes.items():
        if key.startswith("+"):
            content[key[1:]] = [*content.get(key[1:], []), *value]
        else:
            content[key] = value
    return content


def run(study: Study, checkout: Checkout, folder: Path, cores: int) -> str:
    """Run a study with the Snakefile and the package of a checkout; what was printed if that failed, else nothing."""
    line: list[str | Path] = [Path(sys.executable).parent / "snakemake", "--snakefile", checkout.folder / "Snakefile"]
    line += ["--configfile", f"campaigns/{study.name}.yaml", "--cores", str(cores), "--quiet", "all"]
    done = checkout.run(line, folder)
    return done.stdout + done.stderr if done.returncode else ""


def stages(checkout: Checkout) -> set[str]:
    """Names of all stages of a checkout."""
    return {path.stem for path in (checkout.folder / "steps").glob("*.yml")}


def exercised(folder: Path) -> Iterator[str]:
    """Names of the stages that have run in a folder; every job leaves a log that is named after its stage."""
    return (path.stem for path in (folder / "results").rglob("*.log"))
