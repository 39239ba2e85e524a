"""The stage `propose`: read what a search knows, ask for the next round, write its campaign."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from .. import files, reports
from ..campaign.checks.search_state import check_gains, check_state
from ..campaign.files import read_campaign, write_campaign
from ..campaign.search_rounds import round_campaign
from ..design.search.rounds import next_round
from ..design.search.state import SearchState
from ..information.results import InformationGain
from ..quantities.errors import BadInputError, SearchWarning


def propose(
    campaign_file: Path,
    gains: Sequence[Path],
    previous: Sequence[Path],
    proposal: Path,
    output: Path,
    figures: Path,
) -> str:
    """Propose the next round of a search from its state after the round before, and the gains of that round."""
    campaign = read_campaign(campaign_file)
    before = [files.read_document(SearchState, path) for path in previous]
    found = [files.read_document(InformationGain, path) for path in gains]
    if len(before) > 1:
        raise BadInputError(f"{previous[1]}: one state is enough; pass that of the round before only")
    if found and not before:
        raise BadInputError("gains need the state that asked for them; pass it with --previous")
    if proposal.resolve() == campaign_file.resolve():
        raise BadInputError(f"{proposal}: is the campaign of the search; name another file for that of the round")
    for one in before:
        check_state(campaign, one, str(previous[0]))
        check_gains(one, found)
    state = next_round(campaign, before[0] if before else None, found)
    for name, content in reports.figures.search.draw(campaign, state).items():
        files.write_bytes(figures / name, content)
    write_campaign(proposal, round_campaign(campaign, state), campaign_file.parent)
    files.write_document(output, state)
    for message in state.warnings:
        warnings.warn(message, SearchWarning, stacklevel=2)
    return f"{_spelt(state)}: {output}"


def _spelt(state: SearchState) -> str:
    if state.stopped:
        return f"{state.best} is best; stopped: {state.stopped}"
    return f"round {state.round} at {' '.join(state.proposed)}"
