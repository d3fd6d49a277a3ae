r"""Feedback: a protocol that is chosen anew at every saved time, from what was recorded so far.

$$(m_{k+1}, u_k) = f(m_k, r_k, t_k), \qquad t_k \le t < t_{k+1},$$

with $u_k$ a protocol of the battery, $r_k$ the record of the interval that ends at $t_k$ (nothing
at the start), and m a memory of the user's own: counters, filters, the last signals.
"""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from qbjax import _checks

CALL = "function(memory, record, time) -> (memory, protocol)"


class Feedback(eqx.Module):
    r"""A function of the record that chooses the next signal.

    Args:
        function: function(memory, record, time) -> (memory, protocol), traceable by JAX. A record
            is a dictionary of one interval: of jumps `counts`, how many of each; of currents
            `currents`, the mean of each. The protocol is what `qb.charge` takes, always of one
            structure; it sees absolute time, and holds until the next saved time. If the function
            is an `eqx.Module`, its arrays are differentiable.
        memory: m at the start, any pytree of arrays; None if there is none.

    Raises:
        TypeError: if `function` cannot be called, or `memory` holds anything but numbers and
            arrays; once it is used, if the function returns anything else.

    Example:
        A π pulse of length ½ after every click:

        >>> import jax.numpy as jnp, qbjax as qb
        >>> def flip(memory, record, time):
        ...     pulse = jnp.where(record["counts"][0] > 0, 2 * jnp.pi, 0.0)
        ...     return memory, qb.protocols.Constant(pulse)
        >>> pulses = qb.protocols.Feedback(flip)
        >>> _, pulse = pulses.chosen(None, {"counts": jnp.ones(1, int)}, 0.0)
        >>> round(float(pulse.amplitude), 3)
        6.283
    """

    function: Callable
    memory: Any = None

    def __init__(self, function: Any, memory: Any = None):
        _checks.function("function", function, CALL)
        self.function = function
        self.memory = jax.tree.map(_number, memory)

    def chosen(
        self, memory: PyTree, record: Mapping[str, Array], time: Float[Array, ""] | float
    ) -> tuple[PyTree, Any]:
        """The next memory and protocol.

        Raises:
            TypeError: if the function returns no pair, or a memory of another structure.
        """
        found = self.function(memory, record, time)
        if not isinstance(found, tuple) or len(found) != 2:
            raise TypeError(
                f"Argument `function` must be callable as {CALL}, but returns "
                f"{_checks.show(found)}."
            )
        before, after = _form(memory), _form(found[0])
        if before != after:
            raise TypeError(
                f"Argument `function` must return a memory like the one it is given, {before}, "
                f"but returns {after}."
            )
        return found


def _number(leaf: Any) -> Array:
    """A number or array of a memory, as an array."""
    if isinstance(leaf, jax.Array):
        return leaf
    if not isinstance(leaf, bool | int | float | complex | np.ndarray | np.generic) or (
        np.asarray(leaf).dtype.kind not in "biufc"
    ):
        raise TypeError(
            f"Argument `memory` must hold numbers and arrays alone, but holds {_checks.show(leaf)}."
        )
    return jnp.asarray(leaf)


def _form(memory: PyTree) -> str:
    """The structure, shapes and kinds of a memory in words."""
    return str(jax.tree.map(lambda x: f"{jnp.asarray(x).dtype}{jnp.shape(x)}", memory))
