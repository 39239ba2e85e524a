"""Do the present working tree and an old commit make the same bytes? `python -m validation.same_bytes REVISION`.

Both run the same campaigns, each with its own Snakefile and its own package, and the same commands; every result and
everything printed is compared. Logs and what tells the time are left out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from validation import compared_campaigns, compared_commands
from validation.checkout import Checkout, old_and_new
from validation.compared_campaigns import AS_IT_IS, STUDIES, Study
from validation.compared_files import Comparison, compare, compared

#: Lines that are shown of a run that failed.
SHOWN = 12
#: Folders of the two sides, in the folder that `--keep` names.
SIDES = ("old", "new")
Comparisons = Mapping[str, Comparison]


def main(arguments: list[str] | None = None) -> int:
    """Compare, print a table, and return the exit code: 1 if anything differs."""
    options = parsed(arguments)
    studies = (AS_IT_IS, *STUDIES) if options.whole else STUDIES
    with old_and_new(options.revision) as checkouts, results_in(options.keep) as folder:
        places = {folder / side: checkout for side, checkout in zip(SIDES, checkouts, strict=True)}
        for place, checkout in places.items():
            compared_campaigns.prepare(place, checkouts[0].folder, studies)
            compared_commands.prepare(place, checkout.folder)
        found = {study.name: of_campaign(study, places, options.cores) for study in studies}
        found |= of_commands(places, options.cores)
        print("\n".join(report(found, not_exercised(places))))
    return int(any(one.different for one in found.values()))


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m validation.same_bytes", description=__doc__)
    parser.add_argument("revision", help="the old commit, in any form that git knows")
    parser.add_argument("--keep", type=Path, help="new folder for the results of both, which are removed without it")
    parser.add_argument("--cores", type=int, default=2, help="cores to use (%(default)s)")
    parser.add_argument("--whole", action="store_true", help="campaigns/gaussian.yaml as it is too; many minutes")
    return parser.parse_args(arguments)


@contextmanager
def results_in(keep: Path | None) -> Iterator[Path]:
    """The folder for results, a temporary one unless they are kept."""
    if keep:
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="same-bytes-") as text:
        yield Path(text).resolve()


def of_campaign(study: Study, places: Mapping[Path, Checkout], cores: int) -> Comparison:
    """Run a campaign with both checkouts and compare the results; a run that fails is a difference too."""
    failures: list[str] = []
    for place, checkout in places.items():
        print(f"{study.name}, {place.name} ...", file=sys.stderr, flush=True)
        if failed := compared_campaigns.run(study, checkout, place, cores):
            failures.append("\n  ".join([f"{place.name} failed", *failed.splitlines()[-SHOWN:]]))
    old, new = (place / "results" / study.name for place in places)
    found = compare(old, new)
    return replace(found, different=(*failures, *found.different))


def of_commands(places: Mapping[Path, Checkout], cores: int) -> dict[str, Comparison]:
    """Compare what commands print, and the files that they write."""
    (place, checkout), _ = places.items()
    before = {path.name for path in (place / "results").iterdir()}
    chosen = list(compared_commands.lines(checkout, place))
    print(f"{len(chosen)} commands ...", file=sys.stderr, flush=True)
    old, new = (compared_commands.printed(checkout, place, chosen, cores) for place, checkout in places.items())
    made = {path.name for place in places for path in (place / "results").iterdir()} - before
    files = {
        f"{name} (by command)": compare(*(place / "results" / name for place in places)) for name in sorted(made)
    }
    return {**files, "printed text": compared(old, new)}


def not_exercised(places: Mapping[Path, Checkout]) -> list[str]:
    """Stages of either checkout that did not run with both."""
    stages = set[str]().union(*(compared_campaigns.stages(checkout) for checkout in places.values()))
    both = set.intersection(*(set(compared_campaigns.exercised(place)) for place in places))
    return sorted(stages - both)


def report(found: Comparisons, missing: list[str]) -> Iterator[str]:
    """Lines of a table, the names of what differs, and which stages were not exercised."""
    yield f"{'campaign':<36}{'compared':>9}{'same':>9}{'versions':>9}{'different':>10}"
    for name, one in found.items():
        numbers = f"{one.total:>9}{len(one.same):>9}{len(one.but_for_versions):>9}{len(one.different):>10}"
        yield f"{name:<36}{numbers}"
    for name, one in found.items():
        yield from (f"same but for versions: {name}: {path}" for path in one.but_for_versions)
        yield from (f"DIFFERENT: {name}: {reason}" for reason in one.different)
    yield f"stages that were not exercised: {', '.join(missing) or 'none'}"
    different = sum(len(one.different) for one in found.values())
    yield f"{different} of {sum(one.total for one in found.values())} differ"


if __name__ == "__main__":
    sys.exit(main())
