r"""Operators of an Ising machine in Fock space, sparse.

The sign of a quadrature, read by homodyne detection, is the operator $\mathrm{sgn}(x)$,

$$\langle m|\mathrm{sgn}(x)|n\rangle = 2\int_0^\infty\varphi_m\varphi_n
  = \frac{\varphi_m(0)\,\varphi_n'(0)}{n-m} \qquad (m \text{ even}, n \text{ odd}),$$

for $(\varphi_m\varphi_n' - \varphi_n\varphi_m')' = 2(m-n)\varphi_m\varphi_n$. Its elements are
exact on any levels, and so are those of products over several cells.
"""

import itertools
from collections.abc import Iterable

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from qbjax.algebra.operators import destroy


def sign(levels: int) -> Float[np.ndarray, "n n"]:
    """The sign of the quadrature x on the lowest levels of an oscillator."""
    here = np.zeros(levels + 1)  # the wave functions at 0
    here[0] = np.pi**-0.25
    for k in range(0, levels - 1, 2):
        here[k + 2] = -np.sqrt((k + 1) / (k + 2)) * here[k]
    even, odd = np.arange(0, levels, 2)[:, None], np.arange(1, levels, 2)[None, :]
    slopes = np.sqrt(2 * odd[0]) * here[odd[0] - 1]
    found = np.zeros((levels, levels))
    found[0::2, 1::2] = here[even] * slopes / (odd - even)
    return found + found.T


def at(operator, dims: tuple[int, ...], places: Iterable[int]) -> sp.csr_array:
    """The product of one operator at some factors, and of ones elsewhere."""
    chosen, found = set(places), sp.csr_array(np.eye(1))
    for k, d in enumerate(dims):
        found = sp.kron(found, operator if k in chosen else sp.eye_array(d), format="csr")
    return sp.csr_array(found)


def pair_creation(levels: int) -> sp.csr_array:
    r"""The operator $ia^{\dagger2}/2$ and its adjoint: what a pump of rate one does."""
    a = destroy(levels)
    return sp.csr_array(0.5j * (a.T @ a.T - a @ a))


def three_waves(levels: int, pump_levels: int, dims: tuple[int, ...], k: int, cells: int):
    r"""The operator $i(a_k^{\dagger2}b_k - a_k^2b_k^\dagger)$."""
    a, b = destroy(levels), destroy(pump_levels)
    up = at(sp.csr_array(a.T @ a.T), dims, [k]) @ at(sp.csr_array(b), dims, [cells + k])
    return sp.csr_array(1j * (up - up.T))


def solved(signs: Float[np.ndarray, "P N"], dims: tuple[int, ...]) -> sp.csr_array:
    r"""The probability that the signs read are among some patterns.

    $\prod_i\frac12(1 + s_i\mathrm{sgn}\,x_i)$, summed over patterns that come with their turned
    partners: products of an odd number of signs cancel.
    """
    count = signs.shape[1]
    operator = sp.csr_array(sign(dims[0]))
    total = sp.csr_array((int(np.prod(dims)),) * 2)
    for size in range(0, count + 1, 2):
        for places in itertools.combinations(range(count), size):
            weight = np.prod(signs[:, places], axis=1).sum() / 2**count
            total = total + weight * at(operator, dims, places)
    return sp.csr_array(total)
