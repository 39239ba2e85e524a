"""plan --error on a finished pilot."""

import re

import pytest
import yaml

from robot_physicist import files, stages
from robot_physicist.campaign.files import read_campaign
from robot_physicist.cli.main import main
from robot_physicist.information.results import InformationGain

PILOT = {
    "name": "born",
    "seed": 5,
    "simulator": {"name": "weinberg_born"},
    "settings": {"sqrt_s": {"values": [82, 91]}},
    "parameters": {"sin2theta_w": {"linspace": [0.20, 0.26, 5]}},
    "observables": {"cos_theta": {"range": [-1, 1], "bins": 10}},
    "exposure": [{"events": 1000}],
    "simulation": {"events": 4000, "references": [{"sin2theta_w": 0.23}]},
    "estimator": {"draws": 4096},
}


def planned(capsys, *arguments):
    code = 0
    try:
        main(["plan", *map(str, arguments)])
    except SystemExit as exit_:
        code = exit_.code or 0
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_a_pilot_says_how_many_events_an_error_needs(tmp_path, capsys):
    path = tmp_path / "born.yaml"
    # the error that is asked for below is smaller than that of the integral with 4096 draws
    pilot = {**PILOT, "estimator": {"draws": 16_384}}
    path.write_text(yaml.safe_dump(pilot))
    for setting in ("sqrt_s=82", "sqrt_s=91"):
        folder = tmp_path / "pilot" / setting / "sin2theta_w=0.23"
        stages.simulate(path, setting, "sin2theta_w=0.23", folder / "events.root")
        stages.histogram(path, setting, "sin2theta_w=0.23", folder / "events.root", folder / "histogram.json")
    arguments = (path, "--pilot", tmp_path / "pilot", "--error")
    # the pilot may have another number of events than the campaign has now
    path.write_text(yaml.safe_dump({**pilot, "simulation": {**PILOT["simulation"], "events": 9000}}))
    code, loose = planned(capsys, *arguments, 0.5)
    assert code == 0
    assert re.search(r"sqrt_s=82 +0\.\d+ +4,000  reached\n.*\n\nnothing to simulate again$", loose.strip())
    code, tight = planned(capsys, *arguments, 0.004)
    assert code == 0
    lines = yaml.safe_load(tight[tight.index("simulation:") :])["simulation"]["events_at"]
    assert lines["sqrt_s=82"] > 4000
    assert "out of reach: the integral over data alone" in planned(capsys, *arguments, 1e-7)[1]
    path.write_text(yaml.safe_dump({**pilot, "seed": 6}))
    code, text = planned(capsys, *arguments, 0.5)
    assert code == 2
    assert "belongs to another campaign" in text


@pytest.mark.parametrize("pilot", [(), ("--pilot", "elsewhere")])
def test_without_a_pilot_it_says_what_to_run(tmp_path, capsys, monkeypatch, pilot):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "born.yaml").write_text(yaml.safe_dump(PILOT))
    code, text = planned(capsys, "born.yaml", "--error", 0.01, *pilot)
    assert code == 2
    folder = pilot[-1] if pilot else "results/born"
    assert re.search(rf"{folder}/sqrt_s=82/.*run `snakemake --cores all --configfile born.yaml`", text)


def simulated(path, folder, samples, setting="sqrt_s=82"):
    """Histograms of one setting."""
    for sample in samples:
        events, histogram = (folder / setting / sample / name for name in ("events.root", "histogram.json"))
        stages.simulate(path, setting, sample, events)
        stages.histogram(path, setting, sample, events, histogram)
    return sorted((folder / setting).glob("*/histogram.json"))


POINTS = [f"sin2theta_w={value}" for value in ("0.2", "0.215", "0.23", "0.245", "0.26")]


@pytest.mark.parametrize(
    ("simulation", "exposure", "samples", "target"),
    [
        ({"events": 2000}, {"events": 300}, POINTS, 0.02),
        ({"events": 1000}, {"luminosity": 20, "unit": "pb-1"}, POINTS, 0.04),
        ({"events": 2000, "references": [{"sin2theta_w": 0.23}]}, {"events": 1000}, POINTS[2:3], 0.012),
    ],
)
def test_the_advice_leads_to_the_error(tmp_path, capsys, simulation, exposure, samples, target):
    path, raw = tmp_path / "born.yaml", {**PILOT, "settings": {"sqrt_s": {"values": [82]}}, "exposure": exposure}
    path.write_text(yaml.safe_dump({**raw, "simulation": simulation}))
    simulated(path, tmp_path / "pilot", samples)
    code, text = planned(capsys, path, "--pilot", tmp_path / "pilot", "--error", target)
    assert code == 0
    lines = yaml.safe_load(text[text.index("simulation:") :])["simulation"]
    assert lines["events_at"]["sqrt_s=82"] > 2 * simulation["events"]
    path.write_text(yaml.safe_dump({**raw, "simulation": {**simulation, **lines}}))
    histograms = simulated(path, tmp_path / "final", samples)
    (label,) = read_campaign(path).exposures
    stages.eig(path, "sqrt_s=82", label, histograms, tmp_path / "eig.json")
    found = files.read_document(InformationGain, tmp_path / "eig.json")
    assert 0.4 * target < found.corrected.error < 1.3 * target
    assert abs(found.corrected.value - found.exact.value) < 4 * target


def test_an_open_interval_asks_for_the_events_that_close_it_first(tmp_path, capsys):
    path = tmp_path / "born.yaml"
    raw = {**PILOT, "settings": {"sqrt_s": {"values": [82]}}, "simulation": {"events": 100}}
    path.write_text(yaml.safe_dump({**raw, "exposure": {"events": 2000}}))
    simulated(path, tmp_path / "pilot", POINTS)
    code, text = planned(capsys, path, "--pilot", tmp_path / "pilot", "--error", 0.02)
    assert code == 0
    assert re.search(r"sqrt_s=82 .* 100  670 at least: the interval is open; then ask again\n", text)
    assert yaml.safe_load(text[text.index("simulation:") :])["simulation"]["events_at"] == {"sqrt_s=82": 670}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("0", "Invalid value for '--error': 0 is no number above zero; give one such as 0.01"),
        ("-1", "-1 is no number above zero"),
        ("nan", "nan is no number above zero"),
        ("inf", "inf is no number above zero"),
        ("small", "'small' is not a valid float"),
        ("1.7", "error: --error 1.7: the prior's entropy is 1.609 nats"),
    ],
)
def test_errors_that_nobody_can_want_are_refused(tmp_path, capsys, error, message):
    path = tmp_path / "born.yaml"
    path.write_text(yaml.safe_dump(PILOT))
    code, text = planned(capsys, path, "--error", error)
    assert code == 2
    assert message in text


def test_a_pilot_without_an_error_and_an_error_of_a_search_are_refused(tmp_path, capsys):
    path = tmp_path / "born.yaml"
    path.write_text(yaml.safe_dump(PILOT))
    code, text = planned(capsys, path, "--pilot", tmp_path)
    assert (code, text) == (2, "error: --pilot: is read to find the events for an error; give --error too\n")
    path.write_text(yaml.safe_dump({**PILOT, "settings": {"sqrt_s": {"range": [80, 92]}}, "search": {}}))
    code, text = planned(capsys, path, "--error", 0.01)
    assert code == 2
    assert "a search decides by itself how many events a setting gets; plan it without --error" in text


def test_a_prior_of_one_point_has_reached_any_error(tmp_path, capsys):
    path = tmp_path / "born.yaml"
    one = {"sin2theta_w": {"values": [0.23]}}
    path.write_text(yaml.safe_dump({**PILOT, "parameters": one, "simulation": {"events": 100}}))
    for setting in ("sqrt_s=82", "sqrt_s=91"):
        simulated(path, tmp_path / "pilot", ["sin2theta_w=0.23"], setting)
    code, text = planned(capsys, path, "--pilot", tmp_path / "pilot", "--error", 1e-3)
    assert code == 0
    assert text.count("reached") == 2
