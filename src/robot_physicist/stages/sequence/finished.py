"""Is a round of a sequence finished, so that it need not be run again? The digests of the chain and the study say."""

from __future__ import annotations

from pathlib import Path

from ... import files
from ...campaign.checks.named_files import named_paths
from ...campaign.files import read_campaign
from ...campaign.layout import jobs
from ...campaign.model import Campaign
from ...campaign.rounds import measurement_campaign
from ...design.results import Design
from ...design.sequence.state import Experiments
from ...design.sequence.update import updated
from ...inference.results import Posteriors
from ...quantities.errors import BadInputError
from .rounds import data_of, is_of, is_same, made_from


def finished(study: Path, results: Path, number: int) -> Experiments | None:
    """What is known after a round that is finished, and made from this study; None when it is to be run.

    No file is missing, those whose digests the chain holds are unchanged, and campaigns and data are those that the
    study would give now. More rounds, and data of later ones, leave a round as it is.
    """
    try:
        known = files.read_document(Experiments, results / f"round={number + 1}/sequence.json")
        same = _is_of(study, read_campaign(study), results, number, known)
    except BadInputError:  # something is missing, damaged, or of another campaign
        return None
    return known if same else None


def _is_of(study: Path, whole: Campaign, results: Path, number: int, known: Experiments) -> bool:
    here, after = results / f"round={number}", results / f"round={number + 1}"
    paths = {
        "previous": here / "sequence.json",
        "campaign": here / "campaign.yaml",
        "design": here / "design.json",
        "measurement": here / "measurement/campaign.yaml",
    }
    before = files.read_document(Experiments, paths["previous"])
    content, next_ = read_campaign(paths["campaign"]), read_campaign(after / "campaign.yaml")
    experiment = read_campaign(paths["measurement"])
    if whole.sequence is None or len(known.rounds) != number or before.truth != whole.sequence.truth:
        return False
    one, answer = known.rounds[-1], files.read_document(Design, paths["design"]).exposures[0]
    posterior = here / f"measurement/{one.setting}/{one.exposure}/posterior.json"
    return (
        one.made_from == made_from(**paths, posterior=posterior)
        and known.next == files.sha256(after / "campaign.yaml")
        and is_of(study, whole, before, content)
        and is_of(study, whole, known, next_)
        and known.axes == updated(whole, before, answer, files.read_document(Posteriors, posterior), {}).axes
        and _same_data(study, whole, content, here, number, experiment, answer.best)
        and all(files.sha256(study.parent / name) == files.sha256(here / name) for _, name in named_paths(content))
        and _complete(results, number, content, experiment)
    )


def _same_data(
    study: Path, whole: Campaign, content: Campaign, here: Path, number: int, experiment: Campaign, best: str
) -> bool:
    setting, observed = data_of(whole, number, best)
    file = study.parent / whole.observed[number - 1].file if whole.observed else here / "measurement/data.root"
    unchanged = files.sha256(file) == files.sha256(here / "measurement/data.root")
    return unchanged and is_same(experiment, measurement_campaign(whole, content, number, setting, observed))


def _complete(results: Path, number: int, content: Campaign, experiment: Campaign) -> bool:
    """Is everything there? Events may have been removed."""
    here = f"round={number}/"
    wanted = [*jobs(content, here), *jobs(experiment, f"{here}measurement/")]
    names = {job.output for job in wanted if job.stage != "simulate"}
    for folder in (here, f"{here}measurement/"):
        names |= {f"{folder}{name}" for name in ("branches.json", "design.csv", "figures/gain.png")}
    names |= {f"round={number + 1}/sequence/posterior.{extension}" for extension in ("pdf", "png")}
    return files.modified(results, names).keys() == names
