"""Sequences of experiments: does choosing each setting from what the earlier rounds taught pay, and is it calibrated?

Templates are exact here, so that a difference is one of the policies; draws the figures of docs/sequence.md.
"""

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np

from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.reports.figures.style import render_bytes
from validation.script import Found, Repeats, Result, Script, column
from validation.sequence_chains import ROUNDS, Policy, adaptive, always, beforehand, chain, randomly, simulated_rates
from validation.sequence_figure import Compared, sequence_figure
from validation.sequence_studies import REPEATS, Case, cases
from validation.sequence_widths import Sequences, beyond, coverage, sequences

#: Sizes of simulations, in events per θ, when templates are simulated anew in every round.
SIMULATED = (1000, 10_000)
ADAPTIVE, RANDOM, KNOWN, USUAL = "adaptive", "random", "best known beforehand", "always the usual one"
POLICIES = (ADAPTIVE, RANDOM, KNOWN, USUAL)
#: Seeds of the sequences whose truths are drawn from the prior, with exact and with simulated templates.
CALIBRATED, SIMULATED_ANEW = 10_000, 20_000
HEADER = (
    "experiment per round | policy | posterior sd | more than adaptive | 68% sets | 95% sets | settings most used"
)


def policy_case(case: Case, policy: str) -> str:
    """Name of the sequences of one policy."""
    return f"{case.study.name}: {policy}"


def fixed_case(case: Case, index: int) -> str:
    """Name of the sequences at one setting."""
    return f"{case.study.name}: fixed at {case.study.settings[index]:.4g}"


def simulated_case(case: Case, size: int) -> str:
    """Name of the sequences whose templates are simulated."""
    return f"{case.study.name}, {size} simulated per θ"


def fixed_cases(case: Case) -> list[str]:
    """Names of the sequences at every setting."""
    return [fixed_case(case, index) for index in range(len(case.study.settings))]


def planned(repeats: int | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for case in cases():
        names = [*(policy_case(case, policy) for policy in POLICIES), *fixed_cases(case)]
        found |= dict.fromkeys(names, repeats or case.repeats)
    simulated = [simulated_case(case, size) for size in SIMULATED for case in cases()[3:]]
    return found | dict.fromkeys(simulated, repeats or REPEATS)


def repeat(name: str, seed: int) -> Result:
    """One sequence at a fixed setting, or two of a policy: at one truth, for the width, and at one from the prior."""
    case = next(case for case in cases() if name.startswith(case.study.name))
    if name in fixed_cases(case):
        return at_one_truth(case, always(fixed_cases(case).index(name)), seed)
    for size in SIMULATED:
        if name == simulated_case(case, size):
            return from_simulation(case, size, seed)
    policy = chosen_policy(name)
    one = chain(case.study, policy, drawn_truth(case, 1, seed), CALIBRATED + seed)
    return {**at_one_truth(case, policy, seed), "denser": float(one.denser[-1])}


@cache
def chosen_policy(name: str) -> Policy:
    """The policy of a case, from its name; every process computes once which setting is best beforehand."""
    case = next(case for case in cases() if name.startswith(case.study.name))
    policies = {ADAPTIVE: lambda: adaptive, RANDOM: lambda: randomly}
    policies |= {KNOWN: lambda: always(beforehand(case.study)), USUAL: lambda: always(case.usual_index)}
    return policies[name.partition(": ")[2]]()


def at_one_truth(case: Case, policy: Policy, seed: int) -> Result:
    """Widths and settings of one sequence; the seeds are the same for all policies."""
    found = chain(case.study, policy, case.truth, seed)
    return {"sd": found.sd.tolist(), "settings": found.settings.tolist()}


def drawn_truth(case: Case, stream: int, index: int) -> float:
    """One of the truths that are drawn from the prior one after the other."""
    grid = case.study.grid
    return float(np.random.default_rng(stream).uniform(grid[0], grid[-1], index + 1)[index])


def from_simulation(case: Case, size: int, seed: int) -> Result:
    """One sequence at the usual setting whose templates are simulated anew in every round."""
    policy, infer = always(case.usual_index), partial(simulated_rates, events=size)
    found = chain(case.study, policy, drawn_truth(case, 2, seed), SIMULATED_ANEW + seed, infer)
    return {"sd": float(found.sd[-1]), "denser": float(found.denser[-1])}


def tally(_: str, repeats: Repeats) -> str:
    """How many 95% sets hold the truth, where truths were drawn."""
    if not all("denser" in result for result in repeats.values()):
        return ""
    return f"95% sets covered {sum(denser < 0.95 for denser in column(repeats, 'denser'))}/{len(repeats)}"


def table(found: Found) -> Iterator[str]:
    """Policies of every case, then coverage when templates are simulated."""
    yield f"Sequences of {ROUNDS} rounds; sd of sin²θ_W in 10⁻⁴"
    yield f"| {HEADER} |"
    yield f"|{'---|' * len(HEADER.split('|'))}"
    for case in cases():
        yield from rows(case, by_policy(case, found))
    yield "\nTemplates simulated anew in every round, at 91.2 GeV; sd in 10⁻⁴"
    yield "| case | posterior sd | 68% sets | 95% sets |\n|---|---|---|---|"
    for name in (simulated_case(case, size) for size in SIMULATED for case in cases()[3:]):
        if name in found:
            mean = np.array(column(found[name], "sd")).mean()
            yield f"| {name} | {1e4 * mean:.3g} | {' | '.join(coverage(found[name]))} |"


def by_policy(case: Case, found: Found) -> dict[str, Sequences]:
    """Sequences by policy, which are spelt with their settings where these are fixed."""
    names = {policy: found.get(policy_case(case, policy)) for policy in POLICIES}
    read = {policy: sequences(repeats) for policy, repeats in names.items() if repeats}
    spelt = {KNOWN: "best known beforehand, {:.4g}", USUAL: "always {:.4g}"}
    return {spelt.get(name, name).format(one.settings[0, 0]): one for name, one in read.items()}


def rows(case: Case, found: dict[str, Sequences]) -> Iterator[str]:
    """Lines of the table: width after each round, its ratio to the adaptive one, coverage, settings."""
    for name, one in found.items():
        ratio = ""
        if name != ADAPTIVE and ADAPTIVE in found and set(one.seeds) & set(found[ADAPTIVE].seeds):
            more, error = beyond(one, found[ADAPTIVE])
            ratio = f"{more:+.1%} ± {error:.1%}"
        cells = (case.study.name, name, widths(case, one), ratio, *one.covered, most_used(one.settings))
        yield f"| {' | '.join(cells)} |"


def widths(case: Case, one: Sequences) -> str:
    """Mean widths after each round, the last with its error."""
    mean, error = (case.scale * value for value in one.width)
    return " → ".join(f"{value:.3g}" for value in mean[:-1]) + f" → {mean[-1]:.4g} ± {error[-1]:.2g}"


def most_used(settings: FloatArray) -> str:
    """The three settings that were chosen most."""
    values, counts = np.unique(settings, return_counts=True)
    return ", ".join(f"{values[i]:.4g}" for i in np.argsort(-counts, kind="stable")[:3])


def compared(case: Case, found: Found) -> Compared:
    """What is drawn of a case."""
    return case, by_policy(case, found), [sequences(found[name]) for name in fixed_cases(case)]


def draw(found: Found, folder: Path) -> Iterator[Path]:
    """Draw the toys and the Weinberg angle when all their sequences have repeats."""
    for name, part in (("sequence_toys", cases()[:3]), ("sequence_weinberg", cases()[3:])):
        needed = {one for case in part for one in fixed_cases(case)}
        needed |= {policy_case(case, policy) for case in part for policy in POLICIES}
        if needed <= found.keys():
            path = folder / f"{name}.png"
            path.write_bytes(render_bytes(sequence_figure([compared(case, found) for case in part]), "png"))
            yield path


SCRIPT = Script(planned, repeat, tally, table, draw)
