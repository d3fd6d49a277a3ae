"""The processor that will run a program, told before it is compiled."""

from typing import Any

import jax


def platform_of(given: Any) -> str:
    """The platform of a program with these arguments: "cpu", "gpu" or "tpu".

    It is where data lives that was put somewhere (`jax.device_put`), else the default device. Of
    what is being traced nobody knows where it will be.

    Example:
        >>> import jax.numpy as jnp
        >>> platform_of({"x": jax.device_put(jnp.ones(2), jax.devices("cpu")[0]), "name": "y"})
        'cpu'
    """
    for x in jax.tree.leaves(given):
        if isinstance(x, jax.Array) and not isinstance(x, jax.core.Tracer) and x.committed:
            return next(iter(x.devices())).platform
    default = jax.config.values["jax_default_device"]
    if default is None:
        return jax.default_backend()
    return getattr(default, "platform", default)
