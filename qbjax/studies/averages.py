r"""Averages over numbers that fluctuate from run to run: `average`, and the distributions it takes.

$$\bar f = \int f(x)\,p(x)\,dx \approx \sum_k w_k f(x_k)$$

Nodes and weights of Gauss: exact for polynomials up to degree 2n − 1, and the nodes move with the
distribution's own numbers, so that an average can be differentiated by those, too.

What is averaged decides what is known: the mean of the ergotropies is for who sees each run's
number before the work is taken out; the ergotropy of the mean state, never more, for who does not.
"""

import warnings
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, PyTree

from qbjax import _checks
from qbjax._types import ScalarLike, TensorLike
from qbjax.dynamics.record import doubt, witness
from qbjax.dynamics.record.trajectory import BreakdownWarning, TraceWarning, warn_of_truncation

SLACK = 1e-9
"""Rounding by which weights may miss 1."""


class Distribution(eqx.Module):
    """A number that fluctuates: values that it takes, and how often.

    Args:
        values: shape (n,).
        weights: shape (n,), of sum 1.

    Raises:
        ValueError, TypeError: for other shapes or sums.

    Example:
        >>> Distribution([-1.0, 1.0], [0.25, 0.75]).weights.tolist()
        [0.25, 0.75]
    """

    values: Float[Array, " n"]
    weights: Float[Array, " n"]

    def __init__(self, values: TensorLike, weights: TensorLike):
        self.values = _checks.array("values", values, shape=("n",))
        self.weights = _checks.array("weights", weights, shape=(self.values.size,))
        if _checks.is_concrete(self.weights):
            total = float(np.sum(np.asarray(self.weights)))
            if abs(total - 1) > SLACK:
                raise ValueError(f"Argument `weights` must add up to 1, but add up to {total:g}.")


def normal(mean: ScalarLike, deviation: ScalarLike, points: int | Any = 7) -> Distribution:
    r"""A normal distribution, by Gauss–Hermite nodes $\mu + \sigma x_k$.

    Args:
        mean: μ.
        deviation: σ ≥ 0.
        points: n.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> round(float(average(lambda x: x**4, normal(0.0, 0.5))), 6)  # 3σ⁴
        0.1875
    """
    mean = _checks.scalar("mean", mean)
    deviation = _checks.scalar("deviation", deviation, low=0)
    x, w = np.polynomial.hermite_e.hermegauss(_checks.integer("points", points, low=1))
    return Distribution(mean + deviation * x, w / np.sum(w))


def uniform(low: ScalarLike, high: ScalarLike, points: int | Any = 7) -> Distribution:
    """A uniform distribution, by Gauss–Legendre nodes.

    Args:
        low, high: its ends.
        points: n.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> round(float(average(jnp.cos, uniform(0.0, jnp.pi / 2))), 6)  # 2/π
        0.63662
    """
    low, high = _checks.scalar("low", low), _checks.scalar("high", high)
    x, w = np.polynomial.legendre.leggauss(_checks.integer("points", points, low=1))
    return Distribution((low + high) / 2 + (high - low) / 2 * x, w / 2)


def average(function: Callable | Any, *distributions: Distribution | Any) -> PyTree[Array]:
    """The mean of a function of numbers that fluctuate independently.

    One program, point after point, to be differentiated, jitted, swept and maximised; outside of a
    `jit` of yours it is compiled at every call. The runs that the function makes are judged as
    those of a plain call: the worst is warned of, and heard by `qb.maximize` and `qb.sweep`.

    Args:
        function: takes one number per distribution, gives a pytree of real or complex arrays: an
            ergotropy, or a density matrix.
        distributions: `normal(...)`, `uniform(...)`, `Distribution(values, weights)`.

    Returns:
        the mean, a pytree like the function's.

    Raises:
        TypeError: for what is no function, no distribution, or no number.
        ValueError: without distributions.

    Warns:
        TruncationWarning, BreakdownWarning, TraceWarning: if a run is not to be believed.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.DOPO(signal_levels=12, pump_levels=4)
        >>> def work(F):
        ...     return qb.charge(battery, qb.protocols.Constant(F), [0.0, 2.0]).ergotropy[-1]
        >>> bool(average(work, normal(1.0, 0.2, points=3)) > work(1.0))
        True
    """
    _checks.function("function", function, "function(number, ...)")
    if not distributions:
        raise ValueError("Argument `distributions` must hold at least one, but is empty.")
    for each in distributions:
        _checks.instance("distributions", each, Distribution, "distributions such as normal(3, 1)")
    points, weights = _product(distributions)
    levels: dict[str, tuple[str, int]] = {}

    def one(point):
        with witness.listening() as heard:
            answer = jax.tree.map(_number, function(*point))
        levels.update(heard.levels)
        return answer, heard.verdict

    found, verdicts = lax.map(one, points)
    if verdicts is not None:
        _judge(verdicts, levels)
    return jax.tree.map(lambda x: jnp.tensordot(weights.astype(x.dtype), x, 1), found)


def _judge(verdicts: witness.Verdict, levels: dict[str, tuple[str, int]]) -> None:
    """Tells of the worst run, and warns of it where it is known."""
    bad, worst = verdicts.status != doubt.OK, witness.together(verdicts)
    witness.tell(worst, lambda: levels)
    if not _checks.is_concrete(worst[:3]) or not (status := int(worst.status)):
        return
    if status == doubt.TRUNCATED:
        warn_of_truncation(np.asarray(worst.truncation), worst.modes, lambda: levels, stacklevel=4)
    else:
        kind = TraceWarning if status == doubt.TRACE_LOST else BreakdownWarning
        count = f"{int(jnp.sum(bad))} of {bad.size}"
        said = f"Of the runs of the average {count} are bad: {doubt.STATUS_NAMES[status]}."
        warnings.warn(said, kind, stacklevel=3)


def _product(distributions) -> tuple[list[Float[Array, " N"]], Float[Array, " N"]]:
    """Columns of all combinations of values, and their weights."""
    grids = jnp.meshgrid(*[each.values for each in distributions], indexing="ij")
    weights = jnp.ones(1)
    for each in distributions:
        weights = (weights[:, None] * each.weights[None, :]).ravel()
    return [grid.ravel() for grid in grids], weights


def _number(leaf: Any) -> Array:
    array = jnp.asarray(leaf)
    if not jnp.issubdtype(array.dtype, jnp.inexact):
        raise TypeError(
            "Argument `function` must return real or complex numbers, but returns "
            f"{array.dtype} too."
        )
    return array
