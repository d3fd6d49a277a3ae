"""A collision written with Kraus operators: for those who want to see them, and for tests."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax._types import Scalar
from qbjax.batteries.collisional._channels import rotations


def kraus(
    couplings: Float[Array | np.ndarray, " links"],
    theta: Scalar,
    ground_population: Scalar,
    amplitude: Scalar,
) -> Float[Array, "4 N N"]:
    r"""Kraus operators of a collision in the gauge above, for a real x.

    The qubit's state is a mixture $\sum_i p_i|\phi_i\rangle\langle\phi_i|$, and
    $\rho' = \sum_{if} K_{if}\rho K_{if}^\dagger$ with
    $K_{if} = \sqrt{p_i}\langle f|U|\phi_i\rangle$.

    Args:
        couplings: $a_1 … a_{N-1}$.
        theta: swap angle.
        ground_population: q.
        amplitude: x.

    Returns:
        Four real matrices, two for each eigenvector of $\rho_Q$.
    """
    cos, sin, up_cos, up_sin = rotations(couplings, theta)
    q = ground_population
    qubit = jnp.stack([jnp.stack([q, amplitude]), jnp.stack([amplitude, 1 - q])])
    weights, states = jnp.linalg.eigh(qubit)
    # In the gauge, <g|U|g> and <e|U|e> are diagonal, <g|U|e> raises, <e|U|g> lowers with a minus.
    raises, lowers = jnp.diag(sin[1:], -1), -jnp.diag(up_sin[:-1], 1)

    def pair(weight, state):
        g, e = jnp.sqrt(jnp.maximum(weight, 0.0)) * state
        return g * jnp.diag(cos) + e * raises, g * lowers + e * jnp.diag(up_cos)

    return jnp.stack([k for i in (0, 1) for k in pair(weights[i], states[:, i])])
