"""Tolerances and method of an integration, and their sharpening for a verification."""

import dataclasses
import functools
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import diffrax
import equinox as eqx

from qbjax import _checks
from qbjax.dynamics.chebyshev.forward import Chebyshev
from qbjax.dynamics.solve.exponential import Exponential

METHODS = (diffrax.AbstractAdaptiveSolver, Chebyshev, Exponential, type(None))


FINEST, COARSEST = 1e-14, 0.1
"""Bounds of the relative tolerance: below, rounding exceeds it and no step is ever accepted; above,
not one digit is right."""


class Solver(eqx.Module):
    r"""Tolerances, limits and method with which an equation is integrated.

    The step is accepted when $\lVert e / (\mathrm{atol} + \mathrm{rtol}|y|)\rVert_F < 1$
    (elementwise quotient, Frobenius norm over the whole state). With the defaults the
    DOPO battery's energy is right to 1e-11 and its ergotropy to 1e-9 (32×9 levels,
    γt ≤ 10), because stability rather than accuracy limits the steps there.

    Args:
        rtol: relative tolerance, from 1e-14 (below, rounding exceeds it) to 0.1.
        atol: absolute tolerance.
        max_steps: steps, rejected ones included, after which the run gives up
            (status 1).
        method: `dynamics.Tsit5()`, `dynamics.Chebyshev()`, `dynamics.Exponential()`,
            `dynamics.Implicit()` for stiff equations, or a diffrax solver with an error estimate;
            None chooses, see `dynamics.solve.automatic`.
        max_step: longest step of a Runge–Kutta method (`Tsit5`, `Implicit`, diffrax's own); None
            for none, since pulses are looked for before a run (`dynamics.solve.lookout`).

    Raises:
        ValueError: for tolerances or a longest step that are not positive, or fewer than one step.
            TypeError: for a method that is none of these.
    """

    rtol: float = eqx.field(static=True)
    atol: float = eqx.field(static=True)
    max_steps: int = eqx.field(static=True)
    method: diffrax.AbstractAdaptiveSolver | Chebyshev | Exponential | None
    max_step: float | None = eqx.field(static=True)

    def __init__(
        self,
        rtol: Any = 1e-8,
        atol: Any = 1e-10,
        max_steps: Any = 100_000,
        method: Any = None,
        max_step: Any = None,
    ):
        self.rtol = _checks.plain("rtol", rtol, low=FINEST, high=COARSEST)
        self.atol = _checks.plain("atol", atol, low=0, open_low=True)
        self.max_steps = _checks.integer("max_steps", max_steps, low=1)
        if not isinstance(method, METHODS):
            raise TypeError(
                "Argument `method` must be one such as qb.dynamics.Tsit5(), or a diffrax solver "
                f"with an error estimate, but is {_checks.show(method)}."
            )
        self.method = method
        longest = (
            None if max_step is None else _checks.plain("max_step", max_step, low=0, open_low=True)
        )
        self.max_step = longest

    def with_method(self, method) -> "Solver":
        """Makes a solver of the same tolerances with another method."""
        return dataclasses.replace(self, method=method)


_sharpness: ContextVar[float] = ContextVar("sharpness", default=1.0)


@contextmanager
def sharpened(factor: float):
    """Divides the tolerances of every solver that `chosen` hands out within by `factor`.

    For verification: an objective need not take tolerances as arguments to be evaluated
    again at tighter ones.
    """
    token = _sharpness.set(factor)
    try:
        yield
    finally:
        _sharpness.reset(token)


def chosen(solver: Solver | None) -> Solver:
    """The solver to use: the default for None, sharpened inside `sharpened`."""
    solver = _default() if solver is None else solver
    factor = _sharpness.get()
    if factor == 1.0:
        return solver
    rtol, atol = max(FINEST, solver.rtol / factor), solver.atol / factor
    return dataclasses.replace(solver, rtol=rtol, atol=atol)


@functools.cache
def _default() -> Solver:
    return Solver()
