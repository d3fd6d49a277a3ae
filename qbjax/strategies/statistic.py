r"""The statistic of an objective over many batteries, and the smooth function that is climbed.

Each statistic is the least weighted mean of the members' values $f_i$,

$$S(f) = \min_{w\in W}\sum_iw_if_i, \qquad
  W = \Big\{0 \le w_i \le c,\ \sum_iw_i = 1\Big\},$$

with c = 1/m of the mean, 1 of the worst of m, and 1/(qm) of the mean of the worst share q (the
conditional value at risk). Where the order of the values changes S has a kink, so that a search
climbs a smooth function in its place, which touches it where the weights v are the right ones,

$$S_\mu(f; v) = \min_{w\in W}\sum_iw_if_i + \tfrac1{2\mu}|w - v|^2 \ge S(f);$$

after a round the weights w of its minimum become v. That is the augmented Lagrangian of the problem
"most s with $f_i \ge s$", or its counterpart for a share.

Reference: R. T. Rockafellar and S. Uryasev, J. Risk 2, 21 (2000), Theorem 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax._bisection import bisected
from qbjax.dynamics.record import witness
from qbjax.dynamics.where import platform_of
from qbjax.strategies.ensemble import Ensemble


class HeldOut(NamedTuple):
    """The judgement of a protocol by members that the search has not seen.

    Attributes:
        values: objective of each.
        value: their statistic.
        interval: of 95 % for it, by 2000 resamplings (bootstrap).
    """

    values: Float[np.ndarray, " n"]
    value: float
    interval: tuple[float, float]


class Weighed(eqx.Module):
    """An ensemble in the place of a battery, with the numbers of the smooth statistic.

    Attributes:
        ensemble: the members.
        nominal: the battery that constraints see.
        weights: v.
        sharpness: μ.
        parallel: whether all members are computed at once, as it suits an accelerator.
    """

    ensemble: Ensemble
    nominal: Any
    weights: Float[Array, " m"]
    sharpness: Float[Array, ""]
    parallel: bool = eqx.field(static=True)


def weighed(ensemble: Ensemble, nominal: Any, sharpness: float) -> Weighed:
    """Weighs all members alike."""
    alike = jnp.full(ensemble.count, 1 / ensemble.count)
    parallel = platform_of(ensemble.stacked) != "cpu"
    return Weighed(ensemble, nominal, alike, jnp.asarray(sharpness, float), parallel)


@dataclass(frozen=True)
class Statistic:
    """The smooth statistic of an objective over an ensemble."""

    objective: Callable

    def __call__(self, protocol: Any, members: Weighed) -> Float[Array, ""]:
        return smooth(self.values(protocol, members), members)

    def values(self, protocol: Any, members: Weighed) -> Float[Array, " m"]:
        """Objective of every member; their runs are told as if they were one."""

        def one(arrays):
            with witness.listening() as heard:
                value = self.objective(protocol, members.ensemble.member(arrays))
            return value, heard.verdict

        over = jax.vmap(one) if members.parallel else lambda x: lax.map(one, x)
        values, verdicts = over(members.ensemble.stacked)
        if verdicts is not None:
            witness.tell(witness.together(verdicts), dict)
        return values


def smooth(values: Float[Array, " m"], members: Weighed) -> Float[Array, ""]:
    r"""The smooth statistic $S_\mu(f; v)$, whose slopes by the values are its weights."""
    weights = lax.stop_gradient(_weights(values, members))
    apart = jnp.sum((weights - members.weights) ** 2) / (2 * members.sharpness)
    return weights @ values + apart


def _weights(values: Float[Array, " m"], members: Weighed) -> Float[Array, " m"]:
    r"""The weights of the smooth statistic: $w_i = v_i - \mu(f_i - \nu)$ between 0 and c."""
    most, pull = members.ensemble.most, members.weights / members.sharpness

    def filled(level):
        return jnp.clip(members.sharpness * (level - values + pull), 0.0, most)

    low, high = jnp.min(values - pull), jnp.max(values) + 1 / members.sharpness
    level = bisected(lambda nu: jnp.sum(filled(nu)) < 1, low, high, 100)
    found = filled(level)
    return found / jnp.sum(found)


_weights_now = eqx.filter_jit(_weights)


def again(members: Weighed, values: Float[np.ndarray, " m"], sharpness: float) -> Weighed:
    """The members with the weights of the last minimum, and another sharpness."""
    weights = _weights_now(jnp.asarray(values), members)
    return Weighed(
        members.ensemble, members.nominal, weights, jnp.asarray(sharpness, float), members.parallel
    )


def unfit(values: Any) -> str:
    """Names the members whose values are not finite, as the end of a message."""
    sick = np.flatnonzero(~np.isfinite(np.asarray([] if values is None else values)))
    return f" (Of the ensemble, member {sick[0]} is not.)" if sick.size else ""


def nominal_of(battery: Any) -> Any:
    """The battery that a constraint sees."""
    return battery.nominal if isinstance(battery, Weighed) else battery


def least(values: Float[np.ndarray, " m"], most: float) -> float:
    """The statistic S of some values, c the most that one weighs."""
    order = np.sort(values)
    weights = np.clip(1 - most * np.arange(order.size), 0.0, most)
    return float(weights @ order / weights.sum())


def judged(objective: Callable, protocol: Any, ensemble: Ensemble) -> HeldOut | None:
    """Judges a protocol by as many members as it was found with; None without a sampler."""
    if ensemble.sampler is None:
        return None
    others = ensemble.drawn(ensemble.count)
    values = np.asarray(values_of(objective, protocol, others))
    draw = np.random.default_rng(0).integers(values.size, size=(2000, values.size))
    spread = np.quantile([least(values[each], others.most) for each in draw], [0.025, 0.975])
    return HeldOut(values, least(values, others.most), (float(spread[0]), float(spread[1])))


def values_of(objective: Callable, protocol: Any, ensemble: Ensemble) -> Float[Array, " m"]:
    """Objective of every member."""
    return Statistic(objective).values(protocol, weighed(ensemble, None, 1.0))
