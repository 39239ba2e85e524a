"""A folder of results that is watched."""

import pytest

from robot_physicist.watch.files import WatchedFiles


@pytest.fixture
def results(tmp_path):
    return WatchedFiles(tmp_path / "results/small")
