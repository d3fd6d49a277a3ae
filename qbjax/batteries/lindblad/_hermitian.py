r"""A Hamiltonian whose terms move in time, in Hermitian parts with real signals.

With $M = A + iB$, A and B Hermitian, and $f = u + iv$,

$$\sum_k f_kM_k = \sum_k(u_kA_k - v_kB_k) + i\sum_k(v_kA_k + u_kB_k) :$$

the first sum is the Hamiltonian if the second vanishes, as it does for $fa + f^*a^\dagger$. That is
looked at before a run, at times within it.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.batteries.lindblad import _operators as operators
from qbjax.batteries.lindblad._qutip import hamiltonian_terms
from qbjax.batteries.lindblad._start import Content
from qbjax.protocols import Pump
from qbjax.protocols.endless import Derived

TOLERANCE = 1e-7
"""Anti-Hermitian share of a Hamiltonian that counts as rounding."""

LOOKS = 513
"""Times of a run at which a Hamiltonian is looked at."""


class Skew(eqx.Module):
    r"""The anti-Hermitian part of a Hamiltonian, $i\sum_jw_j(t)X_j$, which must vanish.

    It is known by its norm, the square root of $\sum_{ij}w_iw_j\mathrm{Tr}(X_iX_j)$.

    Attributes:
        signals: $w_j$.
        gram: $\mathrm{Tr}(X_iX_j)$, (j, j).
    """

    signals: tuple[Pump, ...]
    gram: Content = eqx.field(static=True)

    def check(self, times: Float[Array, " T"]) -> None:
        """Raises ValueError if the Hamiltonian is not Hermitian during a run (when concrete)."""
        if not self.signals or not _checks.is_concrete((self.signals, times)):
            return
        first, *_, last = np.asarray(times).tolist()
        at = np.linspace(first, last, LOOKS)
        with jax.ensure_compile_time_eval():  # known numbers stay known within a trace
            weights = np.stack(
                [np.asarray(jax.vmap(w.signal)(jnp.asarray(at))) for w in self.signals]
            )
        gram = self.gram.array
        norms = np.sqrt(np.maximum(np.einsum("it,ij,jt->t", weights, gram, weights), 0))
        scale = np.max(np.sqrt(np.diag(gram)) @ np.abs(weights))
        worst = int(np.argmax(norms))
        if norms[worst] > TOLERANCE * scale:
            raise ValueError(
                "Argument `hamiltonian` must be Hermitian at all times, but at "
                f"{float(at[worst]):g} its anti-Hermitian part has the norm {norms[worst]:.3g}: "
                "give [a, f] its partner [a.dag(), conj(f)]."
            )


def hamiltonians(given: Any, dims: tuple[int, ...], tlist: Any) -> tuple[list, list, Skew]:
    """A Hamiltonian's numbers or real signals, their Hermitian operators, and what must vanish.

    Args:
        given: as `Lindblad` takes its Hamiltonian.
        dims: levels of every factor.
        tlist: the times of coefficients that are arrays.
    """
    numbers, found = operators.terms(
        "hamiltonian", hamiltonian_terms(given, tlist), dims, hermitian=True
    )
    kept: list[tuple[Any, Any]] = []
    skew: list[tuple[Any, Any]] = []
    for number, matrix in zip(numbers, found, strict=True):
        if isinstance(number, Pump):
            parts, rest = _halves(number, matrix)
            kept, skew = kept + parts, skew + rest
        else:
            kept.append((number, matrix))
    if not kept:  # a master equation must have some operator
        nothing = sp.csr_array((math.prod(dims),) * 2)
        kept = [(_checks.settled(0.0), operators.operator("hamiltonian", nothing, dims))]
    return [number for number, _ in kept], [matrix for _, matrix in kept], _skew(skew)


def _halves(signal: Pump, matrix: sp.csr_array) -> tuple[list, list]:
    """A moving term's shares in the Hermitian and in the anti-Hermitian part."""
    dagger = matrix.conj().T
    A, B = sp.csr_array((matrix + dagger) / 2), sp.csr_array((matrix - dagger) / 2j)
    for part in (A, B):
        part.data[np.abs(part.data) <= operators.NOISE * np.max(np.abs(matrix.data), initial=0)] = 0
        part.eliminate_zeros()
    if not signal.is_complex:
        kept, skew = [(signal, A)], [(signal, B)]
    else:
        u, v = Derived(signal, jnp.real), Derived(signal, jnp.imag)
        kept, skew = [(u, A), (Derived(signal, _minus_imaginary), B)], [(v, A), (u, B)]
    kept, skew = ([(s, m) for s, m in group if m.nnz] for group in (kept, skew))
    return kept, skew


def _minus_imaginary(value):
    return -jnp.imag(value)


def _skew(terms: list[tuple[Any, Any]]) -> Skew:
    found = [matrix for _, matrix in terms]
    gram = np.array([[x.conj().multiply(y).sum().real for y in found] for x in found])
    return Skew(tuple(signal for signal, _ in terms), Content(gram))
