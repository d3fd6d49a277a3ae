r"""Which method solves an equation when nobody says.

Decided from structure alone, before any number is known, so that the same call is solved in the
same way inside a caller's `jit` and outside:

* linear, constant between edges, at most `SMALL` real numbers: `Exponential`. A matrix exponential
  of that size costs less than the steps it replaces, and stiffness means nothing to it;
* linear, constant between edges, larger, with bounds on the spectrum: `Chebyshev`, half the work of
  a Runge–Kutta method. In reverse mode the run that is differentiated is one of `Tsit5`
  (`dynamics.backward`), the run that is not is still this;
* else `Tsit5`.

What is stiff and none of these is for an implicit method, by name: `diffrax.Kvaerno5()`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jaxtyping import Array, PyTree

from qbjax.dynamics.chebyshev import Chebyshev
from qbjax.dynamics.exponential import Exponential
from qbjax.dynamics.tsit5 import Tsit5

SMALL = 64
"""Real numbers of a state up to which every span has an exponential of its own."""


class Linear(NamedTuple):
    """A field that is linear, and constant between edges.

    Attributes:
        field: f(t, y) without derivative rules of its own.
        extent: t to bounds on its spectrum, as `chebyshev.propagate` takes them; None if none are
            known.
    """

    field: Callable[[Array, PyTree], PyTree]
    extent: Any = None


def method(given: Any, size: int, linear: Linear | None, adjoint: str) -> Any:
    """The method of a run.

    Args:
        given: what a `Solver` names; None chooses.
        size: real numbers in the state.
        linear: what makes the equation linear, if it is.
        adjoint: how the run may be differentiated.

    Raises:
        ValueError: if the method that was named does not fit the equation.
    """
    bounded = linear is not None and linear.extent is not None
    fits = {Chebyshev: bounded, Exponential: linear is not None}
    if not fits.get(type(given), True):
        raise ValueError(
            "Argument `solver` must have a Runge–Kutta method here, but has "
            f"{type(given).__name__}: that is for equations that are linear and constant between "
            "edges."
        )
    if given is not None:
        return given
    if linear is not None and size <= SMALL:
        return Exponential()
    # Both modes at once go through no loop whose length is not known.
    return Chebyshev() if bounded and adjoint != "direct" else Tsit5()


def size_of(state: PyTree[Array]) -> int:
    """Real numbers in a state."""
    return sum(leaf.size for leaf in jax.tree.leaves(state))
