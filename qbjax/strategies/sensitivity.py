r"""The sensitivity of an optimum: how much its value owes to every number of battery and protocol.

At an optimum the free numbers have no slope but at their bounds, so that the derivative of the best
value by any other number p is the partial one (the envelope theorem),

$$\frac{dF^*}{dp} = \frac{\partial F}{\partial p}
  + \sum_i\lambda_i\frac{\partial c_i}{\partial p},$$

with the prices λ of the constraints. Relative to the numbers, $(p/F)\,dF^*/dp$, they compare.
Errors of the free numbers cost nothing in first order; the second is the curvature $\partial^2F$,
whose eigenvectors tell which errors together are cheap and which are not.

Reference: J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd ed., Sec. 12.8.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax.strategies.constraints import Constraint
from qbjax.strategies.search import Problem, called
from qbjax.strategies.statistic import nominal_of

INNER = ("battery.weights", "battery.sharpness")
"""Numbers of an ensemble that are the search's own."""

STEP = 1e-4
"""Step of the differences of slopes, in the coordinates of the search."""


class Sensitivity(NamedTuple):
    """The share of one number in the value of an optimum.

    Attributes:
        name: of the number, such as "battery.coupling" or "protocol.amplitudes[3]".
        number: p.
        derivative: dF*/dp.
        relative: (p/F) dF*/dp, NaN where F is 0.
    """

    name: str
    number: float
    derivative: float
    relative: float


class Curvature(NamedTuple):
    r"""The second derivatives of the value by the free numbers' coordinates.

    Attributes:
        eigenvalues: ascending: the first is the dearest error, 0 costs nothing.
        directions: unit vectors as columns, of the coordinates of `protocols.free`.
    """

    eigenvalues: Float[np.ndarray, " n"]
    directions: Float[np.ndarray, "n n"]


class Asked(NamedTuple):
    """The question that an optimum answers.

    Attributes:
        problem: objective and protocol with its free numbers.
        battery: as the objective sees it.
        constraints: of the search.
        prices: their multipliers.
        us: coordinates of the answer.
    """

    problem: Problem
    battery: Any
    constraints: tuple[Constraint, ...]
    prices: tuple[float, ...]
    us: list


def sensitivities(asked: Asked) -> tuple[Sensitivity, ...]:
    """Sensitivities to all real numbers of battery and protocol, the largest relative one first."""
    seen = asked.problem.protocol(asked.us), asked.battery
    value, slopes = _slopes(asked.problem, asked.constraints, asked.prices, seen)
    found = []
    for (name, number), slope in zip(_named(seen), jax.tree.leaves(slopes), strict=True):
        if name.startswith(INNER):
            continue
        for index, x in np.ndenumerate(np.asarray(number)):
            place = "".join(f"[{i}]" for i in index)
            derivative = float(np.asarray(slope)[index])
            relative = x * derivative / float(value) if float(value) else np.nan
            found.append(Sensitivity(name + place, float(x), derivative, float(relative)))
    return tuple(sorted(found, key=lambda each: -abs(np.nan_to_num(each.relative))))


def curvature(asked: Asked) -> Curvature:
    """Eigenvalues and directions of the second derivatives, from differences of slopes."""
    flat, unravel = jax.flatten_util.ravel_pytree(asked.us)

    def at(x):
        here = unravel(jnp.asarray(x))
        found = _coordinate_slopes(
            asked.problem, asked.constraints, asked.prices, asked.battery, here
        )
        return np.asarray(jax.flatten_util.ravel_pytree(found)[0])

    rows = [(at(flat + STEP * e) - at(flat - STEP * e)) / (2 * STEP) for e in np.eye(flat.size)]
    eigenvalues, directions = np.linalg.eigh((np.array(rows) + np.array(rows).T) / 2)
    return Curvature(eigenvalues, directions)


@eqx.filter_jit
def _coordinate_slopes(problem: Problem, constraints, prices, battery, us: list) -> list:
    def value(us):
        return _lagrangian(problem.objective, constraints, prices, problem.protocol(us), battery)

    return jax.grad(value)(us) if problem.mode == "reverse" else jax.jacfwd(value)(us)


@eqx.filter_jit
def _slopes(problem: Problem, constraints, prices, seen: tuple[Any, Any]):
    moving, fixed = eqx.partition(seen, _moves)

    def value(moving):
        protocol, battery = eqx.combine(moving, fixed)
        here = called(problem.objective, protocol, battery)
        return _lagrangian(problem.objective, constraints, prices, protocol, battery), here

    slopes = jax.grad if problem.mode == "reverse" else jax.jacfwd
    found, here = slopes(value, has_aux=True)(moving)
    return here, found


def _lagrangian(objective, constraints, prices, protocol, battery) -> Float[Array, ""]:
    total = called(objective, protocol, battery)
    for each, price in zip(constraints, prices, strict=True):
        total += price * each.slack(called(each.function, protocol, nominal_of(battery)))
    return total


def _moves(leaf: Any) -> bool:
    """Whether a leaf is real numbers that a derivative may be taken by."""
    return eqx.is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.floating)


def _named(seen: tuple[Any, Any]) -> list[tuple[str, Array]]:
    """Real leaves with their names."""
    found = []
    for part, tree in zip(("protocol", "battery"), seen, strict=True):
        moving = eqx.filter(tree, _moves)
        for path, leaf in jax.tree_util.tree_leaves_with_path(moving):
            found.append((part + jax.tree_util.keystr(path), leaf))
    return found
