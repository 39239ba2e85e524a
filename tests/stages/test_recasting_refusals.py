"""Published likelihoods and signals that do not fit are bad input."""

import copy
import json
import shutil

import pytest
from support.campaigns import ROOT
from support.recasts import EXAMPLE, EXPOSURE, SETTING, written

from robot_physicist.cli.main import main
from robot_physicist.likelihood.workspace import workspace_digest


def prepared(tmp_path, **changes):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    return tmp_path / f"{written(tmp_path, **changes)}.yaml"


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return end.value.code or 0, captured.out + captured.err


LUMI = {"type": "lumi", "uncertainty": 0.02}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"observables": {"cos_theta": {"range": [-1, 1], "bins": 8}}}, "5 bins in channel cos_theta, sample drell_yan; this campaign's observables have 8"),
        ({"observables": {"cos_theta": {"range": [-0.9, 0.9], "bins": 5}}}, 'its observables is [{"name": "cos_theta", "range": [-1.0, 1.0], "bins": 5}]'),
        ({"settings": {"sqrt_s": {"values": [240]}}}, 'its setting is "sqrt_s=250", this campaign\'s "sqrt_s=240"'),
        ({"exposure": {"luminosity": 2, "unit": "fb-1"}}, 'its exposure is "luminosity=1fb-1", this campaign\'s "luminosity=2fb-1"'),
        ({"exposure": {"events": 10}}, "exposure[0].events: a recast needs the luminosity of the published data"),
        ({"systematics": []}, "the luminosity's uncertainty is 0.02 in the published workspace, None here; it is the same luminosity: add {type: lumi, uncertainty: 0.02}"),
        ({"systematics": [LUMI, {"type": "normsys", "name": "x", "samples": ["drell_yan"], "up": 1.1, "down": 0.9}]}, "no sample 'drell_yan'"),
        ({"backgrounds": [{"name": "more", "simulator": {"name": "weinberg_born"}, "parameters": {"sin2theta_w": 0.23}}]}, "backgrounds: the published workspace holds them already; remove the key"),
        ({"observed": {"file": "data.root", "setting": {"sqrt_s": 250}}}, "observed: the published workspace holds them already"),
        ({"published": {"workspace": "published/SETTING.json", "patchset": "published/patchset.json"}}, "published/sqrt_s=250.json: no such file; put it there, or correct the path"),
        ({"published": {"workspace": "../workspace.json", "patchset": "p.json"}}, "published.workspace: '../workspace.json' leaves the campaign's folder"),
        ({"published": {"workspace": "published/patchset.json", "patchset": "published/patchset.json"}}, "published: not a pyhf workspace and patchset"),
        ({"published": {"workspase": "w.json", "patchset": "p.json"}}, "published.workspase: unknown key; did you mean 'workspace'?"),
    ],
)  # fmt: skip
def test_a_signal_that_does_not_fit_is_refused(tmp_path, capsys, changes, message):
    code, text = said(capsys, "validate", prepared(tmp_path, **changes))
    assert code == 2
    assert message in text


def changed_workspace(tmp_path, change):
    """The example with other published files, whose digest is right again."""
    campaign = prepared(tmp_path)
    base, patches = (
        json.loads((EXAMPLE / f"published/{name}.json").read_text()) for name in ("workspace", "patchset")
    )
    base, patches = copy.deepcopy(base), copy.deepcopy(patches)
    change(base, patches)
    patches["metadata"]["digests"]["sha256"] = workspace_digest(base)
    (tmp_path / "published/workspace.json").write_text(json.dumps(base))
    (tmp_path / "published/patchset.json").write_text(json.dumps(patches))
    return campaign


def renamed(base, patches):
    for part in ("channels", "observations"):
        base[part][0]["name"] = "cos_thetta"


def doubled(base, patches):
    for part in ("channels", "observations"):
        base[part].append({**base[part][0], "name": "control"})


def without_signal(base, patches):
    for patch in patches["patches"]:
        patch["patch"] = patch["patch"][1:]


def without_background(base, patches):
    base["channels"][0]["samples"][0]["name"] = "signal"


def with_our_names(base, patches):
    base["channels"][0]["samples"][0]["modifiers"].append({"name": "mu", "type": "normfactor", "data": None})


def with_another_kind(base, patches):
    base["channels"][0]["samples"][0]["modifiers"].append({"name": "efficiency", "type": "normfactor", "data": None})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            with_another_kind,
            "'efficiency' is a normfactor in the published workspace, normsys here; choose another name",
        ),
        (renamed, "no channel 'cos_theta' of these observables; did you mean 'cos_thetta'?"),
        (
            doubled,
            "channels cos_theta, control, but this campaign makes cos_theta alone; `pyhf prune --channel NAME`",
        ),
        (without_signal, "none of its 3 patches adds a sample, so that nothing says which is the signal"),
        (without_background, "no sample but the signal; there is no background to recast onto"),
        (with_our_names, "its backgrounds use the names of the new signal, sample 'signal' and strength 'mu'"),
    ],
)
def test_a_published_likelihood_that_does_not_fit_is_refused(tmp_path, capsys, change, message):
    code, text = said(capsys, "validate", changed_workspace(tmp_path, change))
    assert code == 2
    assert message in text


def test_published_files_that_do_not_belong_together_are_refused(tmp_path, capsys):
    campaign = prepared(tmp_path)
    path = tmp_path / "published/workspace.json"
    base = json.loads(path.read_text())
    base["observations"][0]["data"][0] += 1
    path.write_text(json.dumps(base))
    code, text = said(capsys, "validate", campaign)
    assert code == 2
    assert "published.patchset: does not belong to the workspace" in text


def test_a_valid_recast_is_valid(tmp_path, capsys):
    assert said(capsys, "validate", prepared(tmp_path))[0] == 0


def test_the_stage_refuses_without_a_traceback_and_writes_nothing(tmp_path, capsys):
    """The same errors from the stage itself, on a histogram of the right campaign."""
    campaign = prepared(tmp_path, exposure={"luminosity": 2, "unit": "fb-1"})
    outputs = [tmp_path / "out" / f"{name}.json" for name in ("workspace", "patchset", "recast")]
    options = [
        word
        for name, path in zip(("workspace", "patchset", "recast"), outputs, strict=True)
        for word in (f"--{name}", path)
    ]
    histograms = sorted((ROOT / "tests/data/recast").glob("*/histogram.json"))
    line = [
        "recast",
        "--campaign",
        campaign,
        "--setting",
        SETTING,
        "--exposure",
        "luminosity=2fb-1",
        "--histograms",
        *histograms,
    ]
    code, text = said(capsys, *line, *options)
    assert code == 2
    assert "its exposure is" in text
    assert not (tmp_path / "out").exists()


def test_a_campaign_that_names_nothing_published_cannot_be_recast(tmp_path, capsys):
    histograms = sorted((ROOT / "tests/data/recast").glob("*/histogram.json"))
    line = [
        "recast",
        "--campaign",
        EXAMPLE / "vector.yaml",
        "--setting",
        SETTING,
        "--exposure",
        EXPOSURE,
        "--histograms",
        *histograms,
    ]
    line += [
        word for name in ("workspace", "patchset", "recast") for word in (f"--{name}", tmp_path / f"{name}.json")
    ]
    code, text = said(capsys, *line)
    assert code == 2
    assert "published: is missing; name the workspace and the patchset" in text
    assert not list(tmp_path.iterdir())
