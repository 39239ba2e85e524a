"""Campaign files as people write them, and as they break them."""

import pytest

from robot_physicist.campaign.files import read_campaign
from robot_physicist.quantities import labels
from robot_physicist.quantities.errors import CampaignError, InputFileError

GOOD = """\
name: small
seed: 3
simulator: {name: gaussian}
settings:
  variance: {linspace: [1e-1, 2, 3]}
parameters:
  theta: &grid {linspace: [-1, 1, 5]}
observables:
  x: {range: [-5, 5], bins: 10, overflow: include}
exposure: {events: 1e1}
simulation: {events: 2e3}
"""


def read(tmp_path, content):
    path = tmp_path / "small.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_campaign(path)


def test_powers_of_ten_are_numbers(tmp_path):
    campaign = read(tmp_path, GOOD)
    assert campaign.simulation.events == 2000
    assert list(campaign.exposures) == ["events=10"]
    assert labels.axis({"linspace": ["1e-1", "2", "3"]}) == campaign.settings["variance"].points == [0.1, 1.05, 2]


def test_a_byte_order_mark_does_no_harm(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbf" + GOOD.encode()).name == "small"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 3", "seed: 3\nseed: 4", "the key 'seed' is given twice; remove one"),
        ("bins: 10", "bins: 10, bins: 20", "the key 'bins' is given twice"),
        ("seed: 3", "seed: [", "not a YAML file"),
        ("seed: 3", "seed:\t- 3\n\tb", "not a YAML file"),
        ("seed: 3", "seed: 3\n---", "line 3: '---': --- begins a second document; keep one"),
        ("seed: 3", "seed: !!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("seed: 3", "seed: " + 5000 * "9", "not a YAML file"),
        ("seed: 3", "? [a]\n: 3", "unhashable key"),
    ],
)
def test_files_that_are_not_yaml_are_explained(tmp_path, old, new, message):
    with pytest.raises(InputFileError, match=r"small\.yaml: not a YAML file") as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("content", ["", "# nothing\n", "3", "[1]", "a b"])
def test_yaml_that_is_no_campaign_is_explained(tmp_path, content):
    with pytest.raises(CampaignError, match="`robot-physicist init` writes one"):
        read(tmp_path, content)


def test_bytes_that_are_no_text(tmp_path):
    with pytest.raises(InputFileError, match="not a YAML file: not text in UTF-8"):
        read(tmp_path, b"name: \xe9")


def test_a_folder_is_not_a_campaign(tmp_path):
    with pytest.raises(InputFileError, match="Is a directory; give the path of a campaign file"):
        read_campaign(tmp_path)


def test_a_value_inside_itself_and_a_billion_aliases_are_refused_at_once(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(CampaignError, match="a0: unknown key"):
        read(tmp_path, GOOD + "\n".join(lines))
    with pytest.raises(CampaignError, match="title: has to be text"):
        read(tmp_path, GOOD + "title: &a [*a]\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 3", "\tseed: 3", "a tab, which YAML does not take; indent with blanks"),
        ("seed: 3", "seed 3", "line 2: 'seed 3': not `key: value`; write a colon and a blank after the key"),
        ("bins: 10", "bins: 10, list: [1, 2", "is not closed; add"),
        ("seed: 3", "title: a: b\nseed: 3", "line 2: 'title: a: b': a second colon"),
        ("seed: 3", "title: 'a\nseed: 3", "a quotation mark is not closed"),
        ("seed: 3", "title: *x\nseed: 3", "a word that begins with * means something to YAML"),
    ],
)
def test_the_line_the_mistake_and_the_remedy_are_named(tmp_path, old, new, message):
    with pytest.raises(InputFileError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert message in str(caught.value)
    assert "unicode string" not in str(caught.value)
    assert "\n" not in str(caught.value)
