"""Exact gains against closed forms, SciPy's quadrature and brute force: tails, narrow densities, several observables."""

import json
from typing import ClassVar

import numpy as np
import pytest
from scipy.stats import norm
from support.exact_toys import (
    OBSERVABLES,
    PRIOR,
    THETA,
    Drawn,
    NoClosedForm,
    Three,
    both,
    exact,
    gaussian_bins,
)

from robot_physicist import stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.information import exact as subject
from robot_physicist.information.gain import eig_one_event
from robot_physicist.quantities.errors import DensityError, GainWarning
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.simulators import load
from robot_physicist.simulators.base import Simulator, Variable


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
