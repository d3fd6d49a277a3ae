"""Average powers: energy and ergotropy per time since a run began."""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float


def per(values: Float[Array, "*shape"], spent: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Divides elementwise; NaN, with a finite gradient, where nothing has been spent.

    Example:
        >>> per(jnp.array([0.0, 3.0]), jnp.array([0.0, 2.0])).tolist()
        [nan, 1.5]
    """
    started = spent > 0
    return jnp.where(started, values / jnp.where(started, spent, 1.0), jnp.nan)


def powers(times: Float[Array, " T"], observables: Mapping[str, Array]) -> dict[str, Array]:
    """Average powers `charging_power` and `ergotropic_power` of a run's energy and ergotropy."""
    elapsed = times - times[0]
    return {
        "charging_power": per(observables["energy"], elapsed),
        "ergotropic_power": per(observables["ergotropy"], elapsed),
    }
