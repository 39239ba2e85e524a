"""The published signal is removed from a published workspace."""

import pyhf
from support.counting_experiments import published

from robot_physicist.histfactory.published import background_only, signal_names, totals


def test_a_signal_in_the_published_workspace_is_removed_with_its_parameters():
    base, patches = published(
        [10.0], [100.0], [110], extra=[{"name": "k", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}]
    )
    full = pyhf.PatchSet(patches).apply(base, "mass_1")
    operations = [{"op": "replace", "path": "/channels/0/samples/1", "value": full["channels"][0]["samples"][1]}]
    again = {**patches, "patches": [{**patches["patches"][0], "patch": operations}]}
    left = background_only(full, again)
    assert left == base
    assert signal_names(again) == ["signal"]
    assert totals(left) == (110, 100)
