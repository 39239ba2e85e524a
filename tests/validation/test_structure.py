"""The validation of dependences on θ that smooth templates lack."""

import numpy as np

from validation.structure import SCRIPT, outcomes
from validation.structure_cases import cases


def test_every_case_has_normalised_templates_and_a_name_of_its_own():
    assert len(cases()) == 18
    for case in cases().values():
        assert np.allclose(case.shape.sum(axis=1), 1)
        assert (case.shape > 0).all()


def test_a_wave_is_held_or_warned_of_and_said_to_be():
    name = next(iter(cases()))
    repeats = {seed: SCRIPT.repeat(name, seed) for seed in range(2)}
    missed, silent = outcomes(repeats)
    assert not silent.any()
    assert missed.sum() <= 1
    assert SCRIPT.tally(name, repeats).endswith("missed without a warning 0")
    assert "cos 6πθ · x | 1000 | 5000 | 0.179" in "\n".join(SCRIPT.table({name: repeats}))
