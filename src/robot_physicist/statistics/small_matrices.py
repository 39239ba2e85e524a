"""Linear algebra of many small symmetric matrices at once, arrays having the matrices last.

The curvature of a HistFactory likelihood is an arrow: a dense part for parameters that act on whole samples, and a
small part per bin for those that act on single bins, coupled to the dense part only. Python loops run over rows,
never over matrices. Cholesky as in Golub and Van Loan, *Matrix Computations*, §4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray


def cholesky(matrix: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Lower factors (P, P, ...) of symmetric matrices (P, P, ...), and which of them (...) are positive definite.

    >>> root, good = cholesky(np.array([[4.0, 2.0], [2.0, 2.0]])[..., None])
    >>> root[..., 0], good
    (array([[2., 0.],
           [1., 1.]]), array([ True]))
    """
    root = np.zeros_like(matrix)
    good = np.ones(matrix.shape[2:], dtype=bool)
    for j in range(len(matrix)):
        column = matrix[j:, j]
        if j:
            column = column - np.einsum("rk...,k...->r...", root[j:, :j], root[j, :j])
        pivot = column[0]
        positive = pivot > 0
        if not positive.all():
            good &= positive
            pivot = np.where(positive, pivot, 1.0)
        pivot = np.sqrt(pivot)
        np.divide(column, pivot, out=root[j:, j])
        root[j, j] = pivot
    return root, good


def forward(root: FloatArray, right: FloatArray) -> FloatArray:
    """Solve L y = r for lower factors (P, P, ...) and right sides (P, ...)."""
    result = np.empty(np.broadcast_shapes(root.shape[1:], right.shape))
    for j in range(len(root)):
        rest = right[j] - np.einsum("k...,k...->...", root[j, :j], result[:j]) if j else right[j]
        result[j] = rest / root[j, j]
    return result


def backward(root: FloatArray, right: FloatArray) -> FloatArray:
    """Solve Lᵀ y = r for lower factors (P, P, ...) and right sides (P, ...)."""
    result = np.empty(np.broadcast_shapes(root.shape[1:], right.shape))
    for j in reversed(range(len(root))):
        rest = right[j] - np.einsum("k...,k...->...", root[j + 1 :, j], result[j + 1 :])
        result[j] = rest / root[j, j]
    return result


@dataclass(frozen=True)
class Arrow:
    """Factorised curvatures [[A, Cᵀ], [C, D]] − v vᵀ.

    Shapes are A (G, G, N), C (M, B, G, N), D (M, M, B, N), and (G, N), (M, B, N) for the parts of v.

    `schur` is the factor of A − Cᵀ D⁻¹ C, `local` that of D, `solved` is D⁻¹ C. `removed` is v, `spike` the inverse
    of the curvature without the last term times v, `shrink` = 1 − vᵀ spike; all None without v.
    """

    schur: FloatArray
    local: FloatArray
    solved: FloatArray
    removed: tuple[FloatArray, FloatArray] | None
    spike: tuple[FloatArray, FloatArray] | None
    shrink: FloatArray | None
    good: NDArray[np.bool_]

    def solve(self, whole: FloatArray, local: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Inverse curvature times a vector (G, N), (M, B, N); Sherman and Morrison (1950) for the last term."""
        first, second = self._solve(whole, local)
        if self.spike is None or self.shrink is None:
            return first, second
        factor = (self.spike[0] * whole).sum(axis=0) + (self.spike[1] * local).sum(axis=(0, 1))
        factor = factor / self.shrink
        return first + factor * self.spike[0], second + factor * self.spike[1]

    def _solve(self, whole: FloatArray, local: FloatArray) -> tuple[FloatArray, FloatArray]:
        if not local.size:
            if self.schur.shape[-1] == 1:  # one matrix for all vectors
                root = self.schur[..., 0]
                return np.asarray(np.linalg.solve(root @ root.T, whole), dtype=np.float64), local
            return backward(self.schur, forward(self.schur, whole)), local
        inner = backward(self.local, forward(self.local, local))
        outer = whole - np.einsum("mbgn,mbn->gn", self.solved, local)
        first = backward(self.schur, forward(self.schur, outer))
        return first, inner - np.einsum("mbgn,gn->mbn", self.solved, first)

    @property
    def half_log_determinant(self) -> FloatArray:
        """½ ln det of the curvature, (N,)."""
        result: FloatArray = np.log(np.einsum("ggn->gn", self.schur)).sum(axis=0)
        if self.local.size:
            result = result + np.log(np.einsum("mmbn->mbn", self.local)).sum(axis=(0, 1))
        return result if self.shrink is None else result + 0.5 * np.log(self.shrink)

    def draw(self, whole: FloatArray, local: FloatArray, extra: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Vectors of this inverse covariance from standard normals (G, N), (M, B, N) and (N,)."""
        first = backward(self.schur, whole)
        second = local
        if local.size:
            second = backward(self.local, local) - np.einsum("mbgn,gn->mbn", self.solved, first)
        if self.spike is None or self.shrink is None:
            return first, second
        # Covariance S + S v vᵀ S / shrink: one more independent direction.
        scale = extra / np.sqrt(self.shrink)
        return first + scale * self.spike[0], second + scale * self.spike[1]

    def log_density(self, whole: FloatArray, local: FloatArray) -> FloatArray:
        """−½ yᵀ (curvature) y of deviations y, (N,)."""
        shifted = np.einsum("gj...,g...->j...", self.schur, whole)
        result: FloatArray = (shifted**2).sum(axis=0)
        if local.size:
            inner = local + np.einsum("mbgn,gn->mbn", self.solved, whole)
            result = result + (np.einsum("lmbn,lbn->mbn", self.local, inner) ** 2).sum(axis=(0, 1))
        if self.removed is not None:
            result = (
                result - ((self.removed[0] * whole).sum(axis=0) + (self.removed[1] * local).sum(axis=(0, 1))) ** 2
            )
        return -0.5 * result

    def repeat(self, times: int) -> Arrow:
        """The same matrices, each `times` times in a row."""

        def copy(array: FloatArray) -> FloatArray:
            return np.repeat(array, times, axis=-1)

        def copies(pair: tuple[FloatArray, FloatArray] | None) -> tuple[FloatArray, FloatArray] | None:
            return None if pair is None else (copy(pair[0]), copy(pair[1]))

        shrink = None if self.shrink is None else copy(self.shrink)
        return Arrow(
            copy(self.schur),
            copy(self.local),
            copy(self.solved),
            copies(self.removed),
            copies(self.spike),
            shrink,
            np.repeat(self.good, times),
        )


def arrow(
    whole: FloatArray,
    coupling: FloatArray,
    local: FloatArray,
    spike: tuple[FloatArray, FloatArray] | None = None,
) -> Arrow:
    """Factorise curvatures: A (G, G, N), C (M, B, G, N), D (M, M, B, N) and, if given, v in two parts."""
    root, fine = cholesky(local)
    solved = coupling
    if local.size:
        inner = forward(root[:, :, :, None], coupling)
        solved = backward(root[:, :, :, None], inner)
        whole = whole - np.einsum("mbgn,mbhn->ghn", inner, inner)
    schur, good = cholesky(whole)
    good = good & fine.all(axis=0) if local.size else good
    plain = Arrow(schur, root, solved, None, None, None, good)
    if spike is None:
        return plain
    direction = plain.solve(*spike)
    shrink = 1 - (direction[0] * spike[0]).sum(axis=0) - (direction[1] * spike[1]).sum(axis=(0, 1))
    return Arrow(schur, root, solved, spike, direction, np.where(shrink > 0, shrink, 1.0), good & (shrink > 0))
