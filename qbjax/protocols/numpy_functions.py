"""Functions of time that were written with NumPy, traced by JAX.

NumPy hands every call on one of its own arguments to `__array_ufunc__` or `__array_function__`
where that has them: a time that answers with JAX's function of the same name makes
`lambda t: np.exp(-t**2)` traceable as it stands.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def traceable(function: Callable) -> Callable:
    """Makes a function of time traceable: as it is, or with its NumPy calls answered by JAX.

    Where neither helps it raises whatever the function does.

    Example:
        >>> round(float(jax.jit(traceable(lambda t: np.cos(t) ** 2))(0.5)), 6)
        0.770151
    """
    try:
        jax.eval_shape(function, jax.ShapeDtypeStruct((), float))
    except jax.errors.TracerArrayConversionError:

        def answered(time):
            return _plain(function(_Answering(time)))

        jax.eval_shape(answered, jax.ShapeDtypeStruct((), float))
        return answered
    return function


class _Answering(np.lib.mixins.NDArrayOperatorsMixin):
    """A traced number whose NumPy functions are JAX's."""

    def __init__(self, value: Any):
        self.value = value

    def __bool__(self):
        raise TypeError("a traced time has no truth value: write jnp.where for `if`")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or options:
            return NotImplemented
        return _Answering(_named(ufunc.__name__)(*map(_plain, inputs)))

    def __array_function__(self, function, types, args, options):
        found = _named(function.__name__)(*map(_plain, args), **options)
        return jax.tree.map(_Answering, found)


def _named(name: str) -> Callable:
    for module in (jnp, jax.scipy.special):
        if hasattr(module, name):
            return getattr(module, name)
    raise TypeError(f"JAX has no function {name}")


def _plain(value: Any) -> Any:
    return jax.tree.map(
        lambda x: x.value if isinstance(x, _Answering) else x,
        value,
        is_leaf=lambda x: isinstance(x, _Answering),
    )
