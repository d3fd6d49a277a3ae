r"""The choice of a method that solves an equation, when the caller names none.

Decided from structure alone, before any number is known, so that the same call is solved in the
same way inside a caller's `jit` and outside:

* linear, constant between edges, and small: `Exponential`. Its work is known beforehand, n³ for
  each different span, and where that is a few milliseconds nothing else is worth trying: stiffness
  means nothing to it;
* linear, constant between edges, larger, with bounds on the spectrum: `Chebyshev`, up to ten
  times as fast as a Runge–Kutta method;
* else `Tsit5`.

Three things need numbers: whether saved times are `uneven`, which rules exponentials out; whether
they are so `crowded` that Tsit5, which does not stop at them, is faster than Chebyshev; and whether
what moves in time is `stiff`: then, where the state is small, `Implicit`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, PyTree

from qbjax.dynamics.chebyshev.forward import REACH, Chebyshev
from qbjax.dynamics.chebyshev.step import ellipse_of
from qbjax.dynamics.generator.dual import Dual
from qbjax.dynamics.solve.exponential import Exponential
from qbjax.dynamics.solve.implicit import Implicit
from qbjax.dynamics.solve.tsit5 import Tsit5

WORK = 3e6
"""Most n³ times exponentials, of n real numbers in the state, that a run is given to: 4 ms."""

IMPLICIT = 400
"""Most real numbers in a state of which a step may factorise a matrix."""


DENSE = 200
"""Saved times below which it does not matter that steps end at them."""


class Linear(NamedTuple):
    """A field that is linear, and constant between edges.

    Attributes:
        field: f(t, y) without derivative rules of its own.
        spectral_bounds: t to bounds on its spectrum (`chebyshev.propagate`); None if unknown.
        dual: the field taken apart, where that makes reverse mode faster.
        kept: a linear functional of the state that the motion keeps, such as a trace; or None.
        exact: exact(t)(h), a function of the state that moves it on by h with the field of time t:
            where that has a structure that makes it cheaper than the exponential of a matrix of all
            of it. The field need then be no more than affine. None if there is none.
    """

    field: Callable[[Array, PyTree], PyTree]
    spectral_bounds: Any = None
    dual: Dual | None = None
    kept: Callable[[PyTree], Array] | None = None
    exact: Callable[[Array], Callable[[Array], Callable[[PyTree], PyTree]]] | None = None


class Outlook(NamedTuple):
    """Facts that numbers tell of an equation before it is traced.

    Attributes:
        size: real numbers in the state.
        constant: whether it is constant between edges.
        edges: times at which it is discontinuous, or None.
        decay: gives the fastest decay of an equation that moves between edges; None if nothing
            decays.
        bounds: gives what `crowded` takes of the spectrum of a constant one; None if steps of
            `Chebyshev` pass saved times anyway.
    """

    size: int
    constant: bool
    edges: Float[Array, " E"] | None
    decay: Callable[[], float] | None = None
    bounds: Callable[[], tuple[float, float]] | None = None


def foreseen(outlook: Outlook, times: Float[np.ndarray, " T"]) -> Any:
    """The method that numbers ask for; None if structure alone decides (`method`).

    `Implicit` for what is small and moves in time, if it is stiff; no exponentials where unevenly
    spaced times would need many; `Tsit5` where Chebyshev would stop too often.

    Args:
        outlook: what is known.
        times: saved ones, none repeated.
    """
    if not outlook.constant:
        if outlook.decay is None or outlook.size > IMPLICIT:
            return None
        found = stiff(outlook.size, outlook.decay(), float(times[-1] - times[0]))
        return Implicit() if found else None
    if outlook.edges is None and uneven(times, outlook.size):
        return Chebyshev()
    large = outlook.size**3 * spans_of(times, outlook.edges) > WORK
    if not large and outlook.edges is not None:
        return Exponential()  # as structure would, if it were told how many times there are
    if not large or outlook.bounds is None or times.size <= DENSE:
        return None
    return Tsit5() if crowded(times, *outlook.bounds()) else None


def method(
    given: Any, size: int, spans: int, linear: Linear | None, adjoint: str, unfit: str = ""
) -> Any:
    """The method of a run: the one that was named, if it fits, or the best by structure.

    Args:
        given: what a `Solver` names; None chooses.
        size: real numbers in the state.
        spans: between saved times and edges, of different length; 1 without edges, for saved times
            are mostly evenly spaced.
        linear: what makes the equation linear, if it is.
        adjoint: how the run may be differentiated.
        unfit: what methods for linear equations would need, if it is none.

    Raises:
        ValueError: if the method that was named does not fit the equation.
    """
    bounded = linear is not None and linear.spectral_bounds is not None
    fits = {Chebyshev: bounded, Exponential: linear is not None}
    if not fits.get(type(given), True):
        name = type(given).__name__
        raise ValueError(
            f"Argument `solver` with the method {name} needs {unfit}."
            if unfit
            else f"Argument `solver` must have a Runge–Kutta method here, but has {name}: that is "
            "for equations that are linear and constant between edges."
        )
    if given is not None:
        return given
    if linear is not None and (linear.exact is not None or spans * size**3 <= WORK):
        return Exponential()
    # Both modes at once go through no loop whose length is not known.
    return Chebyshev() if bounded and adjoint != "direct" else Tsit5()


def stiff(size: int, decay: float, duration: float) -> bool:
    """Whether steps that the fastest decay bounds would cost more than implicit ones.

    An explicit step of length h is stable for h·decay up to about 3.3. An implicit one costs as
    much as n/3 of those or less, and smooth signals ask for some hundreds: even at about 2n²
    explicit steps, measured for n = 36…400.

    Args:
        size: n, the real numbers in the state.
        decay: minus the least real part of the spectrum, or a bound.
        duration: of the run.

    Example:
        >>> stiff(36, 1e5, 10.0), stiff(36, 10.0, 10.0)
        (True, False)
    """
    steps = decay * duration / 3.3
    return size <= IMPLICIT and steps > max(1e4, 2 * size**2)


def uneven(times: Float[np.ndarray, " T"], size: int) -> bool:
    """Whether saved times are spaced so unevenly that exponentials cost too much after all.

    Args:
        times: of a run without edges.
        size: real numbers in the state.

    Example:
        >>> uneven(np.linspace(0.0, 1.0, 101), 100), uneven(np.geomspace(1.0, 2.0, 101), 100)
        (False, True)
    """
    steps = np.diff(times)
    if size**3 > WORK or steps.size == 0:
        return False
    return np.unique(np.round(steps / np.max(steps), 9)).size * size**3 > WORK


def crowded(times: Float[np.ndarray, " T"], decay: float, spread: float) -> bool:
    """Whether Chebyshev steps that end at every saved time cost more than those of `Tsit5`.

    A step that turns the fastest part of the state by x takes about 14 + 1.6x terms, a stage of
    Tsit5 the time of one and a half.

    Args:
        times: saved ones.
        decay, spread: as `chebyshev.propagate` wants them.

    Example:
        >>> crowded(np.linspace(0.0, 10.0, 2001), 10.0, 100.0)
        True
        >>> crowded(np.linspace(0.0, 10.0, 11), 10.0, 100.0)
        False
    """
    ellipse = ellipse_of(decay, spread)
    turned = np.diff(times) * float(ellipse.real + ellipse.imaginary)
    terms = np.sum(14 * np.ceil(turned / (2 * REACH)) + 1.6 * turned)
    stages = 6 * float(times[-1] - times[0]) * max(spread, decay) / 3
    return bool(terms > 1.5 * stages)


def size_of(state: PyTree[Array]) -> int:
    """Counts the real numbers in a state."""
    return sum(leaf.size for leaf in jax.tree.leaves(state))


def spans_of(times: Float[Array | np.ndarray, " T"], edges: Float[Array, " E"] | None) -> int:
    """Counts the spans of different length between saved times and edges; 1 without edges."""
    return 1 if edges is None else times.size + edges.size - 1
