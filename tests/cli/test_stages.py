"""The stages on the command line: a whole setting, and what is refused, warned of or written."""

import json

import numpy as np
import pytest
import uproot
import yaml
from support.command_line import run

from robot_physicist import __version__


def simulate_all(call, campaign_file, folder, setting, samples):
    for sample in samples:
        common = ("--campaign", campaign_file, "--setting", setting, "--sample", sample)
        events = folder / setting / sample / "events.root"
        assert call("simulate", *common, "--events", events)[0] == 0
        code, text = call("histogram", *common, "--events", events, "--histogram", events.with_name("histogram.json"))
        assert code == 0, text
    return sorted((folder / setting).glob("*/histogram.json"))


#: Four points are enough to run through; the posterior is narrower than they are apart.
@pytest.mark.filterwarnings("ignore:the posterior of sin2theta_w is narrower")
def test_a_setting_with_backgrounds_systematics_and_observed_data(call, tmp_path):
    """Every ingredient at once, from events to the posterior of observed data."""
    data = np.random.default_rng(1).uniform(-1, 1, 2100)
    with uproot.recreate(tmp_path / "data.root") as file:
        file.mktree("events", {"cos_theta": "f8"})
        file["events"].extend({"cos_theta": data})
    (tmp_path / "shapes.json").write_text(
        json.dumps({"up": [1.1, 1, 1, 0.9], "down": [0.9, 1, 1, 1.1], "flat": [50, 50, 50, 50]})
    )
    raw = {
        "name": "full",
        "seed": 5,
        "simulator": {"name": "weinberg_born"},
        "settings": {"sqrt_s": {"values": [88, 91.2], "unit": "GeV"}},
        "parameters": {"sin2theta_w": {"linspace": [0.2, 0.26, 4], "prior": {"mean": 0.23, "sd": 0.015}}},
        "observables": {"cos_theta": {"range": [-1, 1], "bins": 4}},
        "exposure": {"luminosity": 0.2, "unit": "pb-1"},
        "simulation": {"events": 20000},
        "backgrounds": [
            {"name": "mimic", "simulator": {"name": "weinberg_born"}, "parameters": {"sin2theta_w": 0.5}},
            {"name": "flat", "file": "shapes.json", "histogram": "flat"},
        ],
        "systematics": [
            {"type": "lumi", "uncertainty": 0.02},
            {"type": "normsys", "name": "flat_norm", "samples": ["flat"], "up": 1.2, "down": 0.8},
            {
                "type": "histosys",
                "name": "tilt",
                "samples": ["signal"],
                "file": "shapes.json",
                "up": "up",
                "down": "down",
            },
        ],
        "observed": {"file": "data.root", "setting": {"sqrt_s": 91.2}},
        "estimator": {"nuisances": "profiled", "pseudo_experiments": 50},
    }
    campaign_file = tmp_path / "full.yaml"
    campaign_file.write_text(yaml.safe_dump(raw))
    assert call("validate", campaign_file)[0] == 0
    samples = ["sin2theta_w=0.2", "sin2theta_w=0.22", "sin2theta_w=0.24", "sin2theta_w=0.26", "background=mimic"]
    histograms = simulate_all(call, campaign_file, tmp_path / "r", "sqrt_s=91.2", samples)
    out = tmp_path / "out"
    common = (
        "--campaign",
        campaign_file,
        "--setting",
        "sqrt_s=91.2",
        "--exposure",
        "luminosity=0.2pb-1",
        "--histograms",
        *histograms,
    )
    files = ("--workspace", out / "w.json", "--patchset", out / "p.json")
    code, text = call("likelihood", *common, *files)
    assert code == 0, text
    workspace = json.loads((out / "w.json").read_text())
    assert [sample["name"] for sample in workspace["channels"][0]["samples"]] == ["mimic", "flat"]
    assert sum(workspace["observations"][0]["data"]) == 2100
    assert (
        call("posterior", *common[: common.index("--histograms")], *files, "--posterior", out / "posterior.json")[0]
        == 0
    )
    posterior = json.loads((out / "posterior.json").read_text())
    assert posterior["nuisances"].startswith("profiled for the observed data")
    assert sum(posterior["observed"]["probabilities"]) == pytest.approx(1)
    assert call("eig", *common, "--gain", out / "eig.json")[0] == 0
    gain = json.loads((out / "eig.json").read_text())
    assert gain["nuisances"] == "fixed at their nominal values"
    assert 0 < gain["corrected"]["value"] < gain["prior_entropy"]
    assert_its_posterior_is_a_prior(call, raw, out, campaign_file.parent, common, posterior)
    assert_nuisances_are_marginalised_by_default(call, raw, out, campaign_file.parent, common, files, gain)
    code, text = call("eig", *common[:-1], "--gain", out / "missing.json")
    assert code == 2
    assert "no histogram for parameter point sin2theta_w=0.26" in text
    assert not (out / "missing.json").exists()


def assert_its_posterior_is_a_prior(call, raw, out, folder, common, posterior):
    (folder / "earlier.json").write_text((out / "posterior.json").read_text())
    following = folder / "following.yaml"
    following.write_text(yaml.safe_dump({**raw, "prior": {"posterior": "earlier.json"}}))
    assert call("validate", following)[0] == 0
    assert call("eig", "--campaign", following, *common[2:], "--gain", out / "next.json")[0] == 0
    p = np.array(posterior["observed"]["probabilities"])
    entropy = -(p[p > 0] * np.log(p[p > 0])).sum()
    assert json.loads((out / "next.json").read_text())["prior_entropy"] == pytest.approx(entropy)


def assert_nuisances_are_marginalised_by_default(call, raw, out, folder, common, files, fixed):
    usual = folder / "usual.yaml"
    usual.write_text(yaml.safe_dump({**raw, "estimator": {"pseudo_experiments": 50, "replicas": 16, "draws": 512}}))
    options = ("--campaign", usual, *common[2:])
    code, text = call("posterior", *options[: options.index("--histograms")], *files, "--posterior", out / "m.json")
    assert code == 0, text
    posterior = json.loads((out / "m.json").read_text())
    assert posterior["nuisances"] == "marginalised, statistical errors of the templates included"
    assert posterior["marginalisation"]["effective_fraction"] > 0.5
    assert posterior["observed_marginalisation"]["effective_fraction"] > 0.5
    code, text = call("eig", *options, "--gain", out / "m-eig.json")
    assert code == 0, text
    gain = json.loads((out / "m-eig.json").read_text())
    assert gain["nuisances"].startswith("systematic uncertainties marginalised")
    assert gain["marginalisation"]["effective_fraction"] > 0.5
    assert gain["plug_in"]["value"] < fixed["plug_in"]["value"]
    assert gain["exact"] is None


def test_events_of_another_campaign_are_refused(call, campaign_file, raw, tmp_path):
    common = ("--setting", "variance=2", "--sample", "theta=1", "--events", tmp_path / "e.root")
    assert call("simulate", "--campaign", campaign_file, *common)[0] == 0
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump({**raw, "seed": 99}))
    code, text = call("histogram", "--campaign", other, *common, "--histogram", tmp_path / "h.json")
    assert code == 2
    assert "belongs to another campaign" in text
    assert not (tmp_path / "h.json").exists()


def test_histograms_of_another_campaign_are_refused(call, campaign_file, raw, tmp_path):
    common = ("--setting", "variance=2", "--exposure", "events=5")
    histograms = simulate_all(call, campaign_file, tmp_path / "r", "variance=2", ["theta=-1"])
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump({**raw, "seed": 99}))
    code, text = call(
        "eig", "--campaign", other, *common, "--histograms", *histograms, "--gain", tmp_path / "o/eig.json"
    )
    assert code == 2
    assert "histogram.json: belongs to another campaign" in text
    assert not (tmp_path / "o").exists()


def test_events_say_where_they_come_from(call, campaign_file, raw, tmp_path):
    raw["simulator"] = {"name": "weinberg", "options": {"cos_theta_max": 0.5}}
    raw["settings"] = {"sqrt_s": {"values": [91.2]}}
    raw["parameters"] = {"sin2theta_w": {"values": [0.23, 0.24]}}
    raw["observables"] = {"cos_theta": {"range": [-1, 1], "bins": 4}}
    campaign_file.write_text(yaml.safe_dump(raw))
    branch = ("--setting", "sqrt_s=91.2", "--sample", "sin2theta_w=0.23", "--events", tmp_path / "e.root")
    assert call("simulate", "--campaign", campaign_file, *branch)[0] == 0
    with uproot.open(tmp_path / "e.root") as file:
        found = json.loads(file["metadata"])
    assert found.pop("cross_section_pb") == pytest.approx(2000, rel=0.2)
    assert found.pop("cross_section_error_pb") >= 0
    assert len(found.pop("digest")) == 16
    versions = found.pop("versions")
    assert versions["robot-physicist"] == __version__
    assert versions["pythia"].startswith("8.")
    branch = {"setting": "sqrt_s=91.2", "sample": "sin2theta_w=0.23"}
    assert found == {"campaign": "small", "seed": 3, "generated": 2000, **branch}


def test_empty_bins_are_warned_about_by_bin_and_point(campaign_file, raw, tmp_path):
    raw["observables"]["x"] = {"range": [-50, 50], "bins": 10}
    campaign_file.write_text(yaml.safe_dump(raw))
    histograms = []
    for sample in ("theta=-1", "theta=-0.5", "theta=0", "theta=0.5", "theta=1"):
        folder = tmp_path / sample
        common = (
            "--campaign",
            campaign_file,
            "--setting",
            "variance=2",
            "--sample",
            sample,
            "--events",
            folder / "e.root",
        )
        assert run("simulate", *common).returncode == 0
        assert run("histogram", *common, "--histogram", folder / "h.json").returncode == 0
        histograms.append(folder / "h.json")
    done = run(
        "likelihood", "--campaign", campaign_file, "--setting", "variance=2", "--exposure", "events=5", "--histograms",
        *histograms, "--workspace", tmp_path / "w.json", "--patchset", tmp_path / "p.json",
    )  # fmt: skip
    assert done.returncode == 0
    assert "warning: no simulated event at theta=-1 in bin x in [-50, -40]: filled by the polynomial" in done.stderr
    assert "more empty bins" in done.stderr
    rates = json.loads((tmp_path / "w.json").read_text())["channels"][0]["samples"][0]["data"]
    assert min(rates) > 0
