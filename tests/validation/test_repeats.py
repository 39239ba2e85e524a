"""Repeats of validation: stopped and resumed they give the same results, and each script says when statistics are wrong."""

import json
import math
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_line import heeds_control_c

from validation import accuracy, calibration, convergence, coverage, gaussian_processes, search, sequence
from validation.__main__ import SCRIPTS, main
from validation.calibration_figure import uniformity
from validation.code_digest import HERE, code_digest, imported_package, modules_of
from validation.records import append, read
from validation.repeats import Runs, found, missing, run
from validation.script import Found, Repeats, Result, Script, column
from validation.search_problems import PROBLEMS

CALLS: list[tuple[str, int]] = []


def repeat(case: str, seed: int) -> Result:
    CALLS.append((case, seed))
    return {"value": float(np.random.default_rng([len(case), seed]).normal()) / 3, "top": math.inf}


def tally(case: str, repeats: Repeats) -> str:
    return f"sum {sum(column(repeats, 'value'))!r}"


def table(results: Found) -> list[str]:
    return [f"{case}: {tally(case, repeats)}" for case, repeats in results.items()]


SCRIPT = Script(lambda repeats: {"one": repeats or 4, "three": 2}, repeat, tally, table)


@pytest.fixture
def wanted(tmp_path: Path) -> Runs:
    CALLS.clear()
    return Runs("toy", SCRIPT, SCRIPT.planned(None), tmp_path / "toy" / "repeats.jsonl", "this code")


def results(runs: Runs) -> dict[str, dict[int, Result]]:
    return {case: dict(repeats) for case, repeats in found(runs, runs.read()).items()}


def command(tmp_path: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "validation", *arguments, "--results", str(tmp_path)]


def printed(line: list[str]) -> str:
    return subprocess.run(line, check=True, capture_output=True, text=True, cwd=HERE.parent).stdout


def test_finished_repeats_are_not_run_again_and_floats_are_exact(wanted: Runs) -> None:
    run(wanted)
    assert wanted.works == CALLS
    exact = {case: {seed: repeat(case, seed) for c, seed in wanted.works if c == case} for case in wanted.planned}
    CALLS.clear()
    run(wanted)
    assert CALLS == []
    assert results(wanted) == exact


@pytest.mark.parametrize("cut", [1, 2, 30])
def test_truncated_line_is_ignored_repaired_and_only_its_repeat_is_run(wanted: Runs, cut: int) -> None:
    run(wanted)
    uninterrupted, whole = results(wanted), wanted.file.read_bytes()
    wanted.file.write_bytes(whole[:-cut])
    assert missing(wanted, wanted.read()) == [("three", 1)]
    assert wanted.file.read_bytes() == whole[:-cut]  # reading repairs nothing: a writer may be at work
    CALLS.clear()
    run(wanted)
    assert CALLS == [("three", 1)]
    assert results(wanted) == uninterrupted
    assert wanted.file.read_bytes() == whole


def test_file_that_is_one_truncated_line(wanted: Runs) -> None:
    wanted.file.parent.mkdir()
    wanted.file.write_text('{"case": "on')
    append(wanted.file, "this code", "one", 0, {"value": 0.1})
    assert read(wanted.file, "this code").results == {("one", 0): {"value": 0.1}}


def test_stopped_in_the_middle(wanted: Runs) -> None:
    def stopping(case: str, seed: int) -> Result:
        if len(CALLS) == 3:
            raise KeyboardInterrupt
        return repeat(case, seed)

    with pytest.raises(KeyboardInterrupt):
        run(replace(wanted, script=replace(SCRIPT, repeat=stopping)))
    done = CALLS.copy()
    run(wanted)
    assert done == wanted.works[:3]
    assert wanted.works == CALLS
    run(other := replace(wanted, file=wanted.file.with_name("uninterrupted.jsonl")))
    assert results(wanted) == results(other)


def test_other_code_is_not_reused_and_left_alone(wanted: Runs) -> None:
    run(replace(wanted, code="other code"))
    before = wanted.file.read_text()
    assert wanted.read().other_code == len(wanted.works)
    assert results(wanted) == {}
    CALLS.clear()
    run(wanted)
    assert wanted.works == CALLS
    assert wanted.file.read_text().startswith(before)


def test_lines_that_are_no_records_are_counted(wanted: Runs) -> None:
    wanted.file.parent.mkdir()
    wanted.file.write_text('garbage\n[1]\n{"case": "one"}\n')
    assert (wanted.read().damaged, results(wanted)) == (3, {})


def test_fewer_repeats_are_those_of_the_first_seeds(wanted: Runs) -> None:
    run(wanted)
    fewer = replace(wanted, planned=SCRIPT.planned(2))
    assert list(results(fewer)["one"]) == [0, 1]


def test_digest_is_of_the_content_of_what_a_script_imports(tmp_path: Path) -> None:
    scripts, package = tmp_path / "elsewhere", tmp_path / "robot_physicist"
    shutil.copytree(HERE, scripts)
    shutil.copytree(imported_package(), package)
    known = code_digest("coverage")
    assert code_digest("coverage", scripts, package) == known
    assert {"coverage", "coverage_cases", "muon_pairs", "script"} == modules_of("coverage", scripts)
    (scripts / "sequence.py").write_text("unrelated = 1\n")
    assert code_digest("coverage", scripts, package) == known
    shared = scripts / "muon_pairs.py"
    shared.write_text(shared.read_text() + "# changed\n")
    changed = code_digest("coverage", scripts, package)
    assert changed != known
    (package / "simulators" / "new.py").write_text("")
    assert code_digest("coverage", scripts, package) not in (known, changed)


def test_workers_make_no_difference(tmp_path: Path) -> None:
    """Both in processes of their own: this one may have imported NumPy with other kernels than the command takes."""
    arguments = ("gaussian_processes", "--cases", "SciPy", "--repeats", "5", "--workers")
    tables = [printed(command(tmp_path / workers, *arguments, workers)) for workers in ("1", "3")]
    assert tables[0] == tables[1]
    first, second = (read(tmp_path / n / "gaussian_processes/repeats.jsonl", GP).results for n in ("1", "3"))
    assert first == second
    assert len(first) == 5


GP = code_digest("gaussian_processes")


def test_report_while_running_and_ctrl_c(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gaussian_processes/repeats.jsonl"
    arguments = ("gaussian_processes", "--cases", "SciPy", "--repeats", "5000")
    heeding = {"preexec_fn": heeds_control_c, "cwd": HERE.parent}
    with subprocess.Popen(command(tmp_path, *arguments), stderr=subprocess.PIPE, text=True, **heeding) as job:
        while len(read(file, GP).results) < 3:
            assert job.poll() is None
            time.sleep(0.05)
        assert main([*arguments, "--report", "--results", str(tmp_path)]) == 0
        job.send_signal(signal.SIGINT)
        said = job.communicate()[1]
    assert job.returncode == 130
    assert said.splitlines()[-1] == "Stopped; finished repeats are kept, and the same command resumes."
    assert "Traceback" not in said
    done = int(capsys.readouterr().out.split("gaussian_processes: ")[1].split("/5000 repeats finished")[0])
    assert 3 <= done <= len(read(file, GP).results)


def test_report_counts_and_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, case = code_digest("coverage"), "two parameters, 300 events, N = 3000"
    for seed, low in enumerate((0.9, 0.9, 1.2)):
        result = {"truth": 1.0, "corrected": low + 0.1, "low": low, "high": low + 0.2}
        append(tmp_path / "coverage/repeats.jsonl", code, case, seed, result)
    append(tmp_path / "coverage/repeats.jsonl", "other", case, 3, {})
    before = (tmp_path / "coverage/repeats.jsonl").read_bytes()
    assert main(["coverage", "--report", "--repeats", "200", "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "coverage: 3/7000 repeats finished" in printed.out
    assert f"{case}: 3/200, covered 2/3" in printed.out
    assert "| two parameters | 300 events | 3000 | 1 / 3.219 |" in printed.out
    assert "1 repeats of other code are set aside" in printed.err
    assert (tmp_path / "coverage/repeats.jsonl").read_bytes() == before


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(SCRIPTS)
    assert main(["coveragge"]) == 2
    assert capsys.readouterr().err == "error: there is no script 'coveragge'; did you mean 'coverage'?\n"
    assert main(["coverage", "--cases", "no such case"]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["coverage", "--repeats", "0"])


def repeats_of(script: Script, case: str, number: int) -> dict[int, Result]:
    assert case in script.planned(None)
    return {seed: json.loads(json.dumps(script.repeat(case, seed))) for seed in range(number)}


def shifted(repeats: Repeats, **by: float) -> dict[int, Result]:
    return {seed: one | {name: one[name] + more for name, more in by.items()} for seed, one in repeats.items()}


def test_coverage() -> None:
    case = "e⁺e⁻ 82 GeV, weighted, N in all, 1 event, N = 1000"
    repeats = repeats_of(coverage.SCRIPT, case, 20)
    assert int(coverage.tally(case, repeats).removeprefix("covered ").removesuffix("/20")) >= 17
    # Intervals that are always too wide would hold these too.
    assert coverage.tally(case, shifted(repeats, truth=0.004)) == "covered 0/20"


def test_coverage_of_simulated_points() -> None:
    case = "e⁺e⁻ 82 GeV, 1 event, N = 10000"
    repeats = repeats_of(coverage.SCRIPT, case, 1)
    assert coverage.tally(case, repeats) == "covered 1/1"
    assert coverage.tally(case, shifted(repeats, truth=0.004)) == "covered 0/1"


def test_accuracy() -> None:
    repeats = repeats_of(accuracy.SCRIPT, "82 GeV, n = 1, N = 10000", 2)
    assert convergence.error(repeats, "corrected") < 0.0005 < convergence.error(repeats, "plug_in")
    assert "| 82 | 1 | 10000 | 0.0037 |" in "\n".join(accuracy.table({"82 GeV, n = 1, N = 10000": repeats}))


def test_convergence() -> None:
    cases = {convergence.size_case(80, kind): 2 for kind in (convergence.ALONE, convergence.SHARED)}
    made = {case: repeats_of(convergence.SCRIPT, case, number) for case, number in cases.items()}
    plug_in, corrected, weighted = convergence.errors(made, 80)
    assert max(corrected, weighted) < 0.01 < 0.05 < plug_in
    assert len(list(convergence.table(made))) == 4


def test_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "EXPERIMENTS", 100)
    case = "data of the published model: 1000 events, 10³ simulated per θ"
    repeats = repeats_of(calibration.SCRIPT, case, 1)
    ranks = calibration.all_ranks(repeats)
    assert uniformity(ranks)[2] > 0.001 > uniformity(ranks**2)[2]
    assert 88 <= int((np.abs(ranks - 0.5) < 0.475).sum()) < 100
    assert 88 <= repeats[0]["sets"]["0.95"]["hits"] < 100


def test_gaussian_processes() -> None:
    repeats = repeats_of(gaussian_processes.SCRIPT, "SciPy alone", 5)
    assert np.sqrt(np.mean(np.square(column(repeats, "deviations")))) < 0.2
    assert 0.5 < np.sqrt(np.mean(np.square(column(repeats, "pulls")))) < 2


def test_search(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = PROBLEMS["gaussian_cosine"]
    raw: dict[str, Any] = usual.raw | {"search": usual.raw["search"] | {"rounds": 2, "initial": 4}}
    raw |= {"name": "short", "simulation": {"events": 50, "smoothing": "none"}}
    # settings enough for a search to be wrong, and a process of 41 points; the gains of one event are exact sums
    raw |= {"settings": {"phi": {"linspace": [0, 6.28, 41]}}, "exposure": {"events": 1}}
    problem = replace(usual, name="short", raw=raw, sizes=(50,))
    monkeypatch.setitem(PROBLEMS, "short", problem)
    top = problem.exact({"phi": 3.14})
    repeats = repeats_of(search.SCRIPT, "short: searches", 1)
    measured = search.measured({"short: highest gain": {0: {"gain": top}}, "short: searches": repeats})
    (only,), _ = measured["short"]
    assert -1e-4 < only.regret[-1] < 0.03 < 0.1 < only.regret[0] < top
    assert only.events[0] == 200


def test_sequence() -> None:
    case = sequence.cases()[2]
    made = {name: repeats_of(sequence.SCRIPT, sequence.policy_case(case, name), 3) for name in sequence.POLICIES}
    adaptive, usual = (sequence.sequences(made[name]) for name in (sequence.ADAPTIVE, sequence.USUAL))
    assert adaptive.width[0][-1] < 0.15 < usual.width[0][-1]
    assert sequence.beyond(usual, adaptive)[0] > 1
    denser = np.array(column(made[sequence.ADAPTIVE], "denser"))
    assert ((denser >= 0) & (denser <= 1)).all()
    rows = list(sequence.table({sequence.policy_case(case, name): one for name, one in made.items()}))
    assert [row.split(" | ")[1] for row in rows[3:7]] == [
        "adaptive",
        "random",
        "best known beforehand, 0",
        "always 2",
    ]
