"""A search for the best phase of a cosine, and results that a search could be told."""

import copy

import numpy as np

from robot_physicist.campaign.reading import campaign_from
from robot_physicist.design.search.rounds import next_round
from robot_physicist.information.results import InformationGain
from robot_physicist.quantities.estimates import Estimate, Interval

RAW = {
    "name": "find",
    "seed": 3,
    "simulator": {"name": "gaussian_cosine"},
    "settings": {"phi": {"range": [0, 6.28]}},
    "parameters": {"theta": {"values": [-1, 1]}},
    "observables": {"x": {"range": [-5, 5], "bins": 10, "overflow": "include"}},
    "exposure": {"events": 5},
    "simulation": {"events": 400},
    "search": {},
}


def search_campaign(settings=None, seed=3, **search):
    raw = {**copy.deepcopy(RAW), "search": search, "seed": seed}
    if settings:
        raw["settings"] = settings
        raw["simulator"] = {"name": "command", "options": {"executable": ["none"], "observables": ["x"]}}
    return campaign_from(raw, "find.yaml")


def told(setting, value, error, events, exposure="events=5"):
    half = Estimate(value, error)
    interval = Interval(value, error, value - 1.96 * error, value + 1.96 * error)
    return InformationGain(setting, exposure, 1.0, interval, half, half, None, 2, "", "none", events, events, [])


def run(campaign, truth, noise=0.3, events=None):
    """A whole search for the maximum of a known function, with results whose error is noise / √N; all its states."""
    rng = np.random.default_rng(campaign.seed)
    states = [next_round(campaign, None, [])]
    while not states[-1].stopped:
        gains = []
        for one in states[-1].tried:
            if one.setting in states[-1].proposed:
                made = sum(one.batches)
                error = noise / made**0.5
                gains.append(told(one.setting, truth(one.values) + error * rng.standard_normal(), error, 2 * made))
        states.append(next_round(campaign, states[-1], gains))
    return states


def cosine(values):
    return float(np.log1p(1 / (2 + np.cos(values["phi"])) ** 2))


def batched(numbers, setting=3.0):
    raw = copy.deepcopy(RAW)
    raw["chosen_settings"] = [{"phi": setting}]
    raw["simulation"] = {"events": 400, "folds": 5, "batches": {f"phi={setting:g}": numbers}}
    return campaign_from(raw, "find.yaml")


def search_campaign_of(settings, **search):
    return campaign_from({**copy.deepcopy(RAW), "settings": settings, "search": search}, "find.yaml")
