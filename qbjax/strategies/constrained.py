r"""The largest value of a smooth function of a few numbers under inequalities.

$$\max_x F(x) \quad\text{with}\quad c_i(x) \ge 0, \quad l \le x \le h$$

by sequential quadratic programming (SciPy's SLSQP) from several starts, with exact gradients. At
an optimum there are prices $\lambda \ge 0$ with

$$\nabla F + \sum_i\lambda_i\nabla c_i + \text{(bounds)} = 0, \qquad \lambda_ic_i = 0:$$

they are found afterwards, by non-negative least squares over what is active, so that the residual
judges the answer and not the algorithm's own account. $\lambda_i$ is what a unit of slack in $c_i$
would add to F.

References: D. Kraft, DFVLR-FB 88-28 (1988); J. Nocedal and S. J. Wright, "Numerical Optimization",
2nd ed., Theorem 12.1 and Ch. 18.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.ndimage import maximum_filter
from scipy.optimize import minimize, nnls

ACTIVE = 1e-7
"""Slack below which a constraint may have a price."""


class Constrained(NamedTuple):
    """The best point that `maximize_under` found, with the prices of its constraints.

    Attributes:
        x: where, (n,).
        value: F there.
        prices: λ of every constraint, (m,).
        violation: how far the worst constraint is below 0.
        residual: largest element of what the prices leave of the gradient.
    """

    x: Float[np.ndarray, " n"]
    value: float
    prices: Float[np.ndarray, " m"]
    violation: float
    residual: float


def maximize_under(
    objective: Callable[[Array, Any], Array],
    constraints: Callable[[Array, Any], Array],
    starts: Any,
    low: Any,
    high: Any,
    data: Any = None,
) -> Constrained:
    """Finds the largest value under constraints among the optima that the starts lead to.

    Args:
        objective: F of x (n,) and `data`, a number; a function that lives on, for it is compiled.
        constraints: c of the same, (m,).
        starts: first guesses, (k, n).
        low, high: bounds (n,).
        data: a pytree of what else they need; other numbers compile nothing anew.

    Returns:
        the largest value that violates nothing by more than 1e-9, or the one that violates least.

    Example:
        >>> def area(x, data):
        ...     return x[0] * x[1]
        >>> def rest(x, data):
        ...     return (data - x[0] - x[1])[None]
        >>> found = maximize_under(area, rest, [[0.1, 0.5]], [0, 0], [5, 5], 2.0)
        >>> found.x.round(6).tolist(), found.prices.round(6).tolist()
        ([1.0, 1.0], [1.0])
    """
    low, high = np.asarray(low, float), np.asarray(high, float)
    look = partial(_evaluated, objective, constraints, data)
    found = [_certified(look, _descend(look, np.asarray(s, float), low, high), low, high)
             for s in starts]  # fmt: skip
    return max(found, key=lambda best: (-max(best.violation, 1e-9), best.value))


def lattice_starts(values: Any, *axes: Any, most: int = 3) -> Float[np.ndarray, "k n"]:
    """The highest local maxima of a function known on a lattice, the highest first.

    Values have one axis per coordinate, and are −∞ where it may not be.

    Example:
        >>> lattice_starts([[0.0, 3.0, 1.0, 2.0]], [7.0], [0.0, 1.0, 2.0, 3.0]).tolist()
        [[7.0, 1.0], [7.0, 3.0]]
    """
    values = np.asarray(values, float)
    peaks = np.argwhere((values == maximum_filter(values, 3)) & np.isfinite(values))
    order = np.argsort([-values[tuple(peak)] for peak in peaks], kind="stable")[:most]
    return np.array([[axis[i] for axis, i in zip(axes, peaks[k])] for k in order], float)


@partial(jax.jit, static_argnums=(0, 1))
def _compiled(objective, constraints, data, x):
    value, slope = jax.value_and_grad(objective)(x, data)
    return value, slope, constraints(x, data), jax.jacfwd(constraints)(x, data)


def _evaluated(objective, constraints, data, x):
    return tuple(np.asarray(a) for a in _compiled(objective, constraints, data, jnp.asarray(x)))


def _descend(look, start, low, high):
    result = minimize(
        lambda x: -float(look(x)[0]),
        start,
        jac=lambda x: -look(x)[1],
        bounds=list(zip(low, high)),
        constraints={"type": "ineq", "fun": lambda x: look(x)[2], "jac": lambda x: look(x)[3]},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 200},
    )
    x = np.clip(result.x, low, high)
    # a step too long may end on a worse hill than it started from
    return min((start, x), key=lambda x: (max(1e-9, -look(x)[2].min(initial=0.0)), -look(x)[0]))


def _certified(look, x, low, high) -> Constrained:
    value, slope, slack, slopes = look(x)
    active = np.flatnonzero(slack < ACTIVE)
    walls = np.concatenate([np.eye(x.size)[x - low < ACTIVE], -np.eye(x.size)[high - x < ACTIVE]])
    pushes = np.concatenate([slopes[active], walls])
    prices = np.zeros(slack.size)
    left = slope
    if len(pushes):
        found, _ = nnls(pushes.T, -slope)
        prices[active], left = found[: active.size], slope + pushes.T @ found
    violation = max(0.0, float(-slack.min(initial=0.0)))
    return Constrained(x, float(value), prices, violation, float(np.abs(left).max()))
