"""What a run gained per time since it began: the papers' average powers."""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float


def per(values: Float[Array, "*shape"], spent: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """A quotient that is NaN, with a finite gradient, where nothing has been spent.

    Example:
        >>> per(jnp.array([0.0, 3.0]), jnp.array([0.0, 2.0])).tolist()
        [nan, 1.5]
    """
    started = spent > 0
    return jnp.where(started, values / jnp.where(started, spent, 1.0), jnp.nan)


def powers(times: Float[Array, " T"], seen: Mapping[str, Array]) -> dict[str, Array]:
    """`charging_power` and `ergotropic_power`: energy and ergotropy per elapsed time.

    Args:
        times: of the run.
        seen: holds `energy` and `ergotropy`.
    """
    elapsed = times - times[0]
    return {
        "charging_power": per(seen["energy"], elapsed),
        "ergotropic_power": per(seen["ergotropy"], elapsed),
    }
