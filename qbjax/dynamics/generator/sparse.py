r"""Sparse operators on kets, of as many levels as there is memory for.

Each operator is cut into *slots*: rows of values with one element for each basis state, and the
columns that these read. A loop adds

$$(A\psi)_i = \sum_pw_{j(p)}\,v_{pi}\,\psi_{c_{pi}}$$

for all slots p of operators j(p): no matrix is ever added up, and the program is as small for
eighteen spins as for two. Values and columns are arguments, and so are the weights $w_j$.
"""

from collections.abc import Iterator, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax import lax
from jaxtyping import Array, Complex, Float, Int

from qbjax import _checks

Ket = Float[Array, "2 d"]


class Slots(eqx.Module):
    """Real operators, cut into slots.

    Attributes:
        values, columns: of every slot, one for each row.
        owners: the operator that each belongs to.
    """

    values: Float[Array, "P d"]
    columns: Int[Array, "P d"]
    owners: Int[Array, " P"]

    def read(self, psi: Complex[Array, " d"], weights: Float[Array, " W"]) -> Complex[Array, " d"]:
        """The sum of all operators, times their weights, applied to a ket."""

        def add(total, slot):
            values, columns, weight = slot
            return total + _times(weight * values, _taken(psi, columns)), None

        slots = self.values, self.columns, weights[self.owners]
        # A loop: were it unrolled whole, XLA:CPU would take twenty times as long to run it.
        return lax.scan(add, jnp.zeros_like(psi), slots)[0]


class Sparse(eqx.Module):
    """Operators on kets, cut into slots: their real and their imaginary parts.

    Attributes:
        straight, turned: the parts; None where there is nothing.
        count: of the operators.
    """

    straight: Slots | None
    turned: Slots | None
    count: int = eqx.field(static=True)

    @property
    def parts(self) -> Iterator[tuple[Slots, complex]]:
        """The parts that there are, each with its factor, 1 or i."""
        pairs = ((self.straight, 1.0), (self.turned, 1j))
        return ((slots, factor) for slots, factor in pairs if slots is not None)


@jax.jit  # traced once, however many stages call it
def moved(form: Sparse, psi: Ket, weights: Float[Array, " W"]) -> Ket:
    """The sum of all operators, times their weights, applied to a ket.

    Example:
        >>> flip = sparse_of([sp.csr_array(np.array([[0.0, -1j], [-1j, 0.0]]))])
        >>> (moved(flip, jnp.array([[1.0, 0.0], [0.0, 0.0]]), jnp.ones(1)) + 0.0).tolist()
        [[0.0, 0.0], [0.0, -1.0]]
    """
    ket = lax.complex(*psi)
    total = sum((f * slots.read(ket, weights) for slots, f in form.parts), jnp.zeros_like(ket))
    return jnp.stack([total.real, total.imag])


@jax.jit
def each(form: Sparse, kets: Float[Array, "W 2 d"]) -> Float[Array, "W 2 d"]:
    """Every operator applied to a ket of its own."""
    given = lax.complex(kets[:, 0], kets[:, 1])
    total = jnp.zeros_like(given)
    for slots, factor in form.parts:

        def add(total, slot, factor=factor):
            values, columns, owner = slot
            read = _taken(given[owner], columns)
            return total.at[owner].add(factor * _times(values, read)), None

        total, _ = lax.scan(add, total, (slots.values, slots.columns, slots.owners))
    return jnp.stack([total.real, total.imag], axis=1)


@jax.jit
def met(form: Sparse, y: Ket, z: Ket) -> Float[Array, " W"]:
    r"""The products $\mathrm{Re}\langle z|A_jy\rangle$ of every operator."""
    right, left = lax.complex(*y), lax.complex(z[0], -z[1])
    total = jnp.zeros(form.count)
    for slots, factor in form.parts:

        def meet(_, slot, factor=factor):
            values, columns = slot
            return None, jnp.sum(values * jnp.real(factor * left * _taken(right, columns)))

        _, found = lax.scan(meet, None, (slots.values, slots.columns))
        total = total.at[slots.owners].add(found)
    return total


def expectations(form: Sparse, psi: Ket) -> Float[Array, " W"]:
    r"""The values $\langle\psi|O_j|\psi\rangle$ of Hermitian operators."""
    return met(form, psi, psi)


def discs(form: Sparse, weights: Float[Array, " W"]) -> tuple[Array, Array, Array]:
    r"""Discs of Gershgorin: decays, energies and radii (d,) of $-iH - \tfrac12\sum L^\dagger L$."""
    d = next(slots.values.shape[1] for slots, _ in form.parts)
    rows, zero = jnp.arange(d, dtype=jnp.int32), jnp.zeros(d)
    middles, radii = {1.0: zero, 1j: zero}, zero
    for slots, factor in form.parts:

        def add(carry, slot):
            values, columns, weight = slot
            here, still = weight * values, columns == rows
            middle, radius = carry
            more = jnp.where(still, 0.0, jnp.abs(here))
            return (middle + jnp.where(still, here, 0.0), radius + more), None

        each = (slots.values, slots.columns, weights[slots.owners])
        (middles[factor], radii), _ = lax.scan(add, (zero, radii), each)
    return -middles[1.0], -middles[1j], radii


def sparse_of(operators: Sequence[sp.csr_array]) -> Sparse:
    """The operators (d, d), at least one, as a program takes them: as sparse as they are."""
    parts = []
    for part in ("real", "imag"):
        cut = ((j, _part(operator, part)) for j, operator in enumerate(operators))
        parts.append(_slots([(j, matrix) for j, matrix in cut if matrix.nnz]))
    straight, turned = parts
    return Sparse(straight, turned, len(operators))


def _part(operator: sp.csr_array, part: str) -> sp.csr_array:
    data = np.array(getattr(operator.data, part), float)
    found = sp.csr_array((data, operator.indices, operator.indptr), shape=operator.shape, copy=True)
    found.eliminate_zeros()
    return found


def _slots(owned: Sequence[tuple[int, sp.csr_array]]) -> Slots | None:
    if not owned:
        return None
    counts = [int(np.max(np.diff(matrix.indptr))) for _, matrix in owned]
    d, first = owned[0][1].shape[0], 0
    values, columns = np.zeros((sum(counts), d)), np.zeros((sum(counts), d), np.int32)
    for (_, matrix), count in zip(owned, counts, strict=True):
        rows = np.repeat(np.arange(d), np.diff(matrix.indptr))
        place = first + np.arange(rows.size) - matrix.indptr[rows]
        values[place, rows], columns[place, rows] = matrix.data, matrix.indices
        first += count
    owners = np.repeat([j for j, _ in owned], counts)
    return Slots(*(_checks.settled(x) for x in (values, columns, owners)))


def _taken(psi: Complex[Array, " d"], columns: Int[Array, " d"]) -> Complex[Array, " d"]:
    return psi.at[columns].get(mode="promise_in_bounds", wrap_negative_indices=False)


def _times(values: Float[Array, " d"], psi: Complex[Array, " d"]) -> Complex[Array, " d"]:
    return lax.complex(values * psi.real, values * psi.imag)
