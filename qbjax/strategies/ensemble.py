"""Many batteries at once, and what counts of them: the mean, the worst, or a share of the worst.

How the statistics are computed and climbed is told in `strategies.statistic`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from qbjax import _checks
from qbjax.interface.battery import Battery, refined

STATISTICS = ("mean", "worst")


class Ensemble(eqx.Module):
    """Members of one structure, and the statistic of their values; made by `ensemble`.

    Attributes:
        stacked: the members' arrays along a first axis.
        fixed: what they have in common.
        statistic: "mean", "worst", or the share q.
        sampler: what drew them, and draws others to be judged by; None if they were given.
        key: for these others.
    """

    stacked: Any
    fixed: Any
    count: int = eqx.field(static=True)
    statistic: str | float = eqx.field(static=True)
    sampler: Any = eqx.field(static=True)
    key: Any

    @property
    def most(self) -> float:
        """The most that one member may weigh, c."""
        if isinstance(self.statistic, float):
            return min(1.0, 1 / (self.statistic * self.count))
        return 1.0 if self.statistic == "worst" else 1 / self.count

    @property
    def is_kinked(self) -> bool:
        """Whether the statistic is more than a mean."""
        return self.most > 1 / self.count

    def member(self, arrays: Any) -> Any:
        """The member that some arrays, of its own, are the numbers of."""
        return eqx.combine(arrays, self.fixed)

    def members(self) -> list:
        """Lists all members."""
        leaves, tree = jax.tree.flatten(self.stacked)
        each = [jax.tree.unflatten(tree, [x[i] for x in leaves]) for i in range(self.count)]
        return [self.member(arrays) for arrays in each]

    def drawn(self, count: int) -> "Ensemble":
        """Others from the same sampler."""
        keys = jax.random.split(jax.random.fold_in(self.key, 1), count)
        return _stacked([self.sampler(key) for key in keys], self.statistic)

    def refined(self) -> "Ensemble":
        """The members approximated better: every battery in them."""

        finer = [_better(member) for member in self.members()]
        sampler = None if self.sampler is None else _Better(self.sampler)
        return _stacked(finer, self.statistic, sampler, self.key)


def _better(member: Any) -> Any:
    return jax.tree.map(refined, member, is_leaf=lambda x: isinstance(x, Battery))


@dataclass(frozen=True)
class _Better:
    """A sampler of members that are approximated better."""

    sampler: Callable

    def __call__(self, key: Array) -> Any:
        return _better(self.sampler(key))


def ensemble(
    batteries: Sequence[Any] | Callable | Any,
    statistic: Any = "mean",
    *,
    count: int | Any = 16,
    key: Array | Any | None = None,
) -> Ensemble:
    """Makes an ensemble for `qb.maximize(..., ensemble=)`: the protocol that withstands most.

    Args:
        batteries: a list of batteries of one structure (what the objective gets as its second
            argument: pairs of a battery and a distortion do as well), or a sampler that maps a
            random key to one. What a sampler drew is judged by as many others that it draws.
        statistic: "mean", "worst", or ("cvar", q): the mean of the worst share q of the members.
        count: how many a sampler draws.
        key: for a sampler; `jax.random.key(0)` by default.

    Raises:
        TypeError: for no list and no sampler. ValueError: for an empty list, members of different
            structure, another statistic, a share out of (0, 1].

    Example:
        >>> import qbjax as qb
        >>> worst = qb.ensemble([qb.batteries.BlochCharger(j) for j in (0.9, 1.1)], "worst")
        >>> worst.count
        2
    """
    statistic = _checked(statistic)
    if callable(batteries):
        count = _checks.integer("count", count, low=1)
        if key is not None:
            _checks.key("key", key)
        key = jax.random.key(0) if key is None else key
        members = [batteries(k) for k in jax.random.split(jax.random.fold_in(key, 0), count)]
        return _stacked(members, statistic, batteries, key)
    if not isinstance(batteries, list | tuple):
        raise TypeError(
            "Argument `batteries` must be a list of batteries or a function of a random key, but "
            f"is {_checks.show(batteries)}."
        )
    if not batteries:
        raise ValueError("Argument `batteries` must hold at least one member, but is empty.")
    return _stacked(list(batteries), statistic)


def _checked(statistic: Any) -> str | float:
    """The name of a statistic, or its share."""
    if isinstance(statistic, tuple | list) and len(statistic) == 2 and statistic[0] == "cvar":
        return _checks.plain("statistic", statistic[1], low=0.0, high=1.0, open_low=True)
    if not isinstance(statistic, str) or statistic not in STATISTICS:
        raise ValueError(
            "Argument `statistic` must be 'mean', 'worst' or ('cvar', share), but is "
            f"{_checks.show(statistic)}."
        )
    return statistic


def _stacked(members: list, statistic: Any, sampler: Any = None, key: Any = None) -> Ensemble:
    parts = [eqx.partition(member, eqx.is_array) for member in members]
    arrays, fixed = parts[0]
    for i, (others, rest) in enumerate(parts):
        same = eqx.tree_equal(jax.tree.map(jnp.shape, arrays), jax.tree.map(jnp.shape, others))
        if not same or not eqx.tree_equal(fixed, rest):
            raise ValueError(
                "Argument `batteries` must hold members of one structure, which differ in numbers "
                f"alone, but number {i} differs from number 0 in its structure."
            )
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *[part[0] for part in parts])
    return Ensemble(stacked, fixed, len(members), statistic, sampler, key)
