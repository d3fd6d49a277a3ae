r"""Pure states of a closed system, $\dot\psi = -iH\psi$: d numbers instead of d².

A ket is kept as two real rows, (Re ψ, Im ψ), and moved by the same diagonals as one side of a
density matrix (`dynamics.generator.structure`): with $-iH = D_r + iD_i$,

$$\dot\psi_r = D_r\psi_r - D_i\psi_i, \qquad \dot\psi_i = D_r\psi_i + D_i\psi_r .$$

Where there are many diagonals H is a matrix, and moves it by products.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.dynamics.generator.structure import Structure

Ket = Float[Array, "2 d"]

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


@partial(jax.jit, static_argnums=0)  # traced once, however many stages call it
def moved(structure: Structure, psi: Ket, weights: Float[Array, " W"]) -> Ket:
    r"""The time derivative $-iH\psi$ of a ket, for a model without jumps or sectors.

    Weights are coefficients of the Hamiltonians, then signals of the controls.

    Example:
        >>> flip = Structure([np.array([[0.0, 1.0], [1.0, 0.0]])], [])
        >>> moved(flip, split(jnp.array([1.0, 0.0]) + 0j), jnp.ones(1)).tolist()
        [[0.0, 0.0], [0.0, -1.0]]
    """
    return (_shifted if by_shifts(structure) else _multiplied)(structure, psi, weights)


def _shifted(structure, psi, weights):
    (sector,) = structure.sectors
    reach, d = sector.reach, psi.shape[1]
    padded = jnp.pad(psi, ((0, 0), (reach, reach)))
    turned = jnp.stack([-padded[1], padded[0]])
    tables = np.zeros((weights.size, len(sector.drifts), d))
    for k, drift in enumerate(sector.drifts):
        tables[drift.weights, k] = drift.table
    # All diagonals in one product: each would be a call of its own.
    values = jnp.tensordot(weights, jnp.asarray(tables), 1)
    total = jnp.zeros_like(psi)
    for drift, value in zip(sector.drifts, values, strict=True):
        start = reach + drift.offset
        source = turned if drift.imaginary else padded
        total = total + value[None] * source[:, start : start + d]
    return total


def _multiplied(structure, psi, weights):
    operators = np.stack([m.toarray() for m in structure.drift_operators()])
    total = jnp.zeros_like(psi)
    for part, source in ((operators.real, psi), (operators.imag, jnp.stack([-psi[1], psi[0]]))):
        if part.any():
            total = total + source @ jnp.tensordot(weights, jnp.asarray(part), 1).T
    return total
