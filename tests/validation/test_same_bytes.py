"""The comparison of two runs finds what it is for: a changed digit, a missing file, the package of another tree."""

import pytest
from support.campaigns import ROOT

from validation import compared_campaigns, compared_commands, same_bytes
from validation.checkout import LeakError, check_modules, git
from validation.compared_files import Comparison, compare, compared, difference


@pytest.fixture
def runs(tmp_path):
    """Two folders with the same results."""
    for side in ("old", "new"):
        for name, text in {"design.json": '{"gain": 0.125}', "a/figure.png": "\x89PNG", "a/eig.log": side}.items():
            path = tmp_path / side / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return tmp_path / "old", tmp_path / "new"


def test_same_files_are_the_same_whatever_their_logs_say(runs):
    assert compare(*runs) == Comparison(("a/figure.png", "design.json"), (), ())


def test_a_changed_digit_is_found(runs):
    (runs[1] / "design.json").write_text('{"gain": 0.126}')
    found = compare(*runs)
    assert found.same == ("a/figure.png",)
    assert found.different == ("design.json: differs from byte 13 on (b'5}', now b'6}')",)


@pytest.mark.parametrize(("side", "name"), [(0, "old"), (1, "new")])
def test_a_missing_file_is_found(runs, side, name):
    (runs[side] / "a/figure.png").unlink()
    assert compare(*runs).different == (f"a/figure.png: is missing from the {name} results",)


def test_versions_are_set_aside_and_nothing_beside_them():
    old = b'{"digest": "0.1.0", "robot-physicist": "0.1.0"}'
    new = b'{"digest": "0.1.0", "robot-physicist": "0.2.0"}'
    assert difference(old, new) == "versions"
    assert difference(old, new.replace(b'digest": "0.1', b'digest": "0.3')).startswith("differs from byte 14")
    assert difference(b"Matplotlib version3.9.2, https", b"Matplotlib version3.10.0, https") == "versions"


def test_printed_text_is_compared_without_places_and_times(tmp_path):
    def text(line, tree, seconds):
        printed = f"{tree}: fine\ntime        {seconds} s for simulation\n"
        return compared_commands.without_places_and_times(line, printed, tmp_path / tree)

    assert text("plan a.yaml", tmp_path / "old", 3).startswith(f"{tmp_path}/old") is False
    first, second = (
        {"plan a.yaml": text("plan a.yaml", tree, n).encode(), "show b.json": text("show b.json", tree, n).encode()}
        for tree, n in (("old", 3), ("old", 4))
    )
    found = compared(first, second)
    assert found.same == ("plan a.yaml",)
    assert len(found.different) == 1


def test_modules_of_another_tree_are_a_leak(tmp_path):
    ours, other = tmp_path / "src/robot_physicist", "/elsewhere/src/robot_physicist"
    line = "# code object from '{}/cli.py'"
    check_modules(line.format(ours), ours)
    for loaded in (line.format(other), "\n".join([line.format(ours), line.format(other)]), ""):
        with pytest.raises(LeakError, match="its command loads"):
            check_modules(loaded, ours)


def test_an_unknown_commit_is_named_by_git():
    with pytest.raises(SystemExit, match="nothing-like-this"):
        git("rev-parse", "--verify", "nothing-like-this")


def test_every_difference_and_every_stage_that_did_not_run_is_reported():
    found = {"small": Comparison(("a", "b"), ("c",), ("d: is missing from the new results",))}
    lines = list(same_bytes.report(found, ["recast"]))
    assert lines[1].split() == ["small", "4", "2", "1", "1"]
    assert "DIFFERENT: small: d: is missing from the new results" in lines
    assert "stages that were not exercised: recast" in lines
    assert lines[-1] == "1 of 4 differ"


def test_campaigns_are_valid_and_what_they_name_lies_beside_them(tmp_path):
    from robot_physicist.stages.checking import validate

    compared_campaigns.prepare(tmp_path, ROOT, compared_campaigns.STUDIES)
    for study in compared_campaigns.STUDIES:
        assert ": valid; " in validate(compared_campaigns.campaign_of(study, tmp_path))
    compared_commands.prepare(tmp_path, ROOT)
    assert ": valid; " in validate(tmp_path / "two_rounds.yaml")


def test_bad_campaigns_are_bad(tmp_path):
    from robot_physicist.quantities.errors import CampaignError
    from robot_physicist.stages.checking import validate

    compared_commands.prepare(tmp_path, ROOT)
    paths = list((tmp_path / "bad").glob("*.yaml"))
    assert len(paths) == len(compared_commands.BAD)
    for path in paths:
        with pytest.raises(CampaignError):
            validate(path)
