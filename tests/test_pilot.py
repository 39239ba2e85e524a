"""plan --error on a finished pilot."""

import re

import pytest
import yaml

from robot_physicist import stages
from robot_physicist.cli import main

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
    path.write_text(yaml.safe_dump(PILOT))
    for setting in ("sqrt_s=82", "sqrt_s=91"):
        folder = tmp_path / "pilot" / setting / "sin2theta_w=0.23"
        stages.simulate(path, setting, "sin2theta_w=0.23", folder / "events.root")
        stages.histogram(path, setting, "sin2theta_w=0.23", folder / "events.root", folder / "histogram.json")
    arguments = (path, "--pilot", tmp_path / "pilot", "--error")
    # the pilot may have another number of events than the campaign has now
    path.write_text(yaml.safe_dump({**PILOT, "simulation": {**PILOT["simulation"], "events": 9000}}))
    code, loose = planned(capsys, *arguments, 0.5)
    assert code == 0
    assert "nothing to simulate again" in loose
    code, tight = planned(capsys, *arguments, 0.004)
    assert code == 0
    lines = yaml.safe_load(tight[tight.index("simulation:") :])["simulation"]["events_at"]
    assert lines["sqrt_s=82"] > 4000
    assert "out of reach" in planned(capsys, *arguments, 1e-7)[1]
    path.write_text(yaml.safe_dump({**PILOT, "seed": 6}))
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
