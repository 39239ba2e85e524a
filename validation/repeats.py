"""Run the repeats of a script that are missing, in any number of processes, and collect those that are finished."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from validation.code_digest import code_digest
from validation.records import Records, append, read
from validation.script import Found, Result, Script

#: Seconds between two lines of progress.
PACE = 10.0
#: Case and seed.
Work = tuple[str, int]


@dataclass(frozen=True)
class Runs:
    """The repeats of one script that are wanted: number by case, the file that holds them, and the code's digest."""

    name: str
    script: Script
    planned: dict[str, int]
    file: Path
    code: str

    @property
    def works(self) -> list[Work]:
        """All repeats, case by case."""
        return [(case, seed) for case, repeats in self.planned.items() for seed in range(repeats)]

    def read(self) -> Records:
        """What is in the file now."""
        return read(self.file, self.code)


def runs(name: str, script: Script, folder: Path, repeats: int | None = None, cases: str = "") -> Runs:
    """Plan the repeats of the cases whose names contain a text."""
    planned = {case: size for case, size in script.planned(repeats).items() if cases in case}
    return Runs(name, script, planned, folder / name / "repeats.jsonl", code_digest(name))


def found(wanted: Runs, records: Records) -> Found:
    """Results by case and seed, in the order of the plan whatever the order in which they were finished."""
    results: dict[str, dict[int, Result]] = {}
    for case, seed in wanted.works:
        if (case, seed) in records.results:
            results.setdefault(case, {})[seed] = records.results[case, seed]
    return results


def missing(wanted: Runs, records: Records) -> list[Work]:
    """Repeats that are wanted and not finished."""
    return [work for work in wanted.works if work not in records.results]


def run(wanted: Runs, workers: int = 1, tell: Callable[[str], None] | None = None) -> None:
    """Run what is missing; each repeat is in the file as soon as it is finished."""
    works = missing(wanted, wanted.read())
    done, total, told = len(wanted.works) - len(works), len(wanted.works), time.monotonic()
    for (case, seed), result in finished(wanted.script, works, workers):
        append(wanted.file, wanted.code, case, seed, result)
        done += 1
        if tell and (done == total or time.monotonic() - told >= PACE):
            tell(f"{wanted.name}: {done}/{total} repeats finished, the last one of: {case}")
            told = time.monotonic()


def finished(script: Script, works: list[Work], workers: int) -> Iterator[tuple[Work, Result]]:
    """Repeats with their results, in the order in which they end."""
    if workers == 1:
        yield from ((work, script.repeat(*work)) for work in works)
        return
    with ProcessPoolExecutor(workers, initializer=end_with_parent) as pool:
        futures = {pool.submit(script.repeat, *work): work for work in works}
        try:
            yield from ((futures[future], future.result()) for future in as_completed(futures))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def end_with_parent() -> None:
    """Let a worker end quietly with Ctrl-C, and also when its parent is killed, which nobody else would tell it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_await_parent, daemon=True).start()


def _await_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def to_stderr(text: str) -> None:
    """Print progress where it does not mix with tables."""
    print(text, file=sys.stderr, flush=True)
