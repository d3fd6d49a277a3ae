r"""Pure states of a closed system, $\dot\psi = -iH\psi$: d numbers instead of d².

A ket is kept as two real rows, (Re ψ, Im ψ), and moved by the same diagonals as one side of a
density matrix (`dynamics.structure`): with $-iH = D_r + iD_i$,

$$\dot\psi_r = D_r\psi_r - D_i\psi_i, \qquad \dot\psi_i = D_r\psi_i + D_i\psi_r .$$
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from qbjax.dynamics.structure import Structure

Ket = Float[Array, "2 d"]


def split(psi: Complex[Array, " d"]) -> Ket:
    """The two rows of a ket."""
    return jnp.stack([jnp.real(psi), jnp.imag(psi)])


@partial(jax.jit, static_argnums=0)  # traced once, however many stages call it
def moved(structure: Structure, psi: Ket, weights: Float[Array, " W"]) -> Ket:
    r"""$-iH\psi$.

    Args:
        structure: of a model without jumps or sectors.
        psi: two rows.
        weights: coefficients of the Hamiltonians, then signals of the controls.

    Example:
        >>> import numpy as np
        >>> flip = Structure([np.array([[0.0, 1.0], [1.0, 0.0]])], [])
        >>> moved(flip, split(jnp.array([1.0, 0.0]) + 0j), jnp.ones(1)).tolist()
        [[0.0, 0.0], [0.0, -1.0]]
    """
    (sector,) = structure.sectors
    reach, d = sector.reach, psi.shape[1]
    padded = jnp.pad(psi, ((0, 0), (reach, reach)))
    turned = jnp.stack([-padded[1], padded[0]])
    total = jnp.zeros_like(psi)
    for drift in sector.drifts:
        source = turned if drift.imaginary else padded
        start = reach + drift.offset
        values = weights[drift.weights] @ drift.table
        total = total + values[None] * source[:, start : start + d]
    return total
