"""Peak memory of the stages that see events, with ten million of them."""

import tempfile
from pathlib import Path

import yaml

from benchmarks.bench_commands import TINY
from benchmarks.measure import peak_megabytes, report

EVENTS = 10_000_000
BORN = {
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [91]}},
    "parameters": {"sin2theta_w": {"values": [0.22, 0.24]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 20}},
}
BRANCHES = {
    "gaussian": (TINY, "variance=1", "theta=1"),
    "weinberg_born": ({**TINY, **BORN}, "sqrt_s=91", "sin2theta_w=0.22"),
}


def main() -> None:
    print("Memory, 10⁷ events in one branch")
    for name, (base, setting, sample) in BRANCHES.items():
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            campaign = folder / "large.yaml"
            campaign.write_text(yaml.safe_dump({**base, "simulation": {"events": EVENTS}}))
            branch = ["--campaign", campaign, "--setting", setting, "--sample", sample, "--events", folder / "e.root"]
            report(f"simulate {name}", peak_megabytes(["simulate", *branch]), "MB", 500)
            line = ["histogram", *branch, "--histogram", folder / "h.json"]
            report(f"histogram {name}", peak_megabytes(line), "MB", 500)
