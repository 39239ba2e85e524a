"""What every simulator promises, for every simulator there is."""

from pathlib import Path

import numpy as np
import pytest

from robot_physicist.quantities.errors import UnknownNameError
from robot_physicist.quantities.seeds import branch_generator
from robot_physicist.simulators import load, names

AWK = str(Path(__file__).parents[2] / "examples/awk_gaussian/simulate.sh")
BRANCHES = {
    "gaussian": ({}, {"variance": 0.5}, {"theta": 1.0}, {"theta": -1.0}),
    "gaussian_cosine": ({}, {"phi": 3.0}, {"theta": 1.0}, {"theta": -1.0}),
    "forward_backward": ({}, {"beam_energy": 60.0}, {"theta": 1.5}, {"theta": 0.5}),
    "weinberg_born": ({"cos_theta_max": 0.9}, {"sqrt_s": 82.0}, {"sin2theta_w": 0.23}, {"sin2theta_w": 0.25}),
    "weinberg": ({"cos_theta_max": 0.9}, {"sqrt_s": 82.0}, {"sin2theta_w": 0.23}, {"sin2theta_w": 0.25}),
    "resonance": ({"spin": 2}, {"sqrt_s": 245.0}, {"peak": 0.1}, {"peak": 0.2}),
    "lineshape": ({"spin": 2}, {"sqrt_s": 245.0}, {"mass": 250.0, "width": 10.0}, {"mass": 251.0, "width": 12.0}),
    "command": (
        {"executable": [AWK], "observables": ["x"]},
        {"variance": 0.5},
        {"theta": 1.0},
        {"theta": -1.0},
    ),
}

#: Points whose events reach all of those at the first point above; those of a clipped density do not.
REFERENCES = {
    "resonance": {"peak": 0.2},
    "lineshape": {"mass": 251.0, "width": 12.0},
    "gaussian": {"theta": 0.5},
    "gaussian_cosine": {"theta": 0.5},
    "command": {"theta": 0.5},
    "forward_backward": {"theta": 0.5},
    "weinberg_born": {"sin2theta_w": 0.25},
    "weinberg": {"sin2theta_w": 0.25},
}


def test_every_simulator_has_a_branch_to_be_tested_on():
    assert set(BRANCHES) == set(names())


def test_an_unknown_name_gets_advice():
    with pytest.raises(UnknownNameError, match="did you mean 'weinberg'"):
        load("weinburg")


@pytest.fixture(params=sorted(BRANCHES))
def branch(request):
    options, setting, parameters, other = BRANCHES[request.param]
    kind = load(request.param)
    return kind(kind.Options(**options)), setting, parameters, other


def simulate(simulator, setting, parameters, events=2000, block=0):
    return simulator.prepare(setting, parameters).sample(events, branch_generator(1, setting, parameters, block))


def test_events_are_finite_arrays_of_doubles_in_range(branch):
    simulator, setting, parameters, _ = branch
    events = simulate(simulator, setting, parameters)
    assert 0 < events.accepted <= events.generated == 2000
    for name, column in events.columns.items():
        assert column.shape == (events.accepted,)
        assert column.dtype == np.float64
        assert np.isfinite(column).all()
        if simulator.observables is not None:
            variable = simulator.observables[name]
            assert variable.low <= column.min() <= column.max() <= variable.high


def test_the_same_seed_gives_the_same_bytes(branch):
    simulator, setting, parameters, _ = branch
    first, second = (simulate(simulator, setting, parameters) for _ in range(2))
    for name in first.columns:
        assert first.columns[name].tobytes() == second.columns[name].tobytes()


def test_another_branch_or_block_gives_other_events(branch):
    simulator, setting, parameters, other = branch
    first = simulate(simulator, setting, parameters)
    for changed in (simulate(simulator, setting, other), simulate(simulator, setting, parameters, block=1)):
        name = next(iter(first.columns))
        assert not np.array_equal(first.columns[name], changed.columns[name])


def test_cross_sections_are_positive(branch):
    simulator, setting, parameters, _ = branch
    events = simulate(simulator, setting, parameters)
    if simulator.has_cross_section:
        assert events.cross_section.value > 0
        assert events.cross_section.error >= 0
    else:
        assert events.cross_section is None


def weighted(simulator, setting, parameters, points, events):
    sampler = simulator.prepare_weighted(setting, parameters, points)
    return sampler.sample(events, branch_generator(1, setting, parameters, 0))


def test_weights_turn_events_of_one_point_into_those_of_another(branch):
    """Every power of x up to the fourth, in place of the shape, and the cross-section."""
    simulator, setting, other, _ = branch
    parameters = REFERENCES[type(simulator).__module__.rpartition(".")[2]]
    made = weighted(simulator, setting, parameters, [other, parameters], 40_000)
    direct = simulate(simulator, setting, other, events=40_000)
    assert made.ratios.shape == (made.accepted, 2)
    assert np.isfinite(made.ratios).all()
    assert (made.ratios >= 0).all()
    assert made.ratios[:, 1] == pytest.approx(np.ones(made.accepted), abs=1e-12)
    plain = simulate(simulator, setting, parameters, events=40_000)
    for name in plain.columns:
        assert made.columns[name].tobytes() == plain.columns[name].tobytes()
    (x,), (y,) = made.columns.values(), direct.columns.values()
    first, second = (1.0 if e.cross_section is None else e.cross_section.value for e in (made, direct))
    for power in range(5):
        # rejected events count as zero, so power 0 is the accepted cross-section
        left, right = first * made.ratios[:, 0] * x**power, second * y**power
        error = np.hypot(*(np.sqrt((v**2).sum()) / e.generated for v, e in ((left, made), (right, direct))))
        assert abs(left.sum() / made.generated - right.sum() / direct.generated) < 4 * error
    exact = simulator.cross_section(setting, other)
    if exact is not None:
        section = first * made.ratios[:, 0] / made.generated
        assert abs(section.sum() - exact.value) < 4 * np.sqrt((section**2).sum())


@pytest.mark.parametrize("other", [0.20, 0.26])
def test_weights_of_the_hard_process_hold_when_the_beams_radiate(other):
    """Above the Z, radiation returns to it: the angle in the laboratory is not that of the hard process."""
    kind = load("weinberg")
    simulator, setting, point = kind(kind.Options(isr=True)), {"sqrt_s": 94.0}, {"sin2theta_w": other}
    made = weighted(simulator, setting, {"sin2theta_w": 0.23}, [point], 40_000)
    direct = simulate(simulator, setting, point, events=40_000)
    values = made.ratios[:, 0] * np.sign(made.columns["cos_theta"])
    expected = np.sign(direct.columns["cos_theta"])
    asymmetry = values.sum() / made.ratios.sum()
    assert abs(asymmetry - expected.mean()) < 4 * np.sqrt(2 / 40_000)
    section = made.cross_section.value * made.ratios.mean()
    error = np.hypot(direct.cross_section.error, made.cross_section.error * made.ratios.mean())
    assert abs(section - direct.cross_section.value) < 4 * error


def test_densities_are_normalised_and_describe_the_events(branch):
    simulator, setting, parameters, _ = branch
    if not simulator.has_density:
        with pytest.raises(NotImplementedError):
            simulator.density({"x": np.zeros(1)}, setting, parameters)
        return
    (column,) = simulate(simulator, setting, parameters, events=50_000).columns.values()
    edges = np.linspace(-8, 8, 400_001) if "x" in simulator.observables else np.linspace(-1, 1, 400_001)
    (name,) = simulator.observables
    density = simulator.density({name: edges}, setting, parameters)
    cumulative = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(edges))])
    assert cumulative[-1] == pytest.approx(1, abs=1e-5)
    empirical = np.searchsorted(np.sort(column), edges) / len(column)
    # Kolmogorov's 99.9% point; the seed is fixed.
    assert np.abs(empirical - cumulative).max() < 1.95 / np.sqrt(len(column))
    closed = simulator.cdf({name: np.concatenate([[-np.inf], edges, [np.inf]])}, setting, parameters)
    assert closed is not None
    assert closed[[0, -1]] == pytest.approx([0, 1], abs=1e-15)
    assert np.abs(closed[1:-1] - cumulative).max() < 1e-5
