import numpy as np
import pytest

from robot_physicist.campaign.priors import prior_weights
from robot_physicist.campaign.reading import campaign_from
from robot_physicist.quantities.errors import CampaignError, LabelClashError, UnknownNameError

WEINBERG = {
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [80, 91.2], "unit": "GeV"}},
    "parameters": {"sin2theta_w": {"linspace": [0.2, 0.26, 3]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 4}},
    "exposure": {"luminosity": 1, "unit": "pb-1"},
}


def put(raw, path, value):
    *parents, last = path.split(".")
    for key in parents:
        raw = raw[key]
    raw[last] = value


BAD = [
    ("simulater", {}, UnknownNameError, "simulater: unknown key; did you mean 'simulator'?"),
    ("observables.x.bin", 3, UnknownNameError, "observables.x.bin: unknown key; did you mean 'bins'?"),
    ("parameters.theta.priors", "uniform", UnknownNameError, "did you mean 'prior'?"),
    ("simulator.name", "gausian", UnknownNameError, "did you mean 'gaussian'?"),
    ("simulator.options", {"ist": 1}, UnknownNameError, "simulator.options.ist: gaussian has no such option"),
    ("settings.varianc", {"values": [1]}, UnknownNameError, "settings.varianc: gaussian has no such name"),
    (
        "settings",
        {"variance": {"values": []}},
        CampaignError,
        "settings.variance.values: needs at least 1",
    ),
    ("settings", {"variance": {"values": [1, 3, 2]}}, CampaignError, "settings.variance: the grid is not monotonic"),
    ("settings", {"variance": {"values": [1, 1]}}, CampaignError, "label clash"),
    ("settings", {"variance": {"values": [-1]}}, CampaignError, "settings.variance: -1 is outside"),
    ("settings", {"variance": {"values": [float("nan")]}}, CampaignError, "settings.variance.values[0]"),
    (
        "settings",
        {"variance": {"values": [1], "linspace": [0, 1, 2]}},
        CampaignError,
        "either 'values' or 'linspace'",
    ),
    ("settings", {}, CampaignError, "settings: needs at least 1"),
    ("observables.x.bins", 0, CampaignError, "observables.x.bins: has to be at least 1, not 0"),
    ("observables.x.range", [1, 1], CampaignError, "observables.x: the lower edge"),
    ("observables.x.unit", "GeV", CampaignError, "observables.x.unit: gaussian emits '', not 'GeV'"),
    (
        "observables",
        {"y": {"range": [0, 1], "bins": 2}},
        UnknownNameError,
        "observables.y: gaussian does not emit it",
    ),
    ("parameters.theta.prior", {"weights": [0, 0, 0, 0, 0]}, CampaignError, "cannot be normalised"),
    ("parameters.theta.prior", {"weights": [1, 1]}, CampaignError, "2 weights for 5 points"),
    ("parameters.theta.prior", {"weights": [-1, 1, 1, 1, 1]}, CampaignError, "parameters.theta.prior.weights[0]"),
    ("parameters.theta.prior", {"mean": 100, "sd": 1}, CampaignError, "99 standard deviations away"),
    ("parameters.theta.prior", {"mean": 0, "sd": 0}, CampaignError, "has to be above 0"),
    ("exposure", {"events": 0}, CampaignError, "exposure[0].events"),
    ("exposure", [{"events": 5}, {"events": 5}], LabelClashError, "two entries are the same"),
    ("exposure", {"luminosity": 1}, CampaignError, "exposure[0].luminosity: gaussian gives no cross-section"),
    ("simulation.events", 5, CampaignError, "fewer events than folds"),
    ("simulation.events", -1, CampaignError, "simulation.events"),
    ("seed", "one", CampaignError, "seed: has to be a whole number"),
    ("name", "a b", CampaignError, "is not a name"),
    (
        "simulator.options",
        {"a": "x; rm -rf /"},
        CampaignError,
        "options.a: the character ';' means something to a shell",
    ),
    ("name", "$(id)", CampaignError, "name: the character '$'"),
    ("settings", {"a`b": {"values": [1]}}, CampaignError, "the character '`'"),
    ("observed", {"file": "../data.root", "setting": {"variance": 2}}, CampaignError, "leaves the campaign's folder"),
    ("observed", {"file": "/etc/passwd", "setting": {"variance": 2}}, CampaignError, "leaves the campaign's folder"),
    ("observed", {"file": "d.root", "setting": {"variance": 3}}, UnknownNameError, "did you mean 'variance=2'?"),
    ("systematics", [{"type": "lumi", "uncertainty": 2}], CampaignError, "systematics[0].uncertainty"),
    (
        "systematics",
        [{"type": "normsys", "name": "eff", "samples": ["signl"], "up": 1.1, "down": 0.9}],
        UnknownNameError,
        "systematics[0].samples: no sample 'signl'; did you mean 'signal'?",
    ),
    (
        "backgrounds",
        [{"name": "b", "simulator": {"name": "weinberg_born"}}],
        CampaignError,
        "backgrounds need a luminosity",
    ),
    ("seed", True, CampaignError, "seed: true is neither number nor text; YAML reads yes, no, on, off"),
    ("settings.variance.values", [False, 2], CampaignError, "settings.variance.values[0]: false is neither"),
    ("exposure", {"events": True}, CampaignError, "exposure.events: true is neither"),
    ("settings.variance.values", [1e-400], CampaignError, "settings.variance: 0 is outside [1e-12, 1e+12]"),
    ("settings.variance.values", [5e-324], CampaignError, "settings.variance: 4.94066e-324 is outside"),
    ("settings.variance.values", ["1e400"], CampaignError, "settings.variance.values[0]: has to be a finite"),
    ("settings.variance", [1, 2], CampaignError, "settings.variance: has to hold keys with values"),
    ("settings.variance", {"linspace": [1, 1, 3]}, CampaignError, "label clash"),
    ("observables.x.range", [0, 5e-324], CampaignError, "bins this wide or narrow"),
    ("observables.x.range", [-1e308, 1e308], CampaignError, "bins this wide or narrow"),
    ("observables.x.bins", 30_000, CampaignError, "30000 joint bins at 5 parameter points are too many"),
    ("exposure", {"events": 10, "luminosity": 1}, CampaignError, "exposure[0].luminosity: unknown key"),
    ("exposure", {"events": float("inf")}, CampaignError, "exposure[0].events: has to be a finite number"),
    ("exposure", [], CampaignError, "exposure: needs at least 1"),
    ("parameters.theta.prior", "flat", CampaignError, "prior: has to be 'uniform', not 'flat'"),
    ("parameters.theta.prior", {"mean": 0}, CampaignError, "parameters.theta.prior.sd: is missing; add it"),
    ("parameters.theta.prior", {"mean": 1e300, "sd": 1}, CampaignError, "the grid is 1e+300 standard deviations"),
    ("prior", {"weights": [1e308] * 5}, CampaignError, "cannot be normalised, their sum is infinite"),
    ("simulator.name", "../gaussian", CampaignError, "'../gaussian' is not a name"),
    ("title", "two\nlines", CampaignError, "title: '\\n' is a control character"),
    ("observed", {"file": "a/../../b", "setting": {"variance": 2}}, CampaignError, "leaves the campaign's folder"),
]


@pytest.mark.parametrize(("path", "value", "kind", "message"), BAD)
def test_bad_input_is_named_located_and_explained(raw, path, value, kind, message):
    put(raw, path, value)
    with pytest.raises(kind) as caught:
        campaign_from(raw, "my.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("my.yaml:")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("path", "value", "kind", "message"), BAD[-21:])
def test_one_mistake_is_one_message(raw, path, value, kind, message):
    """What the other forms of a value would have said is not shown."""
    put(raw, path, value)
    with pytest.raises(kind) as caught:
        campaign_from(raw, "my.yaml")
    assert len(str(caught.value).splitlines()) == 1


def black_box(raw, **sections):
    options = {"executable": ["box"], "observables": list(sections.get("observables", {"x": 0}))}
    return {**raw, "simulator": {"name": "command", "options": options}, **sections}


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("settings", "rank", {"values": [1]}),
        ("settings", "exposure", {"values": [1]}),
        ("parameters", "background", {"values": [1, 2]}),
        ("observables", "weight", {"range": [0, 1], "bins": 2}),
    ],
)
def test_names_that_the_results_use_are_taken(raw, section, name, value):
    with pytest.raises(LabelClashError, match=f"{section}.{name}: the results use this name"):
        campaign_from(black_box(raw, **{section: {name: value}}), "my.yaml")


def test_a_grid_of_ten_thousand_million_branches_is_refused_at_once(raw):
    raw["settings"] = {"variance": {"linspace": [1, 2, 100_000]}}
    raw["parameters"] = {"theta": {"linspace": [1, 2, 100_000]}}
    with pytest.raises(CampaignError, match="100000 settings × 100000 parameter points are too many branches"):
        campaign_from(raw, "my.yaml")


def test_labels_too_long_for_a_file_system_are_refused(raw):
    settings = {f"variable_{letter}" + 20 * "x": {"values": [1.2345]} for letter in "abcdef"}
    with pytest.raises(CampaignError, match="settings: folders would get names of 227 characters"):
        campaign_from(black_box(raw, settings=settings), "my.yaml")


@pytest.mark.parametrize("name", ["mu", "lumi", "staterror_cos_theta"])
def test_names_of_pyhf_are_taken(raw, name):
    raw.update(WEINBERG)
    raw["systematics"] = [{"type": "normsys", "name": name, "samples": ["signal"], "up": 1.1, "down": 0.9}]
    with pytest.raises(LabelClashError, match=rf"systematics\[0\].name: '{name}' is taken"):
        campaign_from(raw, "my.yaml")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "backgrounds[0].parameters.sin2theta_w: weinberg_born needs it"),
        ({"sin2theta_w": 7}, "backgrounds[0].parameters.sin2theta_w: 7 is outside [0.05, 0.6]"),
        ({"sin2theta_w": 0.2, "sin": 1}, "backgrounds[0].parameters.sin: weinberg_born has no such name"),
    ],
)
def test_what_a_background_is_simulated_with_is_checked(raw, parameters, message):
    background = {"name": "b", "simulator": {"name": "weinberg_born"}, "parameters": parameters}
    raw.update(WEINBERG, backgrounds=[background])
    with pytest.raises(CampaignError) as caught:
        campaign_from(raw, "my.yaml")
    assert message in str(caught.value)


def test_a_background_has_to_emit_what_is_binned(raw):
    options = {"executable": ["box"], "observables": ["y"]}
    raw.update(WEINBERG, backgrounds=[{"name": "b", "simulator": {"name": "command", "options": options}}])
    with pytest.raises(UnknownNameError, match=r"backgrounds\[0\].simulator.name: command does not emit 'cos_theta'"):
        campaign_from(raw, "my.yaml")


def test_options_that_exclude_each_other_are_named(raw):
    raw.update(WEINBERG, simulator={"name": "weinberg", "options": {"isr": True, "width": "fixed"}})
    with pytest.raises(CampaignError, match=r"simulator\.options: a fixed width cannot be combined"):
        campaign_from(raw, "my.yaml")


def test_a_narrow_normal_prior_is_one_point(raw):
    raw["parameters"]["theta"]["prior"] = {"mean": 0, "sd": 1e-320}
    assert prior_weights(campaign_from(raw, "my.yaml")).tolist() == [0, 0, 1, 0, 0]


def test_a_missing_key_is_named(raw):
    del raw["seed"]
    with pytest.raises(CampaignError, match="seed: is missing"):
        campaign_from(raw, "my.yaml")


def test_a_wrong_unit_is_named(raw):
    raw.update(WEINBERG)
    raw["settings"] = {"sqrt_s": {"values": [80], "unit": "TeV"}}
    with pytest.raises(CampaignError, match="takes 'GeV', not 'TeV'"):
        campaign_from(raw, "my.yaml")


def test_not_a_mapping():
    with pytest.raises(CampaignError, match="not a campaign"):
        campaign_from(["a"], "my.yaml")


def test_several_problems_are_listed_together(raw):
    raw["observables"]["x"] = {"range": [0, 1], "bins": 0, "colour": "red"}
    with pytest.raises(CampaignError) as caught:
        campaign_from(raw, "my.yaml")
    assert len(str(caught.value).splitlines()) == 3


def test_a_single_exposure_may_stand_without_a_list(raw):
    raw["exposure"] = {"events": 7}
    assert list(campaign_from(raw, "my.yaml").exposures) == ["events=7"]


def test_priors_are_products_of_the_parameters(raw):
    raw["parameters"]["theta"]["prior"] = {"weights": [1, 2, 4, 2, 1]}
    assert prior_weights(campaign_from(raw, "my.yaml")) == pytest.approx(np.array([1, 2, 4, 2, 1]) / 10)


def test_a_joint_prior_replaces_the_product(raw):
    raw["prior"] = {"weights": [0, 0, 1, 1, 2]}
    assert prior_weights(campaign_from(raw, "my.yaml")) == pytest.approx([0, 0, 0.25, 0.25, 0.5])


def test_the_normal_prior_is_truncated_to_the_grid(raw):
    raw["parameters"]["theta"]["prior"] = {"mean": 0, "sd": 0.5}
    weights = np.exp(-((np.linspace(-1, 1, 5) / 0.5) ** 2) / 2)
    assert prior_weights(campaign_from(raw, "my.yaml")) == pytest.approx(weights / weights.sum())
