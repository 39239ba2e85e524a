"""Arrow matrices against dense ones."""

import numpy as np
import pytest

from robot_physicist.statistics.small_matrices import arrow


def test_arrow_matrices_are_solved_and_drawn_from():
    rng = np.random.default_rng(2)
    coupling, local = rng.normal(size=(1, 4, 3, 1)), rng.uniform(5, 9, (1, 1, 4, 1))
    removed = rng.normal(size=(3, 1)), rng.normal(size=(1, 4, 1))
    whole = 9 * np.eye(3)[..., None]
    dense = np.block([[whole[..., 0], coupling[0, :, :, 0].T], [coupling[0, :, :, 0], np.diag(local[0, 0, :, 0])]])
    vector = np.concatenate([removed[0][:, 0], removed[1][0, :, 0]])
    dense -= np.outer(vector, vector)
    found = arrow(whole, coupling, local, removed)
    right = rng.normal(size=7)
    first, second = found.solve(right[:3, None], right[None, 3:, None])
    assert np.concatenate([first[:, 0], second[0, :, 0]]) == pytest.approx(np.linalg.solve(dense, right))
    assert 2 * found.half_log_determinant[0] == pytest.approx(np.linalg.slogdet(dense)[1])
    many = found.repeat(200_000)
    drawn = many.draw(*(rng.normal(size=(*s, 200_000)) for s in ((3,), (1, 4), ())))
    sample = np.concatenate([drawn[0], drawn[1][0]])
    assert np.cov(sample) == pytest.approx(np.linalg.inv(dense), abs=0.004)
    assert many.log_density(*drawn)[:50] == pytest.approx(-0.5 * np.einsum("in,ij,jn->n", sample, dense, sample)[:50])
