import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot_physicist.quantities import labels

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100)


@given(finite)
def test_a_label_parses_back_to_the_value_that_is_simulated(value):
    assert labels.parse(labels.label({"phi": value})) == {"phi": labels.rounded(value)}


@given(st.integers(-(10**11), 10**11))
def test_an_integer_and_its_float_have_one_label(value):
    assert labels.number(value) == labels.number(float(value))


@given(finite)
def test_labels_are_safe_in_paths_and_shells(value):
    assert not set(labels.label({"phi": value})) - set("abcdefghijklmnopqrstuvwxyz0123456789=.,+-_")


def test_linspace_has_both_ends_and_clean_values():
    assert labels.axis({"linspace": [0.2, 0.26, 13]})[1] == 0.205
    assert labels.axis({"linspace": [0, 1, 3]}) == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("name", ["a;b", "$(id)", "../a", "a b", "a`b", "é"])
def test_names_that_mean_something_to_a_shell_or_a_path_make_no_labels(name):
    campaign = {
        "settings": {name: [1]},
        "parameters": {name: [1]},
        "backgrounds": [{"name": name, "simulator": {}}],
        "exposure": [{"luminosity": 1, "unit": name}],
    }
    for function in (labels.setting_labels, labels.point_labels, labels.background_labels, labels.exposure_labels):
        with pytest.raises(ValueError, match="cannot name a folder"):
            function(campaign)


def test_labels_of_a_campaign():
    campaign = {
        "settings": {"a": {"values": [1, 2]}, "b": {"values": [0.5]}},
        "parameters": {"t": {"linspace": [0, 1, 2]}},
        "backgrounds": [{"name": "flat", "simulator": {}}, {"name": "read", "file": "x.json"}],
        "exposure": {"luminosity": 2, "unit": "fb-1"},
    }
    assert labels.setting_labels(campaign) == ["a=1,b=0.5", "a=2,b=0.5"]
    assert labels.point_labels(campaign) == ["t=0", "t=1"]
    assert labels.background_labels(campaign) == ["background=flat"]
    assert labels.exposure_labels(campaign) == ["luminosity=2fb-1"]


def test_labels_of_a_campaign_with_references():
    campaign = {
        "settings": {"a": {"values": [1, 2]}},
        "parameters": {"s": {"values": [0, 1]}, "t": {"values": [0.5]}},
        "simulation": {"references": [{"t": 0.5, "s": 1.0}, {"s": 3, "t": 0.5}], "events_at": {"a=2": 7}},
    }
    assert labels.sample_labels(campaign) == ["s=1,t=0.5", "s=3,t=0.5"]
    assert labels.weighted_labels(campaign) == ["s=0,t=0.5", "s=1,t=0.5", "s=3,t=0.5"]
    assert (labels.events_at(campaign, "a=1"), labels.events_at(campaign, "a=2")) == (None, 7)
    assert labels.weighted_labels({**campaign, "simulation": None}) == []
