r"""Pure states of a closed system, $\dot\psi = -iH\psi$: d numbers instead of d².

A ket is kept as two real rows, (Re ψ, Im ψ), and moved by the same diagonals as one side of a
density matrix (`dynamics.generator.structure`): with $-iH = D_r + iD_i$,

$$\dot\psi_r = D_r\psi_r - D_i\psi_i, \qquad \dot\psi_i = D_r\psi_i + D_i\psi_r .$$

Where there are many diagonals H is a matrix, and moves it by products; where there are many levels
it is cut into slots (`sparse`).
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.dynamics.generator import sparse
from qbjax.dynamics.generator.pattern import Shifts, shifts_of
from qbjax.dynamics.generator.products import Products, combined, products_of
from qbjax.dynamics.generator.shifts import factors
from qbjax.dynamics.generator.sparse import Sparse
from qbjax.dynamics.generator.structure import Structure

Ket = Float[Array, "2 d"]

Form = Shifts | Products | Sparse
"""The tables by which a ket is moved."""

MOST = 48
"""Shifts that compile as fast as a matrix; up to some d/8 of them are the faster too (measured for
d = 16…256 on a CPU)."""


def by_shifts(structure: Structure) -> bool:
    """Whether `moved` works by shifts."""
    (sector,) = structure.sectors
    return len(sector.drifts) <= max(MOST, structure.dimension // 8)


def split(psi: Complex[Array | np.ndarray, " d"]) -> Float[Any, "2 d"]:
    """Splits a ket into two rows, real and imaginary part."""
    xp = _checks.array_module(psi)
    return xp.stack([psi.real, psi.imag])


@jax.jit  # traced once, however many stages call it
def moved(form: Form, psi: Ket, weights: Float[Array, " W"]) -> Ket:
    r"""The time derivative $-iH\psi$ of a ket, for a model without jumps or sectors.

    Weights are coefficients of the Hamiltonians, then signals of the controls.

    Example:
        >>> import numpy as np
        >>> flip = form_of(Structure([np.array([[0.0, 1.0], [1.0, 0.0]])], []))
        >>> moved(flip, split(jnp.array([1.0, 0.0]) + 0j), jnp.ones(1)).tolist()
        [[0.0, 0.0], [0.0, -1.0]]
    """
    return applied(form, operator_of(form, weights), psi)


def operator_of(form: Form, weights: Float[Array, " W"]) -> Any:
    r"""The numbers of $-iH - \tfrac12\sum\gamma L^\dagger L$, linear in the weights.

    A pytree: the diagonals (D, 1, d), the matrix, or for slots the weights themselves.
    """
    if isinstance(form, Sparse):
        return weights
    return factors(form, weights) if isinstance(form, Shifts) else combined(form, weights)


def applied(form: Form, operator: Any, psi: Ket) -> Ket:
    """The operator whose numbers `operator_of` has found, applied to a ket."""
    if isinstance(form, Sparse):
        return sparse.moved(form, psi, operator)
    return _shifted(form, operator, psi) if isinstance(form, Shifts) else _multiplied(operator, psi)


def discs(form: Form, operator: Any) -> tuple[Array, Array, Array]:
    r"""Discs of Gershgorin, in which an operator's spectrum lies.

    Returns:
        the strongest decay of a basis state, and the least and largest energy:
        $\lVert A + ic\rVert \lesssim$ decay + (largest − least)/2, c their mean.
    """
    if isinstance(form, Sparse):
        decays, energies, radii = sparse.discs(form, operator)
    elif isinstance(form, Shifts):
        decays, energies, radii = _disc_of_shifts(form, operator)
    else:
        real, imaginary = (jnp.zeros((1, 1)) if x is None else x[0] for x in operator)
        decays, energies = (-jnp.diagonal(x) for x in (real, imaginary))
        total = jnp.sum(jnp.abs(real), axis=1) + jnp.sum(jnp.abs(imaginary), axis=1)
        radii = total - jnp.abs(decays) - jnp.abs(energies)
    decay = jnp.maximum(jnp.max(decays), 0.0)
    return decay, jnp.min(energies - radii), jnp.max(energies + radii)


def form_of(structure: Structure) -> Shifts | Products:
    """The tables by which `moved` works."""
    return shifts_of(structure) if by_shifts(structure) else products_of(structure)


def sources(shifts: Shifts, psi: Ket) -> list[Ket]:
    """The parts of a ket that every diagonal reads, each in its row's place."""
    reach, d = max((abs(c.offset) for c in shifts.pattern.columns), default=0), psi.shape[1]
    # Made once: else every element of every part would ask whether it is inside.
    padded = lax.optimization_barrier(jnp.pad(psi, ((0, 0), (reach, reach))))
    turned = jnp.stack([-padded[1], padded[0]])
    return [
        (turned if drift.imaginary else padded)[:, reach + drift.offset : reach + drift.offset + d]
        for drift in shifts.pattern.columns
    ]


def _shifted(shifts: Shifts, diagonals, psi):
    total = jnp.zeros_like(psi)
    for source, value in zip(sources(shifts, psi), diagonals, strict=True):
        total = total + value * source
    return total


def _multiplied(matrices, psi):
    total = jnp.zeros_like(psi)
    sources = psi, jnp.stack([-psi[1], psi[0]])
    for matrix, source in zip(matrices, sources, strict=True):
        if matrix is not None:
            total = total + source @ matrix[0].T
    return total


def _disc_of_shifts(shifts: Shifts, diagonals):
    """Decays, energies and radii (d,) of an operator by shifts."""
    decays, energies, radii = jnp.zeros((3, shifts.there.shape[1]))
    for column, (values,) in zip(shifts.pattern.columns, diagonals, strict=True):
        if column.offset:
            radii = radii + jnp.abs(values)
        elif column.imaginary:
            energies = energies - values
        else:
            decays = decays - values
    return decays, energies, radii
