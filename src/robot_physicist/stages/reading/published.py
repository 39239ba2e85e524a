"""Does a campaign's signal fit into a published likelihood?"""

from __future__ import annotations

import json
from collections.abc import Sequence

import lazy_loader as lazy
import numpy as np

from ...campaign.model import Campaign
from ...histfactory.published import Specification, signal_names
from ...histfactory.systematics import LumiSystematic
from ...likelihood.workspace import SIGNAL, STRENGTH, channel_name, conditions
from ...quantities.errors import RecastError, nearest
from ...templates.filling import axes
from .inputs import exposure_named

pyhf = lazy.load("pyhf")


def agreement(
    base: Specification, patches: Specification, campaign: Campaign, setting: str, exposure: str
) -> list[str]:
    """Check that a campaign's signal fits into a published likelihood; return what cannot be checked.

    Raises RecastError when the files are not a workspace and its patchset, and when the channel, the number of bins,
    the setting, the exposure, the binning or the luminosity's uncertainty are not those of the campaign.
    """
    _verify(base, patches)
    _channel(base, campaign)
    _luminosity(base, campaign)
    _names(base, signal_names(patches), campaign)
    wanted = conditions(setting, exposure_named(campaign, exposure), axes(campaign.observables))
    unsaid = [key for key in wanted if key not in patches["metadata"]]
    for key in wanted.keys() - unsaid:
        if patches["metadata"][key] != wanted[key]:
            raise RecastError(
                f"published.patchset: its {key} is {json.dumps(patches['metadata'][key])}, this campaign's "
                f"{json.dumps(wanted[key])}; a signal can only join data that were taken and binned like it"
            )
    return [f"the published patchset does not say its {', '.join(unsaid)}; see that they agree"] if unsaid else []


def _verify(base: Specification, patches: Specification) -> None:
    try:
        pyhf.Workspace(base)
        pyhf.PatchSet(patches).verify(base)
    except pyhf.exceptions.InvalidSpecification as error:
        raise RecastError(f"published: not a pyhf workspace and patchset: {error}") from None
    except pyhf.exceptions.PatchSetVerificationError as error:
        raise RecastError(f"published.patchset: does not belong to the workspace: {error}") from None


def _channel(base: Specification, campaign: Campaign) -> None:
    name, found = channel_name(axes(campaign.observables)), [channel["name"] for channel in base["channels"]]
    if name not in found:
        raise RecastError(f"published.workspace: no channel '{name}' of these observables; {nearest(name, found)}")
    if len(found) > 1:
        raise RecastError(
            f"published.workspace: channels {', '.join(found)}, but this campaign makes {name} alone; "
            "`pyhf prune --channel NAME` removes those without signal"
        )
    bins = int(np.prod([observable.bins for observable in campaign.observables.values()]))
    for sample in base["channels"][0]["samples"]:
        if len(sample["data"]) != bins:
            raise RecastError(
                f"published.workspace: {len(sample['data'])} bins in channel {name}, sample {sample['name']}; "
                f"this campaign's observables have {bins}"
            )


def _luminosity(base: Specification, campaign: Campaign) -> None:
    parameters = base["measurements"][0]["config"]["parameters"]
    published = next((entry["sigmas"][0] for entry in parameters if entry["name"] == "lumi"), None)
    wanted = next((entry.uncertainty for entry in campaign.systematics if isinstance(entry, LumiSystematic)), None)
    if published != wanted:
        advice = f"add {{type: lumi, uncertainty: {published}}}" if published else "remove it"
        raise RecastError(
            f"systematics: the luminosity's uncertainty is {published} in the published workspace, {wanted} here; it "
            f"is the same luminosity: {advice}"
        )


def _names(base: Specification, removed: Sequence[str], campaign: Campaign) -> None:
    samples = [sample for sample in base["channels"][0]["samples"] if sample["name"] not in removed]
    if not samples:
        raise RecastError("published.workspace: no sample but the signal; there is no background to recast onto")
    kinds = {modifier["name"]: modifier["type"] for sample in samples for modifier in sample["modifiers"]}
    if SIGNAL in {sample["name"] for sample in samples} or STRENGTH["name"] in kinds:
        raise RecastError(
            f"published.workspace: its backgrounds use the names of the new signal, sample '{SIGNAL}' and strength "
            f"'{STRENGTH['name']}'; `pyhf rename` changes them"
        )
    for index, entry in enumerate(campaign.systematics):
        if kinds.get(entry.name, entry.type) != entry.type:
            raise RecastError(
                f"systematics[{index}].name: '{entry.name}' is a {kinds[entry.name]} in the published workspace, "
                f"{entry.type} here; choose another name"
            )
