"""Play the experiment: write the events that a made-up detector records at 89.4 GeV to data.root.

Each event has a list of muons, momenta in MeV: pairs from collisions, cosmic muons that look like them, and events
that the selection of muon_pairs.yaml has to remove.
"""

from pathlib import Path

import numpy as np

from robot_physicist.files.reproducible_root import recreate
from robot_physicist.simulators.weinberg_born import MuonPairOptions, WeinbergBorn

ENERGY, LUMINOSITY, TRUTH = 89.4, 3.0, 0.2312
COSMICS, ONE_MUON, SOFT = 120, 250, 200


def pair(cosine: np.ndarray, momentum: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Momenta of two muons back to back, the negative one first, (events, 2, 3)."""
    phi, sine = rng.uniform(0, 2 * np.pi, len(cosine)), np.sqrt(1 - cosine**2)
    negative = momentum[:, None] * np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)
    return np.stack([negative, -negative], axis=1)


def record(path: Path) -> None:
    """Write the file; the same bytes every time."""
    import awkward as ak

    rng = np.random.default_rng(1)
    simulator = WeinbergBorn(MuonPairOptions(cos_theta_max=0.9, width="fixed"))
    setting, parameters = {"sqrt_s": ENERGY}, {"sin2theta_w": TRUTH}
    number = rng.poisson(LUMINOSITY * simulator.cross_section(setting, parameters).value)
    cosine = simulator.prepare(setting, parameters).sample(2 * number, rng).columns["cos_theta"][:number]
    cosine = np.concatenate([cosine, rng.uniform(-0.9, 0.9, rng.poisson(COSMICS) + ONE_MUON + SOFT)])
    momentum = np.full(len(cosine), 500 * ENERGY)
    momentum[-SOFT:] *= rng.uniform(0.05, 0.5, SOFT)
    muons, charge = pair(cosine, momentum, rng), np.tile([-1, 1], (len(cosine), 1))
    swapped = rng.random(len(cosine)) < 0.5
    muons[swapped], charge[swapped] = muons[swapped, ::-1], charge[swapped, ::-1]
    sizes = np.full(len(cosine), 2)
    sizes[-SOFT - ONE_MUON : -SOFT] = rng.integers(0, 2, ONE_MUON)
    order = rng.permutation(len(cosine))
    kept = (np.arange(2) < sizes[:, None])[order]
    branches = {"px": muons[..., 0], "py": muons[..., 1], "pz": muons[..., 2]}
    columns = {name: values[order][kept].astype(np.float32) for name, values in branches.items()}
    columns["charge"] = charge[order][kept].astype(np.int32)
    lists = {name: ak.unflatten(values, sizes[order]) for name, values in columns.items()}
    with recreate(path, "real_data") as file:
        file.mktree("Events", {f"Muon_{name}": f"var * {columns[name].dtype}" for name in lists})
        file["Events"].extend({f"Muon_{name}": values for name, values in lists.items()})


if __name__ == "__main__":
    record(Path(__file__).parent / "data.root")
