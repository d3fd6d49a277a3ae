r"""Numbers that share a total, such as swap angles of a given charging time.

$$\theta_k = \tau\,\frac{u_k^2}{\sum_l u_l^2} \qquad (u \text{ unbounded})$$

is feasible for every u, and unlike a softmax lets a share vanish at finite u: without loss a
collision too many then does nothing, so that their number is free below K. A loss after it stays,
for a collision of no angle is a time of waiting: with loss the number is to be chosen, too
(`batteries.collisional.swap_angles.best_energy`).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import Scalar, ScalarLike
from qbjax.protocols.free import NUDGE, Choice


class Share(Choice):
    """Trainable non-negative numbers of a given sum; made by `share`."""

    value: Float[Array, " K"]
    total: Scalar

    def coordinate(self):
        # Where a share is zero its slope vanishes: such a start would never move.
        least = NUDGE * jnp.mean(self.value)
        return jnp.sqrt(jnp.maximum(self.value, least))

    def at(self, coordinate):
        squares = coordinate**2
        return self.total * squares / jnp.sum(squares)

    def drawn(self, key):
        shares = jax.random.exponential(key, self.value.shape)
        return Share(self.total * shares / jnp.sum(shares), self.total)


def share(values, total: ScalarLike) -> Share:
    """Marks numbers as trainable while they are non-negative and add up to a total.

    Args:
        values: their present proportions, shape (K,), K ≥ 1, not all zero.
        total: what they add up to, positive.

    Returns:
        A `Share`, to be put where the protocol takes the numbers.

    Raises:
        ValueError, TypeError: for negative numbers, zeros alone, a total that is not positive.

    Example:
        >>> share([1.0, 3.0], 2.0).value.tolist()
        [0.5, 1.5]
    """
    start = _checks.array("values", values, shape=("K",), low=0.0)
    total = _checks.scalar("total", total, low=0, open_low=True)
    if _checks.is_concrete(start) and not np.any(np.asarray(start) > 0):
        raise ValueError(f"Argument `values` must not all vanish, but are {start.tolist()}.")
    return Share(total * start / jnp.sum(start), total)
