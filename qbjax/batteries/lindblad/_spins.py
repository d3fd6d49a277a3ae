"""Sparse operators of spins on a line, made from the bits of their basis states."""

from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int


def bits(spins: int) -> Int[np.ndarray, "N d"]:
    """Whether each spin is flipped, in all basis states: the first spin's is the highest bit."""
    return np.arange(1 << spins)[None, :] >> np.arange(spins)[::-1, None] & 1


def flipped(spins: int) -> list[sp.csr_array]:
    r"""The operators $n_k$ of every spin."""
    return [sp.csr_array(sp.diags_array(row.astype(float))) for row in bits(spins)]


def hops(spins: int) -> list[sp.csr_array]:
    r"""The operators $\sigma^+_k\sigma^-_{k+1} + \text{h.c.}$ of every pair of neighbours."""
    set_, found = bits(spins), []
    for k in range(spins - 1):
        (states,) = np.nonzero(set_[k] != set_[k + 1])
        found.append(_moved(states, states ^ (3 << spins - 2 - k), 1.0, spins))
    return found


def both(spins: int) -> list[sp.csr_array]:
    r"""The operators $n_kn_{k+1}$ of every pair of neighbours."""
    set_ = bits(spins).astype(float)
    return [sp.csr_array(sp.diags_array(a * b)) for a, b in pairwise(set_)]


def transverse(spins: int) -> sp.csr_array:
    r"""The operator $\tfrac12\sum_k\sigma^x_k$."""
    states = np.arange(1 << spins)
    columns = (states[:, None] ^ (1 << np.arange(spins))[None, :]).ravel()
    return _moved(np.repeat(states, spins), columns, 0.5, spins)


def sectors(spins: int) -> list[np.ndarray]:
    """Basis states by the number of flipped spins."""
    counts = np.sum(bits(spins), axis=0)
    return [np.flatnonzero(counts == n) for n in range(spins + 1)]


def local_terms(size: int) -> tuple[Float[np.ndarray, "K b b"], ...]:
    """All `flipped`, `hops` and `both` of a block of a few spins, dense."""
    return tuple(
        np.array([m.toarray() for m in make(size)]).reshape(-1, 1 << size, 1 << size)
        for make in (flipped, hops, both)
    )


def _moved(rows, columns, value: float, spins: int) -> sp.csr_array:
    shape = (1 << spins,) * 2
    return sp.csr_array((np.full(rows.size, value), (rows, columns)), shape=shape)
