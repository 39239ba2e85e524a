"""Processes: time to start, and what a stage costs without any physics."""

import tempfile
from pathlib import Path

import yaml

from benchmarks.measure import process_seconds, report

TINY = {
    "name": "tiny",
    "seed": 1,
    "simulator": {"name": "gaussian"},
    "settings": {"variance": {"values": [1]}},
    "parameters": {"theta": {"values": [-1, 1]}},
    "observables": {"x": {"range": [-5, 5], "bins": 2, "overflow": "include"}},
    "exposure": {"events": 1},
    "simulation": {"events": 100, "folds": 2},
    "estimator": {"draws": 64, "replicas": 16, "pseudo_experiments": 1},
}
REPEATS = 9
#: Two stages hand their results to a large library, which takes longer to import than everything else together.
LIBRARIES = {"likelihood": "with pyhf's check of the model", "design": "with its figures by matplotlib"}
GOALS = {"likelihood": 1.0, "design": 3.0}


def main() -> None:
    print("Processes")
    report("robot-physicist --help", process_seconds(["--help"], 21), "s", 0.15)
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in stages(Path(folder)).items():
            seconds = process_seconds([name, *arguments], REPEATS)
            report(
                f"stage {name}, {LIBRARIES.get(name, 'next to nothing to compute')}",
                seconds,
                "s",
                GOALS.get(name, 0.3),
            )


def stages(folder: Path) -> dict[str, list[str | Path]]:
    """Arguments of every stage of a campaign with two parameter points, in the order in which they run."""
    campaign = folder / "tiny.yaml"
    campaign.write_text(yaml.safe_dump(TINY))
    branch = ["--campaign", campaign, "--setting", "variance=1"]
    exposure = [*branch, "--exposure", "events=1"]
    histograms = [folder / "variance=1" / sample / "histogram.json" for sample in ("theta=-1", "theta=1")]
    published = ["--workspace", folder / "workspace.json", "--patchset", folder / "patchset.json"]
    result: dict[str, list[str | Path]] = {}
    for path in histograms:
        events = [*branch, "--sample", path.parent.name, "--events", path.with_name("events.root")]
        result |= {"simulate": events, "histogram": [*events, "--histogram", path]}
        for name in ("simulate", "histogram"):
            process_seconds([name, *result[name]], 1)
    gain, posterior = folder / "eig.json", folder / "posterior.json"
    return result | {
        "likelihood": [*exposure, "--histograms", *histograms, *published],
        "posterior": [*exposure, *published, "--posterior", posterior],
        "eig": [*exposure, "--histograms", *histograms, "--gain", gain],
        "design": [
            *("--campaign", campaign, "--gains", gain, "--posteriors", posterior, "--histograms", *histograms),
            *("--design", folder / "design.json", "--table", folder / "design.csv", "--figures", folder / "figures"),
        ],
    }
