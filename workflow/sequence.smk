# Which files belong to a round of a sequence of experiments. Each is two campaigns: round=R/ looks for the best setting,
# and round=R/measurement/ has the data that were taken there; round=R+1/ begins with what is known after both.


def own(name):
    """A file of the same round."""
    return lambda wildcards: f"{RESULTS}/{wildcards.round}{name}"


def before(name):
    """A file of the round before."""
    return lambda wildcards: f"{RESULTS}/{named(int(wildcards.next) - 1)}{name}"


def posterior_before(wildcards):
    """The posterior of the experiment of the round before."""
    measurement = f"{named(int(wildcards.next) - 1)}measurement/"
    (path,) = of_rounds("{setting}/{exposure}/posterior.json", [measurement])
    return path


def entry_of(wildcards):
    """The entry of the study that names the data of a round, if there is one; others may be added later."""
    observed = config.get("observed") or []
    entries = observed if isinstance(observed, list) else [observed]
    return entries[number_of(wildcards.round) - 1 :][:1]


def taken(wildcards):
    """Files of the study from which the data of a round, and the campaign of its experiment, are made."""
    data = [Path(CAMPAIGN).parent / entry["file"] for entry in entry_of(wildcards)]
    return [*study_files(wildcards), *(ancient(str(path)) for path in data)]


def data_of(wildcards):
    """What else of the study makes the data of a round: the entry of their file, and what all these files hold."""
    return {"entry": entry_of(wildcards), "files": contents(taken(wildcards))}


#: Rounds that only a search, and only a sequence, has; elsewhere a pattern that nothing matches.
NEVER = "(?!)"
SEARCHED = "round=[0-9]+/" if is_search() else NEVER
FIRST = "round=1/" if is_sequence() else NEVER
LATER = "[2-9]|[1-9][0-9]+" if is_sequence() else NEVER
#: What the campaigns of all rounds are made of; more rounds, and files of later ones, change none that exists.
STUDY = [
    everything_but("observed", "sequence"),
    "sequence.truth",
    "sequence.grid",
]
