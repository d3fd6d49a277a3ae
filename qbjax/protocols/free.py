r"""Free numbers of a protocol, which an optimiser may choose, and the maps that keep it feasible.

A plain number in a protocol is fixed; a `Choice` in its place is trainable. Optimisers see
its unbounded coordinates $u$ alone, and every $u$ gives a feasible value. One number between
bounds is a `Free`, made by `free(value, low, high)`; numbers that share a constraint are one
`Choice` together (`protocols.budget`). `Free` takes the transformation that Minuit made
standard (F. James, *Minuit reference manual*, 1.2.1):

* both bounds: $v = \mathrm{low} + (\mathrm{high} - \mathrm{low})(1 + \sin u)/2$,
* only low: $v = \mathrm{low} + w(\sqrt{u^2 + 1} - 1)$; only high: mirrored,
* none: $v = wu$,

with w, in the unit of v, the distance from where the search starts to the bound, or to 0.

Every iterate is feasible, and unlike a sigmoid's the bounds themselves are reached at
finite $u$, with a quadratic optimum there when the objective still grows beyond.
"""

import abc
import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from qbjax import _checks

Tree = TypeVar("Tree")

Trainable: TypeAlias = Any
"""A number of a protocol: an array, or a `Choice` until the protocol is resolved; Any, since a type
checker cannot know which protocols are resolved."""

NUDGE = 1e-3
"""Share of the range by which a start on a bound is moved inside: dv/du vanishes on a bound, so
that it would never move."""


class Choice(eqx.Module):
    """A trainable node of a protocol, in the place of the value it stands for.

    Attributes:
        value: the present value, any pytree; feasible.
    """

    value: eqx.AbstractVar[Any]

    @abc.abstractmethod
    def coordinate(self) -> Float[Array, "..."]:
        """Unbounded coordinates of the present value, moved off the bounds."""

    @abc.abstractmethod
    def at(self, coordinate: Float[Array, "..."]) -> Any:
        """The value at some coordinates, feasible whatever they are."""

    @abc.abstractmethod
    def drawn(self, key: Array) -> "Choice":
        """Draws a random value of the same choice.

        Raises:
            ValueError: if there is nothing to draw from.
        """


class Free(Choice):
    """A trainable number (or array of them) with its bounds; made by `free`."""

    value: Float[Array, "..."]
    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)

    def coordinate(self):
        low, high, v = self.low, self.high, self.value
        if math.isfinite(low) and math.isfinite(high):
            share = jnp.clip((v - low) / (high - low), NUDGE, 1 - NUDGE)
            return jnp.arcsin(2 * share - 1)
        if math.isfinite(low) or math.isfinite(high):
            inside = v - low if math.isfinite(low) else high - v
            return jnp.sqrt((jnp.maximum(inside / self._unit, NUDGE) + 1) ** 2 - 1)
        return v / self._unit

    def at(self, coordinate):
        low, high, u = self.low, self.high, coordinate
        if math.isfinite(low) and math.isfinite(high):
            # The clip only removes the last bit by which rounding may leave the interval.
            return jnp.clip(low + (high - low) * (1 + jnp.sin(u)) / 2, low, high)
        inside = self._unit * (jnp.sqrt(u**2 + 1) - 1)
        if math.isfinite(low):
            return low + inside
        return high - inside if math.isfinite(high) else self._unit * u

    def drawn(self, key):
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError(
                "Argument `starts` must be 1 when a free number has no finite bounds, "
                f"but one lies in [{self.low:g}, {self.high:g}]."
            )
        value = jax.random.uniform(key, self.value.shape, minval=self.low, maxval=self.high)
        return Free(value, self.low, self.high)

    @property
    def _unit(self) -> Float[Array, ""]:
        """The unit w of the value; 1 without a number that has a size."""
        bound = next((x for x in (self.low, self.high) if math.isfinite(x)), 0.0)
        far = jnp.max(jnp.abs(jax.lax.stop_gradient(self.value) - bound), initial=0.0)
        return jnp.where(far > 0, far, abs(bound) or 1.0)


def free(value, low: float | Any = -math.inf, high: float | Any = math.inf) -> Free:
    """Marks a number of a protocol as trainable between two bounds.

    Args:
        value: where the search starts; a number or an array.
        low: lower bound, -inf for none.
        high: upper bound, inf for none.

    Returns:
        A `Free`, to be put where the protocol takes the number.

    Raises:
        ValueError: if `low` is not below `high`, or a value lies outside.
        TypeError: if the value is not a real number of double precision.

    Example:
        >>> from qbjax.protocols import SwitchOff
        >>> SwitchOff(3.0, free(10.0, 5.0, 20.0)).time.high
        20.0
    """
    start = _checks.array("value", value)
    low, high = (
        _checks.plain(name, bound, finite=False) for name, bound in (("low", low), ("high", high))
    )
    if start.size == 0:
        raise ValueError("Argument `value` must hold at least one number, but is empty.")
    if not low < high:
        raise ValueError(f"Argument `low` must be below `high`={high:g}, but is {low:g}.")
    if _checks.is_concrete(start) and not np.all(
        (low <= np.asarray(start)) & (np.asarray(start) <= high)
    ):
        raise ValueError(
            f"Argument `value` must lie in [{low:g}, {high:g}], but is {_checks.show(value)}."
        )
    return Free(start, low, high)


def is_free(node) -> bool:
    """Whether a node of a protocol is trainable."""
    return isinstance(node, Choice)


def checked(check: Callable, name: str, given: Any, **bounds: Any) -> Trainable:
    """Checks an argument, or the value of a trainable node; returns the array, or the node."""
    value = check(name, given.value if is_free(given) else given, **bounds)
    return given if is_free(given) else value


def resolve(tree: Tree) -> Tree:
    """Replaces every trainable node of a protocol by its present value."""
    return jax.tree.map(lambda x: x.value if is_free(x) else x, tree, is_leaf=_is_whole)


def _is_whole(node) -> bool:
    # An iterator is whatever was given by mistake, and would be used up.
    return is_free(node) or isinstance(node, Iterator)


def coordinates(tree: PyTree) -> tuple[list[Array], Callable[[list[Array]], PyTree]]:
    """Unbounded coordinates of a protocol's trainable numbers, and the way back.

    Args:
        tree: a protocol with at least one trainable node.

    Returns:
        The list of coordinates u, one array per node, and a function from such a list to
        the protocol with plain numbers in place of the free ones.

    Raises:
        ValueError: if nothing is free.
    """
    leaves, treedef = _flatten(tree)
    found = choices(tree)
    if not found:
        raise ValueError(
            "Argument `protocol` must have a trainable number, but has none; "
            "mark one with qb.free(value, low, high)."
        )

    def rebuild(us: list[Array]) -> PyTree:
        values = iter([choice.at(u) for u, choice in zip(us, found, strict=True)])
        return treedef.unflatten([next(values) if is_free(x) else x for x in leaves])

    return [choice.coordinate() for choice in found], rebuild


def choices(tree: PyTree) -> list[Choice]:
    """The trainable nodes of a protocol, in the order of their coordinates."""
    return [leaf for leaf in _flatten(tree)[0] if is_free(leaf)]


def moved_to(tree: Tree, us: list[Array]) -> Tree:
    """Moves every trainable node of a protocol to the value at some coordinates.

    Example:
        >>> plan = {"x": free(0.5, 0.0, 1.0)}
        >>> float(moved_to(plan, [jnp.asarray(jnp.pi / 2)])["x"].value)
        1.0
    """
    leaves, treedef = _flatten(tree)
    values = iter(us)
    moved = [dataclasses.replace(x, value=x.at(next(values))) if is_free(x) else x for x in leaves]
    return treedef.unflatten(moved)


def random_start(key: Array, tree: Tree) -> Tree:
    """Draws every trainable node of a protocol anew: free numbers uniformly between bounds.

    Raises:
        ValueError: if a free number lacks a bound.
    """
    leaves, treedef = _flatten(tree)
    keys = iter(jax.random.split(key, len(leaves)))
    return treedef.unflatten([x.drawn(next(keys)) if is_free(x) else x for x in leaves])


def _flatten(tree) -> tuple[list, Any]:
    return jax.tree.flatten(tree, is_leaf=_is_whole)
