"""Exact gains against closed forms, SciPy's quadrature and brute force: tails, narrow densities, several observables."""

import json
from typing import ClassVar

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from robot_physicist import stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.information import exact as subject
from robot_physicist.information.gain import eig_one_event, gain
from robot_physicist.quantities.errors import DensityError, GainWarning
from robot_physicist.quantities.events import CrossSection, Events
from robot_physicist.quantities.exposure import EventCount, Luminosity
from robot_physicist.quantities.observable import Observable
from robot_physicist.simulators import load
from robot_physicist.simulators.base import Sampler, Simulator, Variable
from robot_physicist.simulators.probabilities import bin_probabilities

THETA = np.linspace(-2, 2, 11)
PRIOR = np.full(11, 1 / 11)


class Drawn(Sampler):
    def __init__(self, draw):
        self.draw = draw

    def sample(self, events, rng):
        columns, section = self.draw(events, rng)
        return Events(columns, events, None, None if section is None else CrossSection(section))


class NoClosedForm(load("gaussian")):
    """The same Gaussian, of which only the density is known."""

    cdf = Simulator.cdf


class Correlated(Simulator):
    """(x, y) ~ N((θ, −θ), unit variances, correlation φ)."""

    settings: ClassVar = {"correlation": Variable()}
    parameters: ClassVar = {"theta": Variable()}
    observables: ClassVar = {"x": Variable(), "y": Variable()}
    has_density = has_ratios = True

    def prepare(self, setting, parameters):
        rho, theta = setting["correlation"], parameters["theta"]

        def draw(events, rng):
            first, second = rng.standard_normal((2, events))
            return {"x": theta + first, "y": -theta + rho * first + np.sqrt(1 - rho**2) * second}, None

        return Drawn(draw)

    def density(self, columns, setting, parameters):
        rho, theta = setting["correlation"], parameters["theta"]
        x, y = columns["x"] - theta, columns["y"] + theta
        form = (x**2 - 2 * rho * x * y + y**2) / (1 - rho**2)
        return np.exp(-form / 2) / (2 * np.pi * np.sqrt(1 - rho**2))


class Three(Simulator):
    """Three independent numbers with means θ, 0 and −θ, seen where the first is above a cut; the rate is θ + 3."""

    settings: ClassVar = {"cut": Variable()}
    parameters: ClassVar = {"theta": Variable()}
    observables: ClassVar = {"x": Variable(), "y": Variable(), "z": Variable()}
    has_density = has_cross_section = True
    factor = 1.0

    def prepare(self, setting, parameters):
        theta = parameters["theta"]

        def draw(events, rng):
            x, y, z = rng.standard_normal((3, events)) + np.array([[theta], [0.0], [-theta]])
            return {"x": x[x > setting["cut"]], "y": y[x > setting["cut"]], "z": z[x > setting["cut"]]}, theta + 3

        return Drawn(draw)

    def density(self, columns, setting, parameters):
        x, y, z = columns["x"], columns["y"], columns["z"]
        theta, kept = parameters["theta"], norm.sf(setting["cut"], parameters["theta"])
        found = norm.pdf(x, theta) * norm.pdf(y) * norm.pdf(z, -theta) / kept
        return np.where(x > setting["cut"], found, 0.0) * (self.factor if theta > 0 else 1.0)

    def cross_section(self, setting, parameters):
        return CrossSection((parameters["theta"] + 3) * norm.sf(setting["cut"], parameters["theta"]))


def campaign_of(observables, exposure, **changes):
    raw = {
        "name": "small",
        "seed": 3,
        "simulator": {"name": "gaussian"},
        "settings": {"variance": {"values": [1]}},
        "parameters": {"theta": {"linspace": [-2, 2, 11]}},
        "observables": observables,
        "exposure": exposure,
    }
    return campaign_from({**raw, **changes}, "small.yaml")


def exact(simulator, observables, setting, exposure=None, monkeypatch=None, points=None):
    """The exact gain of a simulator of this file, and why there is none."""
    theta = {} if points is None else {"parameters": {"theta": {"linspace": points}}}
    campaign = campaign_of({"x": {"range": [-1, 1], "bins": 2}}, {"events": 1}, **theta)
    binned = {name: Observable.model_validate(entry) for name, entry in observables.items()}
    chosen = TypeAdapter(list[EventCount | Luminosity]).validate_python([exposure or {"events": 1}])
    campaign = campaign.model_copy(update={"observables": binned, "exposure": chosen})
    monkeypatch.setattr(subject, "build", lambda choice: simulator)
    prior = np.full(len(campaign.parameter_points), 1 / len(campaign.parameter_points))
    return subject.exact_gain(campaign, setting, campaign.exposure[0], prior, np.random.default_rng(1))


def gaussian_bins(variance, low, high, bins, overflow):
    edges = np.linspace(low, high, bins + 1)
    if overflow == "include":
        edges[[0, -1]] = -np.inf, np.inf
    shape = np.diff(norm.cdf(edges, THETA[:, None], np.sqrt(variance)), axis=1)
    return shape / shape.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("kind", [load("gaussian"), NoClosedForm])
@pytest.mark.parametrize("overflow", ["include", "drop", "error"])
@pytest.mark.parametrize("variance", [4.0, 1.0, 0.01])
def test_tails_are_where_the_events_are(kind, overflow, variance, monkeypatch):
    observable = {"range": [-1, 1], "bins": 5, "overflow": overflow}
    if variance == 0.01 and overflow != "include":
        observable["range"] = [-2.1, 2.1]
    found, said = exact(kind(kind.Options()), {"x": observable}, {"variance": variance}, monkeypatch=monkeypatch)
    truth = eig_one_event(gaussian_bins(variance, *observable["range"], 5, overflow), PRIOR)
    assert said == []
    assert abs(found.value - truth) <= found.error + 1e-14
    assert found.error < 1e-8


def test_the_named_case_of_the_tails(monkeypatch):
    simulator = load("gaussian")(load("gaussian").Options())
    observable = {"range": [-1, 1], "bins": 8, "overflow": "include"}
    found, _ = exact(simulator, {"x": observable}, {"variance": 4.0}, monkeypatch=monkeypatch)
    assert found.value == pytest.approx(0.1343, abs=5e-5)


@pytest.mark.parametrize("kind", [load("gaussian"), NoClosedForm])
@pytest.mark.parametrize("variance", [1e-4, 1e-6, 1e-12])
def test_densities_narrower_than_bins_are_not_missed(kind, variance, monkeypatch):
    observable = {"range": [-6, 6], "bins": 47, "overflow": "include"}
    found, said = exact(kind(kind.Options()), {"x": observable}, {"variance": variance}, monkeypatch=monkeypatch)
    assert said == []
    assert found.value == pytest.approx(np.log(11), abs=found.error + 1e-12)
    assert found.error < 1e-6


def mixture(share, width):
    """A narrow line at θ on top of a broad Gaussian, density only."""

    class Line(Simulator):
        settings: ClassVar = {}
        parameters: ClassVar = {"theta": Variable()}
        observables: ClassVar = {"x": Variable()}
        has_density = True

        def prepare(self, setting, parameters):
            def draw(events, rng):
                narrow = rng.random(events) < share
                x = rng.standard_normal(events)
                return {"x": np.where(narrow, parameters["theta"] + width * x, x)}, None

            return Drawn(draw)

        def density(self, columns, setting, parameters):
            x = columns["x"]
            return share * norm.pdf(x, parameters["theta"], width) + (1 - share) * norm.pdf(x)

    return Line(Line.Options())


@pytest.mark.parametrize(("share", "width"), [(0.3, 1e-6), (0.1, 1e-4), (0.5, 1e-9), (1e-4, 1e-5), (0.02, 1e-7)])
def test_narrow_lines_on_broad_backgrounds_are_found_or_there_is_no_exact_value(share, width, monkeypatch):
    observable = {"range": [-3, 3], "bins": 16, "overflow": "include"}
    found, said = exact(mixture(share, width), {"x": observable}, {}, monkeypatch=monkeypatch)
    edges = np.linspace(-3, 3, 17)
    edges[[0, -1]] = -np.inf, np.inf
    rows = share * np.diff(norm.cdf(edges, THETA[:, None], width), axis=1) + (1 - share) * np.diff(norm.cdf(edges))
    truth = eig_one_event(rows, PRIOR)
    if found is None:
        assert share < 0.1
        assert "add up to" in said[0]
    else:
        assert said == []
        assert abs(found.value - truth) <= found.error + 1e-12


def test_tails_as_heavy_as_those_of_cauchy_and_steps_inside_bins(monkeypatch):
    class Heavy(Simulator):
        settings: ClassVar = {}
        parameters: ClassVar = {"theta": Variable()}
        observables: ClassVar = {"x": Variable(low=-1.0)}
        has_density = True

        def prepare(self, setting, parameters):
            edge = parameters["theta"] + 2
            return Drawn(lambda events, rng: ({"x": edge + np.tan(np.pi / 2 * rng.random(events))}, None))

        def density(self, columns, setting, parameters):
            x = columns["x"] - parameters["theta"] - 2
            return np.where(x >= 0, 2 / np.pi / (1 + x**2), 0.0)

    observable = {"range": [-2, 5.05], "bins": 6, "overflow": "include"}
    found, said = exact(Heavy(Heavy.Options()), {"x": observable}, {}, monkeypatch=monkeypatch)
    edges = np.append(np.linspace(-2, 5.05, 7)[:-1], np.inf)
    below = 2 / np.pi * np.arctan(np.maximum(edges - THETA[:, None] - 2, 0))
    assert said == []
    assert abs(found.value - eig_one_event(np.diff(below, axis=1), PRIOR)) <= found.error + 1e-12
    assert found.error < 1e-6


def both(low, high, bins, overflow="include"):
    return {"range": [low, high], "bins": bins, "overflow": overflow}


@pytest.mark.parametrize("rho", [0.0, 0.8, -0.99])
@pytest.mark.parametrize("overflow", ["include", "drop"])
def test_two_correlated_observables_are_binned_jointly(rho, overflow):
    """Against the distribution function of the bivariate normal; x keeps its tails, y loses them or not."""
    observables = {"x": Observable(**both(-1, 1, 2)), "y": Observable(**both(-2, 1, 3, overflow))}
    simulator = Correlated(Correlated.Options())
    point = {"theta": 0.4}
    found = bin_probabilities(simulator, {"correlation": rho}, [point], observables, np.random.default_rng(1))
    x, y = np.array([-40, 0, 40.0]), np.array([-2, -1, 0, 1.0])
    if overflow == "include":
        y[[0, -1]] = -40, 40
    law = {"mean": [0.4, -0.4], "cov": [[1, rho], [rho, 1]]}
    table = np.array([[multivariate_normal.cdf([a, b], **law) for b in y] for a in x])
    truth = np.diff(np.diff(table, axis=0), axis=1).ravel()
    assert found.values[0] == pytest.approx(truth, abs=1e-7)
    assert found.errors.max() < 1e-9


def test_the_gain_of_two_observables_is_that_of_their_difference_where_they_are_correlated(monkeypatch):
    """With many bins, the information of x − y ~ N(2θ, 2 − 2ρ): closed form by one-dimensional quadrature."""
    rho, sd = 0.6, np.sqrt(2 - 2 * 0.6)
    found, said = exact(
        Correlated(Correlated.Options()),
        {"x": both(-6, 6, 100), "y": both(-6, 6, 100)},
        {"correlation": rho},
        monkeypatch=monkeypatch,
        points=[-2, 2, 3],
    )
    means = 2 * np.array([-2.0, 0.0, 2.0])

    def integrand(d):
        p = norm.pdf(d, means, sd)
        return float((p * np.log(np.maximum(p, 1e-300) / max(p.mean(), 1e-300))).mean())

    truth = quad(integrand, -12, 12, epsabs=1e-12, limit=200, points=[-4, -2, 0, 2, 4])[0]
    assert said == []
    assert truth - 1e-3 < found.value <= truth + 1e-9


def test_observables_that_are_not_binned_are_integrated_out(monkeypatch):
    observable = both(-1, 1, 4)
    one, _ = exact(Correlated(Correlated.Options()), {"y": observable}, {"correlation": 0.7}, monkeypatch=monkeypatch)
    kind = load("gaussian")
    other, _ = exact(kind(kind.Options()), {"x": observable}, {"variance": 1.0}, monkeypatch=monkeypatch)
    assert one.value == pytest.approx(other.value, abs=1e-8)


def test_the_order_of_observables_is_that_of_the_campaign():
    simulator, rng = Correlated(Correlated.Options()), np.random.default_rng(1)
    x, y = Observable(**both(-1, 1, 2)), Observable(**both(-2, 1, 3))
    point = ({"correlation": 0.5}, [{"theta": 0.3}])
    first = bin_probabilities(simulator, *point, {"x": x, "y": y}, rng).values.reshape(2, 3)
    second = bin_probabilities(simulator, *point, {"y": y, "x": x}, rng).values.reshape(3, 2)
    assert second == pytest.approx(first.T, abs=1e-9)


def test_weights_come_from_densities_of_several_observables():
    simulator, setting = Correlated(Correlated.Options()), {"correlation": 0.5}
    sampler = simulator.prepare_weighted(setting, {"theta": 0.2}, [{"theta": 0.4}, {"theta": 0.2}])
    made = sampler.sample(40_000, np.random.default_rng(1))
    assert made.ratios[:, 1] == pytest.approx(np.ones(40_000))
    product = made.ratios[:, 0] * made.columns["x"]
    assert product.mean() == pytest.approx(0.4, abs=4 * product.std() / 200)


def three_bins(cut):
    """Probabilities of 3 × 2 × 2 bins at 11 θ of the simulator with three observables, in closed form."""
    x, y = np.array([-np.inf, -0.5, 0.5, np.inf]), np.array([-1.0, 0.0, 1.0])
    z = np.array([-np.inf, 0.0, np.inf])
    below = [np.maximum(norm.cdf(x, t) - norm.cdf(cut, t), 0) / norm.sf(cut, t) for t in THETA]
    first, last = np.diff(below, axis=1), np.diff(norm.cdf(z, -THETA[:, None]), axis=1)
    return np.einsum("ka,b,kc->kabc", first, np.diff(norm.cdf(y)), last).reshape(11, -1)


OBSERVABLES = {"x": both(-1.5, 1.5, 3), "y": both(-1, 1, 2, "drop"), "z": both(-1, 1, 2)}


@pytest.mark.parametrize("exposure", [{"events": 1}, {"events": 20}, {"luminosity": 3}])
def test_three_observables_are_averaged_over_the_density(exposure, monkeypatch):
    cut = -1.0
    found, said = exact(Three(Three.Options()), OBSERVABLES, {"cut": cut}, exposure, monkeypatch)
    shape = three_bins(cut)
    rates = shape / shape.sum(axis=1, keepdims=True)
    chosen = Luminosity(**exposure) if "luminosity" in exposure else EventCount(**exposure)
    if "luminosity" in exposure:
        rates = 3 * ((THETA + 3) * norm.sf(cut, THETA))[:, None] * shape
    elif exposure["events"] > 1:
        rates *= exposure["events"]
    truth = gain(rates, chosen, PRIOR, 1 << 16, np.random.default_rng(5))
    assert said == []
    assert 0 < found.error < 0.01
    assert abs(found.value - truth.value) < 4 * np.hypot(found.error, truth.error)


def test_errors_of_averages_are_those_of_repetitions():
    """Twelve seeds: the quoted error of one event's gain is the spread, and there is no bias."""
    observables = {name: Observable(**entry) for name, entry in OBSERVABLES.items()}
    shape = three_bins(-1.0)
    truth = eig_one_event(shape / shape.sum(axis=1, keepdims=True), PRIOR)
    pulls = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        points = [{"theta": float(t)} for t in THETA]
        found = bin_probabilities(Three(Three.Options()), {"cut": -1.0}, points, observables, rng)
        integral = subject._Integral(EventCount(events=1), PRIOR, None, None)
        value = subject._gain(found, np.ones(11), integral, rng)
        pulls.append((value.value - truth) / value.error)
    assert abs(np.mean(pulls)) < 4 / np.sqrt(12)
    assert 0.5 < np.std(pulls) < 1.7


def test_averages_follow_the_seed(monkeypatch):
    once, again = (exact(Three(Three.Options()), OBSERVABLES, {"cut": 0.0}, None, monkeypatch)[0] for _ in range(2))
    assert once == again


def broken(change):
    class Broken(NoClosedForm):
        def density(self, columns, setting, parameters):
            return change(super().density(columns, setting, parameters))

    return Broken(Broken.Options())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: 0.93 * p, "add up to 0.93 in place of 1"),
        (lambda p: np.where(p > 0.2, np.nan, p), "not finite"),
        (lambda p: p - 1e-3, "negative"),
        (lambda p: p[:1], "shape"),
    ],
)
def test_a_density_that_cannot_be_trusted_gives_no_exact_value_and_says_so(change, words, monkeypatch):
    found, said = exact(broken(change), {"x": both(-1, 1, 4)}, {"variance": 1.0}, monkeypatch=monkeypatch)
    assert found is None
    assert words in said[0]
    assert said[0].startswith("no exact value: ")
    assert "theta=" in said[0]


def test_three_observables_whose_density_contradicts_the_events(monkeypatch):
    class Wrong(Three):
        factor = 0.9

    found, said = exact(Wrong(Wrong.Options()), OBSERVABLES, {"cut": 0.0}, None, monkeypatch)
    assert found is None
    assert "events and densities disagree" in said[0]


def test_no_event_in_the_range(monkeypatch):
    kind = load("gaussian")
    observable = {"x": both(-1, 1, 4, "drop")}
    found, said = exact(kind(kind.Options()), observable, {"variance": 1e-6}, {"events": 5}, monkeypatch)
    assert found is None
    assert "no event at theta=-2 falls into the range" in said[0]


def test_errors_of_probabilities_move_the_gain_by_less_than_is_quoted():
    rng = np.random.default_rng(3)
    for _ in range(200):
        shape = rng.dirichlet(np.full(4, 0.7), 5)
        errors = 1e-5 * rng.random(shape.shape) * shape
        moved = shape + errors * rng.choice([-1, 1], shape.shape)
        moved /= moved.sum(axis=1, keepdims=True)
        prior = rng.dirichlet(np.ones(5))
        bound = subject.propagated(shape, errors, shape, prior)
        assert abs(eig_one_event(moved, prior) - eig_one_event(shape, prior)) <= bound * 1.01 + 1e-15


def test_a_large_error_is_no_exact_value():
    found = subject.Probabilities(np.full((2, 2), 0.5), np.full((2, 2), 0.2))
    integral = subject._Integral(EventCount(events=1), np.full(2, 0.5), None, None)
    found = subject.Probabilities(np.array([[0.4, 0.6], [0.6, 0.4]]), found.errors)
    with pytest.raises(DensityError, match="known to 0"):
        subject._gain(found, np.ones(2), integral, np.random.default_rng(0))


def test_eig_json_says_why_there_is_no_exact_value(campaign_file, tmp_path, monkeypatch):
    setting, exposure = "variance=2", "events=1"
    histograms = []
    for index, point in enumerate(read_campaign(campaign_file).samples):
        events, histogram = tmp_path / f"{index}.root", tmp_path / f"{index}.json"
        stages.simulate(campaign_file, setting, point, events)
        stages.histogram(campaign_file, setting, point, events, histogram)
        histograms.append(histogram)
    monkeypatch.setattr(subject, "build", lambda choice: broken(lambda p: 0.93 * p))
    with pytest.warns(GainWarning, match="no exact value: all probabilities at theta=-1 add up to 0.93"):
        stages.eig(campaign_file, setting, exposure, histograms, tmp_path / "eig.json")
    found = json.loads((tmp_path / "eig.json").read_text())
    assert found["exact"] is None
    assert found["warnings"][-1].startswith("no exact value")


BUILT_IN = [
    ("gaussian", {}, {"variance": 0.3}, {"theta": 0.7}, "x"),
    ("gaussian_cosine", {}, {"phi": 2.0}, {"theta": -0.7}, "x"),
    ("forward_backward", {}, {"beam_energy": 60.0}, {"theta": 1.5}, "cos_theta"),
    ("forward_backward", {}, {"beam_energy": 40.0}, {"theta": 30.0}, "cos_theta"),
    ("forward_backward", {}, {"beam_energy": 45.0}, {"theta": 1.0}, "cos_theta"),
    ("resonance", {"spin": 2}, {"sqrt_s": 245.0}, {"peak": 0.1}, "cos_theta"),
    ("resonance", {"spin": 0}, {"sqrt_s": 245.0}, {"peak": 0.1}, "cos_theta"),
    ("lineshape", {"spin": 1}, {"sqrt_s": 245.0}, {"mass": 250.0, "width": 10.0}, "cos_theta"),
    ("weinberg_born", {}, {"sqrt_s": 82.0}, {"sin2theta_w": 0.23}, "cos_theta"),
    ("weinberg_born", {"cos_theta_max": 0.73}, {"sqrt_s": 94.0}, {"sin2theta_w": 0.21}, "cos_theta"),
]


@pytest.mark.parametrize(("name", "options", "setting", "point", "column"), BUILT_IN)
@pytest.mark.parametrize("overflow", ["include", "drop"])
@pytest.mark.parametrize("span", [(-1.0, 1.0), (-0.6, 0.55), (-3.0, 2.0)])
def test_distribution_functions_are_integrals_of_densities(name, options, setting, point, column, overflow, span):
    kind = load(name)
    without = type(name, (kind,), {"cdf": Simulator.cdf})
    only = type(name, (kind,), {"has_density": False})
    observables, rng = {column: Observable(range=span, bins=7, overflow=overflow)}, np.random.default_rng(1)
    closed, integrated, alone = (
        bin_probabilities(one(kind.Options(**options)), setting, [point], observables, rng)
        for one in (kind, without, only)
    )
    assert (np.abs(closed.values - integrated.values) <= integrated.errors + 1e-14).all()
    assert integrated.errors.max() < 1e-9
    assert (closed.values == alone.values).all()
    assert subject.knows_probabilities(only(kind.Options(**options)))
    if overflow == "include":
        assert closed.values.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("rho", [0.9999, 1 - 1e-7])
def test_ridges_too_narrow_for_a_quadrature_are_averaged(rho, monkeypatch):
    """y = x − 2θ but for a hair: one event tells three far θ apart, as long as it is in the range."""
    observables = {"x": both(-8, 8, 60), "y": both(-8, 8, 60)}
    simulator = Correlated(Correlated.Options())
    found, said = exact(simulator, observables, {"correlation": rho}, monkeypatch=monkeypatch, points=[-2, 2, 3])
    assert said == []
    assert abs(found.value - np.log(3)) <= 4 * found.error + 1e-6
    assert found.error < 1e-2
