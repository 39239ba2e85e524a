"""A finished sequence, run once."""

import pytest
from support.sequences import TOY, written

from robot_physicist import stages


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sequence")
    said = list(stages.run_sequence(written(folder, TOY), folder / "results"))
    return folder, said
