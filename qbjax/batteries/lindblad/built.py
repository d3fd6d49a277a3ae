"""A Lindblad battery that a function of its levels builds, so that there is one with more."""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax.batteries.lindblad import _growth as growth
from qbjax.batteries.lindblad import _start as starts
from qbjax.batteries.lindblad._composed import Composed
from qbjax.batteries.lindblad.battery import Lindblad

NUMBERS: tuple[Callable[[Lindblad], Any], ...] = (
    lambda battery: battery.coefficients,
    lambda battery: battery.rates,
    lambda battery: battery.strengths,
    lambda battery: battery.skew.signals,
    lambda battery: battery.cell_levels,
    lambda battery: battery.cell_parts,
)
"""The numbers and signals that a battery keeps when its levels change."""


class Built(Composed):
    """A battery of your own at any number of levels.

    With more levels (`refined()`) it keeps the numbers that it has now, whoever changed, traced or
    swept them: coefficients, rates and strengths. Those that `build` gives otherwise for more
    levels move by the difference. A start of its own is padded with empty levels, and the levels of
    a cell that grows keep the factor by which they were changed.

    If the operators are products of well-known ones, `qb.algebra.symbols` need no function.

    Args:
        build: function of the levels, an int or a tuple as given here, that returns a `Lindblad`.
            Keep the function itself: what was compiled for it serves the next battery, too.
        levels: of the factor that was cut, or a tuple of those that were.

    Raises:
        TypeError, ValueError: for no function, levels that are none, or a function that returns
            something else; by `refined()`, if a number that depends on the levels was changed.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> def kerr(levels):
        ...     a = qb.algebra.operators.destroy(levels)
        ...     return qb.batteries.Lindblad(
        ...         [(0.1, a.T @ a.T @ a @ a)], [(0.05, a)], dims=(levels,), cell=0,
        ...         cell_hamiltonian=np.arange(float(levels)), controls=[a + a.T],
        ...     )
        >>> qb.batteries.Built(kerr, 8).refined().levels
        12
    """

    lindblad: Lindblad
    build: Callable[[Any], Lindblad] = eqx.field(static=True)
    levels: int | tuple[int, ...] = eqx.field(static=True)

    def __init__(self, build: Callable[[Any], Lindblad] | Any, levels: Any):
        _checks.function("build", build, "build(levels)")
        sizes = _checks.dimensions("levels", levels)
        self.build = build
        self.levels = sizes[0] if _checks.axes(levels) == 0 else sizes
        self.lindblad = build(self.levels)
        expected = "a function that returns a qb.batteries.Lindblad"
        _checks.instance("build", self.lindblad, Lindblad, expected)

    def recommended_levels(self, protocol):
        """Half more levels, of ladders that nothing is known of."""
        model = self.lindblad.model
        return {f"factor {k}": ("levels", growth.more(model.dims[k])) for k in model.watched}

    def refined(self) -> "Built":
        """The battery with half more levels."""
        larger, now, here = Built(self.build, self._more), self.build(self.levels), self.lindblad
        found = larger
        for field in NUMBERS:
            trees = [field(each) for each in (here, now, larger.lindblad)]
            if len({jax.tree.structure(tree) for tree in trees}) > 1:
                raise ValueError(
                    "Argument `build` must give numbers and signals of the battery's kind at any "
                    "levels, but gives others: build the battery anew."
                )
            if jax.tree.leaves(trees[0]):
                carried = jax.tree.map(_carried, *trees)
                found = eqx.tree_at(partial(_of, field), found, carried)
        start = _start(here, now, larger.lindblad)
        return eqx.tree_at(lambda b: b.lindblad.given, found, start, is_leaf=_is_start)

    @property
    def _more(self) -> int | tuple[int, ...]:
        if isinstance(self.levels, int):
            return growth.more(self.levels)
        return tuple(map(growth.more, self.levels))


def _of(field: Callable[[Lindblad], Any], battery: "Built") -> Any:
    return field(battery.lindblad)


def _carried(present: Any, now: Any, new: Any) -> Any:
    """A number of the present battery at more levels; of a cell that grows, its levels."""
    if np.shape(now) != np.shape(new):
        (share,) = growth.numbers_of("cell_hamiltonian", present, [now])
        return share * new
    known = _checks.is_concrete((present, now, new))
    present, now, new = (
        _checks.on_host(x) if known else jnp.asarray(x) for x in (present, now, new)
    )
    sure, found = ((present == now) | (now == new)).all(), present + (new - now)
    if not known:
        return jnp.where(sure, found, jnp.nan)
    if not sure:
        raise ValueError(
            "Argument `build` must give numbers that depend on no levels where they were changed, "
            f"but {_checks.show(present)} is {_checks.show(now)} as built, and "
            f"{_checks.show(new)} with more levels."
        )
    return _checks.settled(found)


def _start(here: Lindblad, now: Lindblad, larger: Lindblad) -> starts.Start:
    """The start that was built, or the one that took its place, padded."""
    if isinstance(now.given, starts.ConstantStart) and here.given == now.given:
        return larger.given
    wide = growth.padded(here.given, here.model.dims, larger.model.dims)
    return starts.given(wide, larger.model.dimension)


def _is_start(node: Any) -> bool:
    return node is None or isinstance(node, starts.ConstantStart)
