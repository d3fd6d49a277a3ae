"""Constraints of a search: a number computed from a protocol that must not pass a limit."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.strategies.search import Problem, shown


class Constraint(eqx.Module):
    """A number and its limit; made by `at_most`, `at_least` or `equal`.

    Attributes:
        function: of the protocol, or of protocol and battery as the objective's.
        kind: "at most", "at least" or "equal to".
        limit: v.
    """

    function: Callable = eqx.field(static=True)
    kind: str = eqx.field(static=True)
    limit: Float[Array, ""]

    def slack(self, number: Float[Array, ""]) -> Float[Array, ""]:
        """The distance of a number from the limit: negative beyond it, of an equality 0."""
        return self.limit - number if self.kind == "at most" else number - self.limit

    @property
    def is_equality(self) -> bool:
        """Whether every distance from the limit is a violation."""
        return self.kind == "equal to"

    @property
    def name(self) -> str:
        """Name of the function, with the first arguments that it has been given."""
        function: Any = self.function
        given = ""
        if isinstance(function, partial):
            function, given = function.func, f"({', '.join(map(str, function.args))})"
        return getattr(function, "__name__", type(function).__name__) + given

    def number(self, slack: float) -> float:
        """The number that is so far from the limit."""
        return float(self.limit) + float(-slack if self.kind == "at most" else slack)


class Held(NamedTuple):
    """The report on one constraint at the protocol that was found.

    Attributes:
        name: of the function.
        kind: "at most", "at least" or "equal to".
        limit: v.
        value: the number at the protocol.
        violation: how far it is beyond the limit, 0 if it is not.
        price: dF*/dv, by which the best value would change with the limit; 0 where it is slack.
        verified_value: the number with `battery.refined()`, None without a battery.
    """

    name: str
    kind: str
    limit: float
    value: float
    violation: float
    price: float
    verified_value: float | None


def at_most(function: Callable | Any, value: Any) -> Constraint:
    r"""Makes the constraint f ≤ v of a search.

    Args:
        function: f of what the objective sees, `f(protocol)` or `f(protocol, battery)`; returns a
            real number, and is differentiated. Of several numbers limit each, by
            `functools.partial(f, k)`: their maximum has kinks, on which a search gets stuck. Of
            many limit $(\sum_k|x_k|^p)^{1/p}$ with a p of 20 or more, which is never less than the
            largest.
        value: v.

    Raises:
        TypeError: if f is no function, or v no real number. ValueError: if v is not finite.

    Example:
        >>> import qbjax as qb
        >>> best = qb.maximize(lambda x: x, qb.free(0.0, -3.0, 3.0),
        ...                    constraints=[qb.at_most(lambda x: x**2, 2.0)])
        >>> round(float(best.protocol), 6), round(best.constraints[0].price, 6)
        (1.414214, 0.353553)
    """
    return _made(function, "at most", value)


def at_least(function: Callable | Any, value: Any) -> Constraint:
    """Makes the constraint f ≥ v of a search; arguments as of `at_most`."""
    return _made(function, "at least", value)


def equal(function: Callable | Any, value: Any) -> Constraint:
    """Makes the constraint f = v of a search; arguments as of `at_most`."""
    return _made(function, "equal to", value)


def _made(function, kind: str, value) -> Constraint:
    _checks.function("function", function, "function(protocol)")
    return Constraint(function, kind, jnp.asarray(_checks.scalar("value", value), float))


def listed(given: Any) -> tuple[Constraint, ...]:
    """Checks that constraints are a list of such.

    Raises:
        TypeError: for what is none.
    """
    expected = "a list of constraints such as qb.at_most(f, 1.0)"
    if not isinstance(given, list | tuple):
        raise TypeError(f"Argument `constraints` must be {expected}, but is {_checks.show(given)}.")
    for each in given:
        if not isinstance(each, Constraint):
            raise TypeError(
                f"Argument `constraints` must be {expected}, but holds {_checks.show(each)}."
            )
    return tuple(given)


def check_numbers(constraints: tuple[Constraint, ...], problem: Problem, battery: Any) -> None:
    """Checks that every constraint returns one real number.

    Raises:
        ValueError: if one returns anything else.
    """
    for each in constraints:
        out = problem.shape_of(each.function, battery)
        if getattr(out, "shape", None) != () or out.dtype != jnp.float64:
            raise ValueError(
                "Argument `constraints` must hold functions that return a real scalar of double "
                f"precision, but {each.name} returns {shown(out)}."
            )
