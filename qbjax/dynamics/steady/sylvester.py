r"""The exact inverse of a generator's part without jumps, a preconditioner of the whole.

A jump and its c-number shift are one equation: with $G' = G + \sum_j\gamma_j(\beta_j^*L_j
- \tfrac12|\beta_j|^2)$

$$G\rho + \rho G^\dagger + \sum_j\gamma_jL_j\rho L_j^\dagger = G'\rho + \rho G'^\dagger
  + \sum_j\gamma_j(L_j - \beta_j)\rho(L_j - \beta_j)^\dagger ,$$

and for $\beta_j \approx \langle L_j\rangle$ the last sum, which is left out here, is fluctuations
alone. The rest is a Sylvester equation, $S(X) = G'X + XG'^\dagger$, diagonal in the
eigenvectors of $G' = V\Lambda V^{-1}$:

$$S^{-1}(Y)_{ij} = \Big[V\,\frac{(V^{-1}YV^{-\dagger})_{ij}}{\lambda_i + \lambda_j^*}
  \,V^\dagger\Big]_{ij}.$$

All matrix products are real where the generator is: the eigenvectors of a real matrix come in
pairs, whose real and imaginary parts span the same space.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax import lax
from jaxtyping import Array, Bool, Complex, Float, Inexact, Int

from qbjax.algebra.packing import pack, unpack
from qbjax.dynamics.generator.pattern import there
from qbjax.dynamics.generator.shifts import Stack
from qbjax.dynamics.generator.structure import Structure


class Sylvester(NamedTuple):
    """The factors of S: eigenvectors, their inverse, and $\\lambda_i + \\lambda_j^*$."""

    vectors: Complex[Array, "S n n"]
    inverse: Complex[Array, "S n n"]
    sums: Complex[Array, "S n n"]


class RealSylvester(NamedTuple):
    r"""The factors of S for a real generator: real and imaginary parts of paired eigenvectors.

    Attributes:
        vectors, inverse: $W$, $W^{-1}$.
        partner: which column is the other of a pair, itself for a real eigenvalue.
        mixing: what an element of the inner matrix takes of itself, of its partner in the rows,
            in the columns, and in both.
    """

    vectors: Float[Array, "S n n"]
    inverse: Float[Array, "S n n"]
    partner: Int[Array, "S n"]
    mixing: Float[Array, "2 2 S n n"]


def inside(structure: Structure) -> Bool[np.ndarray, "S n n"]:
    """Whether an element of a stack belongs to a block; the rest is padding."""
    filled = there(structure, structure.room)
    return filled[:, :, None] & filled[:, None, :]


def drift(
    structure: Structure,
    weights: Float[Array, " W"],
    rates: Float[Array, " J"],
    shifts: Complex[Array, " J"],
    decay: Float[Array, ""],
) -> Inexact[Array, "S n n"]:
    r"""Lays out $G'$ by sectors, real where the generator is.

    Weights are those of the drift operators, rates $\gamma_j$, shifts $\beta_j$ (0 for a jump
    between two sectors); the decay is added to all rates of S.
    """
    count, n = structure.room
    pulls = rates.astype(complex) * shifts.conj()
    factors = jnp.concatenate([weights.astype(complex), pulls])
    operators = [*structure.drift_operators(), *structure.jumps]
    s, i, j, k, data = _entries(structure, operators)
    G = jnp.zeros((count, n, n), complex).at[s, i, j].add(data * factors[k])
    # Not |β|²: XLA's simplifier aborts on the modulus of the constant 0, 1, …
    lowered = jnp.sum(rates * (jnp.real(shifts) ** 2 + jnp.imag(shifts) ** 2)) + decay
    outside = ~inside(structure).diagonal(axis1=1, axis2=2)
    diagonal = jnp.where(outside, -jnp.sum(rates), -lowered / 2).astype(complex)
    G = G + diagonal[:, :, None] * np.eye(n, dtype=complex)[None]
    return G if structure.imaginary else jnp.real(G)


def factored(G: Inexact[Array, "S n n"]) -> Sylvester | RealSylvester:
    """Factors S into the eigenvectors of $G'$."""
    if not jnp.iscomplexobj(G):
        return _paired(*jnp.linalg.eig(G))
    values, vectors = jnp.linalg.eig(G)
    sums = values[:, :, None] + values[:, None, :].conj()
    return Sylvester(vectors, jnp.linalg.inv(vectors), sums)


def solve(
    structure: Structure, factors: Sylvester | RealSylvester, state: Stack, *, dual: bool = False
) -> Stack:
    """Applies $S^{-1}$, or the inverse of the dual, $G^\\dagger X + XG$, to a packed state."""
    left, right = factors.inverse, factors.vectors
    if dual:
        left, right = adjoint(right), adjoint(left)
    if isinstance(factors, RealSylvester):
        moved = _mixed(factors, left @ state @ adjoint(left), dual)
        return jnp.where(inside(structure), right @ moved @ adjoint(right), 0.0)
    sums = factors.sums.conj() if dual else factors.sums
    inner = left @ jax.vmap(partial(unpack, real=False))(state) @ adjoint(left) / sums
    return jnp.where(inside(structure), jax.vmap(pack)(right @ inner @ adjoint(right)), 0.0)


def amplitudes(structure: Structure, state: Stack) -> Complex[Array, " J"]:
    r"""Amplitudes $\mathrm{Tr}(L_j\rho)$ of every jump; 0 if it leaves its sector."""
    s, i, j, k, data = _entries(structure, structure.jumps)
    here, there = state[s, j, i], state[s, i, j]
    elements = lax.complex((here + there) / 2, (here - there) / 2)
    return jnp.zeros(len(structure.jumps), complex).at[k].add(data * elements)


def stays(structure: Structure) -> bool:
    """Whether any jump has elements within a sector, and so perhaps an amplitude."""
    return _entries(structure, structure.jumps)[0].size > 0


def _paired(values, vectors) -> RealSylvester:
    """Makes real factors of the eigensystem of a real matrix.

    Conjugates are neighbours in it, the one of positive imaginary part first.
    """
    sign = jnp.sign(jnp.imag(values)).astype(int)
    partner = jnp.arange(values.shape[-1])[None] + sign
    alone = (sign == 0).astype(complex)
    W = jnp.where(sign[:, None, :] < 0, -jnp.imag(vectors), jnp.real(vectors))
    # v = w ± i w' of a pair: what an own component and the partner's give to an own component by
    # way of the own eigenvalue, and of the partner's.
    pair = (1 - alone) / 2
    share = [[pair + alone, -1j * pair], [pair, 1j * pair]]
    rates = 1 / (values[:, :, None] + values[:, None, :].conj())
    by_rate = [[_exchanged(rates, partner, r, c) for c in (0, 1)] for r in (0, 1)]

    def mixing(s, t):
        terms = (
            share[r][s][:, :, None] * share[c][t].conj()[:, None, :] * by_rate[r][c]
            for r in (0, 1)
            for c in (0, 1)
        )
        return jnp.real(sum(terms))

    mixed = jnp.stack([jnp.stack([mixing(s, t) for t in (0, 1)]) for s in (0, 1)])
    return RealSylvester(W, jnp.linalg.inv(W), partner, mixed)


def _mixed(factors: RealSylvester, inner, dual: bool):
    """Divides by $\\lambda_i + \\lambda_j^*$ in the real basis; `dual`: the transpose of that."""
    total = jnp.zeros_like(inner)
    for s in (0, 1):
        for t in (0, 1):
            mixing = factors.mixing[s, t]
            if dual:
                total = total + _exchanged(mixing * inner, factors.partner, s, t)
            else:
                total = total + mixing * _exchanged(inner, factors.partner, s, t)
    return total


def _exchanged(matrix, partner, rows: int, columns: int):
    """Exchanges the rows, or columns, of each pair in a matrix."""
    if rows:
        matrix = jnp.take_along_axis(matrix, partner[:, :, None], axis=1)
    if columns:
        matrix = jnp.take_along_axis(matrix, partner[:, None, :], axis=2)
    return matrix


def _entries(structure: Structure, operators):
    """Elements of operators within sectors: sector, row, column, which operator, value."""
    found = []
    for k, operator in enumerate(operators):
        for s, sector in enumerate(structure.sectors):
            coo = sp.coo_array(operator[sector.states][:, sector.states])
            ones = np.ones(coo.nnz, int)
            places = (x + structure.origins[s] for x in (coo.row, coo.col))
            found.append((s * ones, *places, k * ones, coo.data.astype(complex)))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))


def adjoint(matrix: Inexact[Array, "*S n n"]) -> Inexact[Array, "*S n n"]:
    """Conjugates and transposes matrices."""
    return matrix.conj().swapaxes(-1, -2)
