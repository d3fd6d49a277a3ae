r"""Phases of the basis states that make a master equation real.

With $|k\rangle \to e^{i\varphi_k}|k\rangle$ an element turns as
$O_{jk} \to e^{i(\varphi_k-\varphi_j)}O_{jk}$. Where that makes every $-iH_{jk}$ off the
diagonal real, what the Hamiltonian does to a packed state (`algebra.packing`) needs no transpose:
half the work. For a real driven mode it is the old $a \to ia$; for any set of matrices the
phases are found by walking along their elements, and may not exist.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

TURNS = 1e-9
"""Difference of phases up to which they are the same."""


def real_phases(hamiltonians: Sequence) -> Float[np.ndarray, " d"] | None:
    r"""Phases $\varphi_k$ with $e^{i(\varphi_k-\varphi_j)}(-iH_{jk})$ real for all $j \ne k$.

    Args:
        hamiltonians: sparse Hermitian matrices (d, d), at least one.

    Returns:
        shape (d,), or None if there are none.

    Example:
        >>> real_phases([sp.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]]))]).round(4).tolist()
        [0.0, 1.5708]
    """
    d = hamiltonians[0].shape[0]
    links: list[list[tuple[int, float]]] = [[] for _ in range(d)]
    for H in hamiltonians:
        coo = sp.coo_array(H)
        for j, k, value in zip(coo.row, coo.col, coo.data, strict=True):
            if j != k and value != 0:
                links[j].append((int(k), -float(np.angle(-1j * value))))
    phases = np.full(d, np.nan)
    for start in range(d):
        if np.isnan(phases[start]):
            phases[start] = 0.0
            if not _walk(start, links, phases):
                return None
    return phases


def _walk(start: int, links, phases) -> bool:
    """Sets the phases of all that is linked to a state; whether they fit each other."""
    waiting = [start]
    while waiting:
        j = waiting.pop()
        for k, step in links[j]:
            wanted = phases[j] + step
            if np.isnan(phases[k]):
                phases[k] = wanted
                waiting.append(k)
            elif abs(np.sin(phases[k] - wanted)) > TURNS:
                return False
    return True


def turned(operator, phases: Float[np.ndarray, " d"]) -> sp.csr_array:
    """An operator between basis states of other phases, with rounding rounded away."""
    coo = sp.coo_array(operator)
    data = coo.data * np.exp(1j * (phases[coo.col] - phases[coo.row]))
    for part in (data.real, data.imag):
        part[np.abs(part) <= TURNS * np.abs(data)] = 0.0
    return sp.csr_array((data, (coo.row, coo.col)), shape=coo.shape)


def straightened(operator) -> sp.csr_array:
    """A jump operator times the phase that makes its first element real: the same jump."""
    matrix = sp.csr_array(operator)
    if matrix.nnz == 0:
        return matrix
    phase = np.full(matrix.shape[0], np.angle(matrix.data[0]))
    coo = sp.coo_array(matrix)
    data = coo.data * np.exp(-1j * phase[0])
    for part in (data.real, data.imag):
        part[np.abs(part) <= TURNS * np.abs(data)] = 0.0
    return sp.csr_array((data, (coo.row, coo.col)), shape=coo.shape)
