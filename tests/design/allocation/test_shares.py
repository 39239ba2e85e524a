"""Shares of a luminosity: gradients against exact sums, mixtures that win, mixtures that do not, and the command."""

import json

import numpy as np
import pytest
from scipy import stats

from robot_physicist import stages
from robot_physicist.cli import main
from robot_physicist.design.allocation.plan import allocate
from robot_physicist.design.allocation.shares import TOLERANCE, Experiment, optimal_shares
from robot_physicist.information.options import Estimator
from robot_physicist.likelihood.data_points import data_points
from robot_physicist.quantities.errors import BadInputError
from robot_physicist.quantities.exposure import Luminosity
from robot_physicist.quantities.labels import label
from robot_physicist.simulators.resonance import breit_wigner
from robot_physicist.templates.options import Simulation
from robot_physicist.templates.templates import Templates

ONE = Luminosity(luminosity=1)


def experiment(rates, draws=4096, seed=1):
    """Rates (J, K, B), all θ equally likely."""
    points = data_points(ONE, rates.shape[0] * rates.shape[2], draws, np.random.default_rng(seed))
    return Experiment(rates, np.full(rates.shape[1], 1 / rates.shape[1]), points)


def exact(rates, shares, most=60):
    """EIG of two settings of one bin by the sum over all pairs of counts."""
    count = np.arange(most)
    first, second = (stats.poisson.pmf(count, share * rate) for share, rate in zip(shares, rates, strict=True))
    chance = first[:, :, None] * second[:, None, :]
    evidence = chance.mean(axis=0)
    assert evidence.sum() == pytest.approx(1, abs=1e-9)
    ratio = np.log(chance, out=np.zeros_like(chance), where=chance > 0) - np.log(np.maximum(evidence, 1e-300))
    return float((chance * ratio).sum(axis=(1, 2)).mean())


def scan(energies, events, seed=1):
    """A resonance of unknown mass and width; one energy measures one rate."""
    points = [(mass, width) for mass in np.linspace(246, 254, 5) for width in np.linspace(8, 14, 4)]
    return experiment(
        np.array([[[events * breit_wigner(e, *point)] for point in points] for e in energies]), 4096, seed
    )


# The gain and its derivative


TWO = np.array([[[2.0], [7.0], [12.0]], [[9.0], [3.0], [6.0]]])


@pytest.mark.parametrize("shares", [(0.3, 0.7), (0.9, 0.1)])
def test_gain_and_marginal_gain_of_shares_are_those_of_the_sum_over_all_data(shares):
    found, columns, step = experiment(TWO, 1 << 15), TWO[:, :, :1], 1e-4
    estimate = found.gain(np.array(shares))
    assert estimate.value == pytest.approx(exact(columns, shares), abs=4 * estimate.error)
    assert estimate.error < 5e-4
    for index, marginal in enumerate(found.marginal(np.array(shares))):
        up, down = np.array(shares), np.array(shares)
        up[index] += step
        down[index] -= step
        slope = (exact(columns, up) - exact(columns, down)) / (2 * step)
        assert marginal == pytest.approx(slope, rel=4e-3)


def test_a_setting_that_the_plan_leaves_out_has_a_marginal_gain_too():
    shares, step = np.array([1.0, 0.0]), 1e-5
    slope = (exact(TWO, (1.0, step)) - exact(TWO, shares)) / step
    assert experiment(TWO, 1 << 15).marginal(shares)[1] == pytest.approx(slope, rel=4e-3)


def test_the_gain_is_concave_in_the_shares_of_many_events_but_not_of_few():
    """The formula in the module: with few events and rates that exclude each other the middle is below both ends."""
    few = np.array([[[2.0], [0.02]], [[0.02], [2.0]]])
    many = np.array([[[20.0], [24.0], [18.0]], [[20.0], [19.0], [25.0]]])
    for rates, concave in ((few, False), (many, True)):
        ends = 0.5 * (exact(rates, (1.0, 0.0)) + exact(rates, (0.0, 1.0)))
        assert (exact(rates, (0.5, 0.5)) > ends) is concave


# The best shares


def test_a_mixture_beats_every_single_setting():
    """Mass and width of a resonance: from either side of the peak, and far beyond the error from any one energy."""
    energies = np.arange(238, 263, 3.0)
    chosen = optimal_shares(scan(energies, 1000))
    assert chosen.shares.sum() == pytest.approx(1)
    assert chosen.gap <= TOLERANCE
    below, above = (chosen.shares[side].sum() for side in (energies < 249, energies > 251))
    assert below == pytest.approx(0.5, abs=0.1)
    assert above == pytest.approx(0.5, abs=0.1)
    judge = scan(energies, 1000, seed=2)
    for vertex in np.eye(len(energies)):
        more = judge.advantage(chosen.shares, vertex)
        assert more.value - 5 * more.error > 0.5
    assert judge.gain(chosen.shares).value > judge.gain(np.full(len(energies), 1 / len(energies))).value


def test_no_shares_of_a_fine_grid_are_better():
    rates = np.array([[[20.0], [20.0], [40.0], [40.0]], [[10.0], [25.0], [10.0], [25.0]]])
    grid = np.linspace(0, 1, 21)
    gains = [exact(rates, (share, 1 - share), 120) for share in grid]
    chosen = optimal_shares(experiment(rates)).shares
    assert exact(rates, chosen, 120) > max(gains) - TOLERANCE
    assert chosen[0] == pytest.approx(grid[np.argmax(gains)], abs=0.1)


def test_one_setting_is_best_where_another_adds_nothing():
    better = np.array([[10.0, 30.0], [20.0, 25.0], [30.0, 10.0]])
    chosen = optimal_shares(experiment(np.array([0.5 * better, better, np.full((3, 2), 20.0)])))
    assert chosen.shares.tolist() == [0.0, 1.0, 0.0]
    assert chosen.gap == 0.0


def test_the_better_of_two_maxima_is_found():
    """Few events that exclude each other: both ends are maxima, and the middle is none."""
    rates = np.array([[[2.0], [0.02]], [[0.02], [2.2]]])
    assert optimal_shares(experiment(rates)).shares.tolist() == [0.0, 1.0]


def test_a_setting_that_cannot_see_the_sign_is_joined_by_one_that_sees_little_else():
    """Rates that grow as θ² say more than those that grow as θ, but leave θ → −θ open."""
    theta = np.linspace(-1, 1, 10)
    square, line = 100 * (0.2 + theta**2), 20 * (1 + 0.8 * theta)
    found = experiment(np.stack([square, line])[:, :, None])
    square_only, line_only = (found.gain(vertex).value for vertex in np.eye(2))
    assert line_only < square_only < np.log(5)
    chosen = optimal_shares(found).shares
    more = experiment(found.rates, seed=2).advantage(chosen, np.array([1.0, 0.0]))
    assert 0.1 < chosen[1] < 0.9
    assert more.value - 5 * more.error > 0.1


# A finite simulation


def two_settings(events, rng):
    """One setting whose shape depends on a, one whose shape depends on b, and their exact shapes (2, K, B)."""
    points = [(a, b) for a in np.linspace(-1, 1, 5) for b in np.linspace(-1, 1, 5)]
    slope = np.array([-1.5, -0.5, 0.5, 1.5]) / 4
    shapes = np.exp(np.array(points).T[:, :, None] * slope)
    shapes /= shapes.sum(axis=2, keepdims=True)
    names = tuple(label({"a": a, "b": b}) for a, b in points)
    known = np.full(len(points), 300.0)
    made = []
    for shape in shapes:
        counts = rng.multinomial(events // 10, shape[:, None].repeat(10, axis=1)).astype(float)
        generated = np.full(len(points), float(events))
        made.append(Templates(names, (), counts, counts, generated, known, 0 * known, {}))
    return dict(zip(("p=1", "p=2"), made, strict=True)), 300.0 * shapes


def test_intervals_of_gain_and_advantage_hold_the_truth():
    """Six simulations; chances of 5% come true three times out of six once in 500 series."""
    held, prior = [], np.full(25, 0.04)
    for seed in range(6):
        templates, rates = two_settings(1000, np.random.default_rng(seed))
        options = Estimator(draws=512, replicas=16), Simulation(), np.random.default_rng(seed)
        found = allocate(templates, ONE, prior, *options, exposure_label="luminosity=1pb-1")
        truth, shares = experiment(rates), np.array([one.share for one in found.shares])
        alone = np.eye(2)[[one.setting for one in found.shares].index(found.best)]
        gain, more = truth.gain(shares).value, truth.advantage(shares, alone).value
        held.append((found.gain.low < gain < found.gain.high, found.advantage.low < more < found.advantage.high))
        assert shares.min() > 0.3
        assert found.advantage.low > 0
    assert (np.sum(held, axis=0) >= 4).all()


# From files


CAMPAIGN = """
name: scan
seed: 5
simulator: {name: SIMULATOR}
settings: {sqrt_s: {values: [VALUES]}}
parameters: {PARAMETERS}
observables: {cos_theta: {range: [-1, 1], bins: 4}}
exposure: [{luminosity: LUMINOSITY}, {events: 10}]
simulation: {events: 4000, SIMULATION}
"""
BORN = {
    "SIMULATOR": "weinberg_born, options: {width: fixed}",
    "VALUES": "82, 90.5, 91",
    "PARAMETERS": "sin2theta_w: {linspace: [0.22, 0.24, 5]}",
    "LUMINOSITY": "0.2",
    "SIMULATION": "folds: 4",
}
LINESHAPE = {
    "SIMULATOR": "lineshape, options: {continuum: 0.05}",
    "VALUES": "244, 250, 256",
    "PARAMETERS": "mass: {linspace: [246, 254, 5]}, width: {linspace: [8, 14, 3]}",
    "LUMINOSITY": "1000",
    "SIMULATION": "folds: 4, references: [{mass: 250, width: 11}]",
}


@pytest.fixture
def finished(tmp_path):
    """Write a campaign, simulate all of it, and return its file and its histograms."""

    def run(words):
        text = CAMPAIGN
        for word, value in words.items():
            text = text.replace(word, value)
        path = tmp_path / "scan.yaml"
        path.write_text(text)
        branches = json.loads(_branches(path, tmp_path))
        found = []
        for setting in branches["settings"]:
            for sample in branches["samples"]:
                folder = tmp_path / setting / sample
                stages.simulate(path, setting, sample, folder / "events.root")
                stages.histogram(path, setting, sample, folder / "events.root", folder / "histogram.json")
                found.append(folder / "histogram.json")
        return path, found

    return run


@pytest.fixture
def call(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out + captured.err

    return run


def _branches(path, folder):
    stages.branches(path, folder / "branches.json")
    return (folder / "branches.json").read_text()


def test_the_command_shares_a_luminosity_and_draws_it(call, finished, tmp_path):
    path, histograms = finished(LINESHAPE)
    arguments = ("--campaign", path, "--exposure", "luminosity=1000pb-1", "--histograms", *histograms)
    outputs = ("--allocation", tmp_path / "allocation.json", "--figures", tmp_path / "figures")
    code, text = call("allocate", *arguments, *outputs)
    assert code == 0
    assert "more than all at sqrt_s=" in text
    found = json.loads((tmp_path / "allocation.json").read_text())
    assert [one["share"] for one in found["shares"]] == pytest.approx([0.5, 0.0, 0.5], abs=0.1)
    assert found["advantage"]["low"] > 0.5
    assert "jackknife" in found["method"]
    assert {one.suffix for one in (tmp_path / "figures").iterdir()} == {".pdf", ".png"}
    again = tmp_path / "again.json"
    call("allocate", *arguments, "--allocation", again, "--figures", tmp_path / "figures")
    assert again.read_bytes() == (tmp_path / "allocation.json").read_bytes()
    code, text = call("allocate", *arguments[:4], "--histograms", *histograms[:1], *outputs)
    assert code != 0
    assert "no histogram for setting sqrt_s=250" in text
    code, text = call("allocate", *arguments[:2], "--exposure", "events=10", "--histograms", *histograms, *outputs)
    assert code == 2
    assert "a luminosity is what can be shared" in text


def test_simulated_templates_name_the_one_best_energy_with_an_interval_that_holds_the_truth(finished, tmp_path):
    from robot_physicist.campaign.files import read_campaign
    from robot_physicist.information.exact import exact_gain

    path, histograms = finished(BORN)
    stages.allocate(path, "luminosity=0.2pb-1", histograms, tmp_path / "a.json", tmp_path)
    found = json.loads((tmp_path / "a.json").read_text())
    assert [one["share"] for one in found["shares"]] == [0.0, 0.0, 1.0]
    assert found["verdict"].endswith("no sharing is better than one setting")
    campaign = read_campaign(path)
    prior, rng = np.full(5, 0.2), np.random.default_rng(1)
    truth = exact_gain(campaign, {"sqrt_s": 91.0}, campaign.exposures["luminosity=0.2pb-1"], prior, rng)
    assert found["gain"]["low"] < truth.value < found["gain"]["high"]
    assert found["gain"]["high"] - found["gain"]["low"] < 0.2


def test_a_number_of_events_cannot_be_shared():
    from robot_physicist.quantities.exposure import EventCount

    with pytest.raises(BadInputError, match="choose an exposure that has one"):
        allocate(
            {},
            EventCount(events=5),
            np.ones(1),
            Estimator(),
            Simulation(),
            np.random.default_rng(1),
            exposure_label="events=5",
        )
