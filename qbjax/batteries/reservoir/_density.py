"""A user's spectral density, asked on the host and checked at every frequency it is asked at."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qbjax import _checks

CHUNK = 1024
"""Frequencies per call of a compiled density: one shape, one compilation."""

POSITIVE = 1e-9
"""Largest distance of a matrix's eigenvalue below zero, relative to its largest element."""


class Density:
    """J(ω) as an array function, with its components.

    A J that JAX can trace is compiled and batched; any other is called number by number, with
    Python floats.

    Args:
        J: a number, or a symmetric (n, n) matrix, at a real frequency.
        emitters: n.
        probe: a frequency inside the band.

    Raises:
        TypeError, ValueError: if J is not callable, or returns neither.
    """

    def __init__(self, J: Callable | Any, emitters: int, probe: float):
        _checks.function("J", J, "J(omega)")
        self.J = J
        self.compiled = _compiled(J)
        self.shape = np.shape(self._ask(np.array([probe]))[0])
        if self.shape not in ((), (emitters, emitters)):
            raise ValueError(
                f"Argument `J` must return a number or a matrix ({emitters}, {emitters}), but "
                f"returns shape {self.shape} at ω = {probe:g}."
            )

    @property
    def components(self) -> list[tuple[int, int]]:
        """The elements of J that have to be known; [] for a number."""
        return [(j, k) for j in range(len(self.shape) and self.shape[0]) for k in range(j + 1)]

    def values(self, omega: Float[np.ndarray, " Q"]) -> np.ndarray:
        """The density at some frequencies, shape (Q,) or (Q, n, n).

        Raises:
            ValueError: where J is not finite, real, positive, symmetric: naming ω.
        """
        found = self._ask(omega)
        _refuse(~np.isfinite(found), "be finite", found, omega)
        _refuse(np.imag(found) != 0, "be real", found, omega)
        found = np.real(found).astype(float)
        if not self.shape:
            _refuse(found < 0, "not be negative", found, omega)
            return found
        largest = np.abs(found).max(axis=(1, 2), keepdims=True)
        turned = np.swapaxes(found, 1, 2)
        _refuse(np.abs(found - turned) > POSITIVE * largest, "be symmetric", found, omega)
        lowest = np.linalg.eigvalsh(found)[:, :1]
        _refuse(lowest < -POSITIVE * largest[:, :, 0], "have no negative eigenvalue", lowest, omega)
        return found

    def component(self, *index: int) -> Callable[[np.ndarray], np.ndarray]:
        """One element of J as a function of its own."""
        element: Any = (..., *index)
        return lambda omega: self.values(omega)[element]

    def _ask(self, omega):
        try:
            with jax.ensure_compile_time_eval():  # J is asked now, whatever is being traced
                return self._answers(omega)
        except jax.errors.TracerArrayConversionError:
            raise TypeError(
                "Argument `J` must be made of numbers that are known before compilation, for its "
                "memory is computed on the host, but holds traced ones; scale `couplings` instead "
                "of J, or build the battery outside."
            ) from None

    def _answers(self, omega):
        if self.compiled is None:
            return np.array([_number(self.J, float(w)) for w in omega])
        padded = np.resize(omega, (-(-omega.size // CHUNK), CHUNK))
        return np.concatenate([np.asarray(self.compiled(row)) for row in padded])[: omega.size]


def _number(J, omega):
    try:
        return np.asarray(J(omega))
    except ArithmeticError:  # math.exp overflows, 1/0.0 divides by zero: no number
        return np.asarray(np.nan)


def _compiled(J):
    """The density for many frequencies, or None if JAX cannot trace it, for whatever reason."""
    try:
        jax.eval_shape(J, jax.ShapeDtypeStruct((), jnp.float64))
    except Exception:  # NumPy on a tracer, `if omega < 1`, and so on: all mean the same
        return None
    return jax.jit(jax.vmap(J))


def _refuse(bad, expected, found, omega):
    if bad.any():
        index = tuple(np.argwhere(bad)[0])
        raise ValueError(
            f"Argument `J` must {expected}, but is {found[index]} at ω = {omega[index[0]]:.10g}."
        )
