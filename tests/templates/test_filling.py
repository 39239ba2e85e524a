import numpy as np
import pytest

from robot_physicist.quantities.errors import ObservableError
from robot_physicist.quantities.events import CrossSection, Events
from robot_physicist.quantities.observable import Observable
from robot_physicist.templates.filling import counts, fill

X = {"x": Observable(range=(0, 4), bins=4)}


def filled(blocks, observables=X, folds=2):
    return fill(blocks, observables, folds, setting="s", sample="t", digest="d")


def events(*values, weights=None, generated=None, section=None):
    return Events({"x": np.array(values)}, generated or len(values), weights, section)


def test_contents_folds_and_edges():
    histogram = filled([events(0.0, 0.5, 1.5, 3.9, 4.0)])
    assert histogram.sumw.tolist() == [[1, 1, 0, 1], [1, 0, 0, 1]]
    assert histogram.sumw.sum(axis=0).tolist() == [2, 1, 0, 2]


def test_folds_do_not_depend_on_how_events_come_in_blocks():
    values = np.random.default_rng(1).uniform(0, 4, 1000)
    whole = filled([events(*values)], folds=7)
    parts = filled([events(*values[:313]), events(*values[313:])], folds=7)
    assert np.array_equal(whole.sumw, parts.sumw)


def test_weights():
    histogram = filled([events(0.5, 0.5, 1.5, weights=np.array([2.0, 3.0, -1.0]))], folds=2)
    assert histogram.sumw.sum(axis=0).tolist() == [5, -1, 0, 0]
    assert histogram.sumw2.sum(axis=0).tolist() == [13, 1, 0, 0]


@pytest.mark.parametrize(("policy", "contents", "outside"), [("drop", [1, 0, 0, 0], 2), ("include", [2, 0, 0, 1], 0)])
def test_overflow_policies(policy, contents, outside):
    observables = {"x": Observable(range=(0, 4), bins=4, overflow=policy)}
    histogram = filled([events(-1.0, 0.5, 9.0)], observables)
    assert histogram.sumw.sum(axis=0).tolist() == contents
    assert histogram.outside == outside


@pytest.mark.parametrize(
    ("low", "high", "bins"), [(0, 4, 4), (-1, 1, 20), (-2.5, 2.5, 50), (-6, 6, 48), (0.1, 0.7, 7)]
)
def test_the_last_bin_holds_its_upper_edge_and_the_overflow(low, high, bins):
    """Also where the distance to the lower edge rounds up to the whole range."""
    values = [events(high, np.nextafter(high, low), 2 * high)]
    included = counts(values, {"x": Observable(range=(low, high), bins=bins, overflow="include")})
    dropped = counts(values, {"x": Observable(range=(low, high), bins=bins)})
    assert (included[-1], included.sum()) == (3, 3)
    assert (dropped[-1], dropped.sum()) == (2, 2)


def test_overflow_as_an_error_says_how_many_and_what_to_do():
    observables = {"x": Observable(range=(0, 4), bins=4, overflow="error")}
    with pytest.raises(ObservableError, match=r"observables.x.range: 2 events lie outside \[0, 4\], such as -1"):
        filled([events(-1.0, 0.5, 9.0)], observables)


def test_several_observables_are_binned_jointly():
    observables = {"x": Observable(range=(0, 2), bins=2), "y": Observable(range=(0, 3), bins=3)}
    block = Events({"x": np.array([0.5, 1.5]), "y": np.array([0.5, 2.5])}, 2)
    histogram = fill([block], observables, 2, setting="s", sample="t", digest="d")
    assert histogram.sumw.sum(axis=0).tolist() == [1, 0, 0, 0, 0, 1]


def test_cross_sections_of_blocks_are_averaged():
    blocks = [
        events(1.0, generated=100, section=CrossSection(1.0, 0.3)),
        events(1.0, generated=300, section=CrossSection(2.0, 0.1)),
    ]
    histogram = filled(blocks)
    assert histogram.generated == 400
    assert histogram.cross_section == pytest.approx(1.75)
    assert histogram.cross_section_error == pytest.approx(np.hypot(0.25 * 0.3, 0.75 * 0.1))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(ObservableError, match="no finite value"):
        filled([events(0.5, value)])


def test_a_missing_observable_gets_advice():
    with pytest.raises(ObservableError, match="no 'x'; did you mean 'xx'"):
        filled([Events({"xx": np.zeros(3)}, 3)])


def test_observed_counts():
    assert counts([events(0.5, 3.5), events(3.5)], X).tolist() == [1, 0, 0, 2]
