"""What a sequence of experiments has found so far, in words."""

from __future__ import annotations

from collections.abc import Mapping

from ..campaign.model import Campaign
from ..design.sequence.state import Experiments, Known
from ..quantities.labels import number


def summary(campaign: Campaign, after: Experiments, rounds: int | None = None) -> str:
    """One line per round: where its data were taken, what was in them, and what is known since.

    `campaign` has the labels of the parameters, `rounds` is how many there are going to be.
    """
    done = len(after.rounds)
    state = f"{done} of {rounds} rounds" if rounds else f"{done} round{'' if done == 1 else 's'} done"
    lines = [f"{after.campaign}: {state}"]
    for index, one in enumerate(after.rounds, 1):
        lines.append(f"  round {index}: {one.setting}, {one.information:.3f} nats; {_known(campaign, one.known)}")
    return "\n".join(lines)


def _known(campaign: Campaign, known: Mapping[str, Known]) -> str:
    return ", ".join(
        f"{campaign.parameters[name].label or name} = {number(float(f'{one.mean:.4g}'))} ± {one.sd:.2g}"
        for name, one in known.items()
    )
