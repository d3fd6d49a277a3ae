"""Signals without start or end, and signals derived from others, as batteries carry them."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.protocols.numpy_functions import traceable
from qbjax.protocols.pump import Pump

ADVICE = (
    "write jnp for np or math, jnp.where for `if`, and bind other arguments by functools.partial"
)


class Endless(Pump):
    """A signal that is a function of all times, without a start or an end.

    It is traceable by JAX or written with NumPy; if it is an `eqx.Module`, its arrays are
    differentiable. `steps`: whether it is constant between its edges.

    Example:
        >>> float(Endless("f", lambda t: 2.0 * t).signal(jnp.asarray(3.0)))
        6.0
    """

    function: Callable
    kinks: Float[Array, " E"] | None
    steps: bool = eqx.field(static=True)

    def __init__(self, name: str, function: Callable, edges: Any = None, steps: bool = False):
        try:
            self.function = traceable(function)
            out = _returned(self.function)
        except Exception as error:
            reason = " ".join(str(error).split())[:60]
            raise TypeError(
                f"Argument `{name}` must be a function of time that JAX can trace, but raises "
                f"{type(error).__name__} ({reason}): {ADVICE}."
            ) from error
        if out.shape != () or out.dtype not in (jnp.float64, jnp.complex128):
            raise TypeError(
                f"Argument `{name}` must return one number of double precision, but returns "
                f"{out.dtype} of shape {out.shape}."
            )
        self.kinks = edges
        self.steps = steps

    def signal(self, time):
        return _number(self.function(time))

    def edges(self):
        return self.kinks

    def check_times(self, times):
        return None

    @property
    def is_complex(self):
        return jnp.issubdtype(_returned(self.function).dtype, jnp.complexfloating)

    @property
    def is_piecewise_constant(self):
        return self.steps

    @property
    def peak(self):
        """The largest |signal|: infinite, for no bound is known."""
        return jnp.asarray(jnp.inf)


def _number(value):
    value = jnp.asarray(value)
    return value.astype(float) if jnp.issubdtype(value.dtype, jnp.integer) else value


def _returned(function) -> jax.ShapeDtypeStruct:
    return jax.eval_shape(lambda t: _number(function(t)), jax.ShapeDtypeStruct((), float))


class Derived(Pump):
    """A signal made of another one at the same time, such as its real part."""

    pump: Pump
    read: Callable = eqx.field(static=True)
    is_complex = False

    def signal(self, time):
        return self.read(self.pump.signal(time))

    def edges(self):
        return self.pump.edges()

    def check_times(self, times):
        self.pump.check_times(times)

    @property
    def is_piecewise_constant(self):
        return self.pump.is_piecewise_constant

    @property
    def peak(self):
        """The largest |signal|: infinite, for no bound is known."""
        return jnp.asarray(jnp.inf)


class Spline(eqx.Module):
    r"""A piecewise polynomial that keeps its first and last values outside its knots.

    $$f(t) = \sum_i c_{ij}(t - t_j)^{k-i} \quad\text{for}\quad t_j \le t < t_{j+1}$$

    Attributes:
        knots: $t_j$, increasing, (n,).
        coefficients: $c_{ij}$, the highest power first, (k + 1, n).
    """

    knots: Float[Array, " n"]
    coefficients: Inexact[Array, "k n"]

    def __call__(self, time):
        at = jnp.clip(time, self.knots[0], self.knots[-1])
        j = jnp.searchsorted(self.knots, at, side="right", method="compare_all") - 1
        step = (at - self.knots[j]).astype(self.coefficients.dtype)
        return jnp.polyval(self.coefficients[:, j], step)

    @property
    def degree(self) -> int:
        """The degree k of the pieces."""
        return self.coefficients.shape[0] - 1

    def edges(self) -> Float[Array, " E"]:
        """Times at which the function or its slope is discontinuous: the ends of a cubic spline."""
        return self.knots if self.degree < 2 else self.knots[np.array([0, -1])]


def through(name: str, times: Any, values: Any) -> Spline:
    """The cubic spline through values at some times, as QuTiP makes it of an array.

    It is not-a-knot, and of lower degree for fewer than four times.

    Example:
        >>> round(float(through("f", [0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 8.0, 27.0])(1.5)), 9)
        3.375
    """
    # What is checked would be traced under `jit`, what was given is not.
    size = _checks.times("tlist", times).size
    _checks.array(name, values, shape=(size,), complex_ok=True)
    if size < 2:
        raise ValueError("Argument `tlist` must hold at least two times, but holds one.")
    knots = np.asarray(times, float)
    from scipy.interpolate import make_interp_spline  # late: it takes a tenth of a second

    found = make_interp_spline(knots, np.asarray(values), k=min(3, size - 1))
    at = np.unique(np.concatenate([found.t, knots]))
    powers = [found(at, i) / math.factorial(i) for i in range(found.k, -1, -1)]
    return Spline(jnp.asarray(at), jnp.asarray(np.stack(powers)))
