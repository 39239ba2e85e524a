"""Workspaces and patchsets, as pyhf itself reads them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyhf
import pytest
from support.published_likelihood import POINTS, RAW, published, templates

from robot_physicist.likelihood.workspace import check, empty_bins, patch_name, signal_rates
from robot_physicist.quantities.exposure import EventCount
from robot_physicist.templates.templates import expected


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("point", [0, 1, 2])
def test_a_patched_model_expects_what_the_templates_say(background, point):
    made, exposure, base, patches = published(background)
    signal, _ = signal_rates(made, exposure, RAW)
    nothing = np.zeros_like(signal)
    total = signal + expected(nothing, nothing[:, 0], exposure, made.background_total)
    applied = pyhf.PatchSet(patches).apply(base, patch_name(POINTS[point]))
    model = pyhf.Workspace(applied).model()
    rates = model.expected_data(model.config.suggested_init(), include_auxdata=False)
    assert np.asarray(rates) == pytest.approx(total[point], rel=1e-12)


def test_every_kind_of_modifier_is_there():
    _, _, base, patches = published()
    model = pyhf.Workspace(pyhf.PatchSet(patches).apply(base, patch_name(POINTS[0]))).model()
    assert {kind for _, kind in model.config.modifiers} == {"normfactor", "staterror", "lumi", "normsys", "histosys"}
    assert model.config.poi_name == "mu"


def test_the_base_of_a_measurement_with_backgrounds_has_no_signal():
    _, _, base, _ = published()
    assert [sample["name"] for sample in base["channels"][0]["samples"]] == ["flat"]


def test_observed_data_replace_the_asimov_data():
    _, _, base, _ = published(observed=np.array([1.0, 2, 3, 4]))
    assert base["observations"][0]["data"] == [1, 2, 3, 4]


def test_a_fixed_number_of_events_is_shared_by_all_points():
    made, exposure, *_ = published(False, EventCount(events=50))
    rates, _ = signal_rates(made, exposure, RAW)
    assert rates.sum(axis=1) == pytest.approx([50, 50, 50])


def test_statistical_errors_scale_with_the_rates():
    made, exposure, *_ = published(False)
    rates, errors = signal_rates(made, exposure, RAW)
    assert errors / rates == pytest.approx(1 / np.sqrt(made.sumw.sum(axis=1)), rel=1e-4)


def test_empty_bins_are_named_and_filled():
    made = templates(False)
    made.sumw[1, :, 2] = 0
    made.sumw2[1, :, 2] = 0
    assert empty_bins(made) == ["no simulated event at theta=0.5 in bin x in [2, 3]"]
    rates, errors = signal_rates(made, EventCount(events=100), RAW)
    assert (rates > 0).all()
    assert errors[1, 2] == pytest.approx(rates[1, 2])
    # Half an event, spread over the bins as the average over θ.
    share = made.sumw[:, :, 2].sum() / made.sumw.sum()
    assert rates[1, 2] == pytest.approx(100 * 0.5 * share / (made.sumw[1].sum() + 0.5 * share), rel=0.01)


def test_the_digest_is_verified():
    _, _, base, patches = published()
    check(base, patches)
    base["observations"][0]["data"][0] += 1
    with pytest.raises(pyhf.exceptions.PatchSetVerificationError):
        check(base, patches)


def test_the_pyhf_command_line_accepts_both_files(tmp_path):
    _, _, base, patches = published()
    for name, content in (("workspace", base), ("patchset", patches)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    pyhf_command = str(Path(sys.executable).parent / "pyhf")
    for arguments in (
        ["inspect", "workspace.json"],
        ["patchset", "inspect", "patchset.json"],
        ["patchset", "verify", "workspace.json", "patchset.json"],
        ["patchset", "apply", "workspace.json", "patchset.json", "--name", "theta_0p5"],
    ):
        done = subprocess.run([pyhf_command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["channels"][0]["samples"]) == 2
