"""Campaigns that recast the search of examples/recast."""

import yaml

from support.campaigns import ROOT

EXAMPLE = ROOT / "examples/recast"
SETTING, EXPOSURE = "sqrt_s=250", "luminosity=1fb-1"


def written(folder, **changes):
    """Write a campaign like scalar.yaml, a key at a time different, and return its name."""
    raw = yaml.safe_load((EXAMPLE / "scalar.yaml").read_text())
    raw = {key: value for key, value in {**raw, **changes}.items() if value is not None}
    path = folder / f"changed_{len(list(folder.glob('changed_*.yaml')))}.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path.stem
