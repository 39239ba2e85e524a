# Which files belong to a round. A round is a campaign that a step has written; a study without rounds has one, the
# file that Snakemake was given. Results of a round have its name, such as round=1/, in front of the usual paths.


def content(path):
    """A campaign as a mapping."""
    return yaml.safe_load(Path(path).read_text())


def is_search():
    """Does the campaign let a search propose its settings?"""
    return config.get("search") is not None


def named(number):
    """A round as its results are named."""
    return f"round={number}/"


def number_of(round):
    """The number of a round."""
    return int(round.removeprefix("round=").removesuffix("/"))


def is_sequence():
    """Does the campaign make experiments one after the other?"""
    return config.get("sequence") is not None


def campaign_of(wildcards):
    """The campaign file of a round, which exists once the checkpoint before it has run."""
    return campaign_in(wildcards.round)


def campaign_in(round):
    """The same, by the name of the round."""
    if not round:
        return CAMPAIGN
    if not is_sequence():
        return written(round).proposal
    if round.endswith("measurement/"):
        design = round.removesuffix("measurement/")
        return checkpoints.observe.get(round=design).output.measurement
    if round == named(1):
        return checkpoints.begin.get(first=round).output.campaign
    return checkpoints.update.get(next=str(number_of(round))).output.next


def campaign_for_events(wildcards):
    """The same, whose age does not matter: the commands and parameters of the rules say what makes other events."""
    return ancient(campaign_of(wildcards))


def campaign_for_inference(wildcards):
    """The same; what is inferred in a round may depend on all of its campaign, elsewhere the commands say on what."""
    path = campaign_of(wildcards)
    return path if wildcards.round else ancient(path)


def written(round):
    """What the checkpoint of a round has written."""
    return checkpoints.propose.get(round=round).output


def gains_before(wildcards):
    """Gains that the round before has found."""
    number = number_of(wildcards.round) - 1
    return of_rounds("{setting}/{exposure}/eig.json", [named(number)] if number else [])


def search_before(wildcards):
    """What the search knew before that round."""
    number = number_of(wildcards.round) - 1
    return [f"{RESULTS}/{named(number)}search.json"] if number else []


def rounds():
    """All rounds of the study, as far as they are known: a search tells in each of them whether it has stopped."""
    if not is_search():
        return [""]
    found = [named(1)]
    while not json.loads(Path(written(found[-1]).search).read_text())["stopped"]:
        found.append(named(len(found) + 1))
    return found


def of_rounds(pattern, chosen):
    """Files of all branches of some rounds; the pattern is that of the path of one."""
    found = []
    for round in chosen:
        campaign = content(campaign_in(round)) if round else config
        names = {
            "setting": labels.setting_labels(campaign),
            "sample": labels.sample_labels(campaign),
            "exposure": labels.exposure_labels(campaign),
        }
        used = {key: names[key] for key in names if f"{{{key}}}" in pattern}
        found += expand(f"{RESULTS}/{round}{pattern}", **used)
    return found


def histograms_of(wildcards):
    """Histograms of a setting: of its round, and of the rounds before it that have simulated there too."""
    if is_sequence():
        return of_rounds(
            f"{wildcards.setting}/{{sample}}/histogram.json", [wildcards.round]
        )
    last = number_of(wildcards.round) if wildcards.round else 0
    chosen = [named(number) for number in range(1, last + 1)] or [""]
    pattern = f"{wildcards.setting}/{{sample}}/histogram.json"
    return [
        path
        for round in chosen
        if not round or wildcards.setting in settings_of(round)
        for path in of_rounds(pattern, [round])
    ]


def settings_of(round):
    """Labels of the settings of a round."""
    return labels.setting_labels(content(written(round).proposal))


def designed(wildcards):
    """Rounds over which a design looks: all, but each experiment of a sequence has its own."""
    return [wildcards.round] if wildcards.round else rounds()


def all_gains(wildcards):
    """Gains of the whole study."""
    return of_rounds("{setting}/{exposure}/eig.json", designed(wildcards))


def all_posteriors(wildcards):
    """Posteriors of the whole study."""
    return of_rounds("{setting}/{exposure}/posterior.json", designed(wildcards))


def all_histograms(wildcards):
    """Histograms of the whole study."""
    return of_rounds("{setting}/{sample}/histogram.json", designed(wildcards))


def answers(wildcards):
    """What a study is made for: a recast of each setting if it names a published likelihood, else a design and shares."""
    if section("published"):
        recasts = of_rounds("{setting}/{exposure}/recast/recast.json", rounds())
        return [f"{RESULTS}/branches.json", *recasts]
    if is_sequence():
        return [f"{RESULTS}/{named(section('sequence.rounds') + 1)}sequence.json"]
    if is_search():
        return [f"{RESULTS}/design.json", f"{RESULTS}/{rounds()[-1]}search.json"]
    shares = expand(f"{RESULTS}/{{exposure}}/allocation.json", exposure=ALLOCATIONS)
    return [f"{RESULTS}/branches.json", f"{RESULTS}/design.json", *shares]
