"""Random problems under constraints: no violation above 1e-8, and SciPy finds no better value."""

import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import minimize

import qbjax as qb

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion


def height(p):
    """A quadratic form and a wave; all numbers but x are fixed, so that one program serves all."""
    return p["b"] @ p["x"] - p["x"] @ p["Q"] @ p["x"] / 2 + p["wave"] * jnp.sin(3 * p["x"][0])


def distance(p):
    return jnp.sum((p["x"] - p["m"]) ** 2)


def along(p):
    return p["a"] @ p["x"]


def drawn(seed, wave):
    """A problem with a feasible point z that no constraint touches, if not by chance."""
    rng = np.random.default_rng(seed)
    A, (b, m, a, z) = rng.normal(size=(3, 3)), rng.normal(size=(4, 3))
    numbers = {"Q": A @ A.T + 0.3 * np.eye(3), "b": 2 * b, "m": m, "a": a, "wave": wave}
    limits = (float(np.sum((z - m) ** 2) * (1 + rng.random())), float(a @ z))
    return {k: jnp.asarray(x, float) for k, x in numbers.items()}, limits, rng.normal(size=3)


def by_scipy(numbers, limits, x):
    """SLSQP with derivatives by hand; its value, or None where it failed."""
    Q, b, m, a, wave = (np.asarray(numbers[k]) for k in ("Q", "b", "m", "a", "wave"))

    def loss(x):
        slope = Q @ x - b
        slope[0] -= 3 * wave * np.cos(3 * x[0])
        return x @ Q @ x / 2 - b @ x - wave * np.sin(3 * x[0]), slope

    rules = [
        {"type": "ineq", "fun": lambda x: limits[0] - np.sum((x - m) ** 2),
         "jac": lambda x: -2 * (x - m)},
        {"type": "eq", "fun": lambda x: a @ x - limits[1], "jac": lambda x: a},
    ]  # fmt: skip
    found = minimize(loss, x, jac=True, method="SLSQP", constraints=rules,
                     options={"ftol": 1e-15, "maxiter": 500})  # fmt: skip
    return -found.fun if found.success else None


SEEDS, WAVES = st.integers(0, 10**6), st.sampled_from([0.0, 0.0, 1.0])


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, wave=WAVES)
def test_a_few_random_problems(seed, wave):
    check(seed, wave)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, wave=WAVES)
def test_many_random_problems(seed, wave):
    check(seed, wave)


def check(seed, wave):
    numbers, limits, x = drawn(seed, wave)
    rules = [qb.at_most(distance, limits[0]), qb.equal(along, limits[1])]
    best = qb.maximize(height, numbers | {"x": qb.free(jnp.asarray(x))}, constraints=rules)
    for held in best.constraints:
        assert held.violation <= 1e-8
        assert held.violation <= 1e-9 * abs(held.limit)
    reached = by_scipy(numbers, limits, np.asarray(best.protocol["x"]))  # from our answer
    if reached is not None:
        assert reached - float(best.value) <= 1e-7 * max(1.0, abs(reached))
    if wave == 0 and (found := by_scipy(numbers, limits, x)) is not None:  # one maximum
        assert float(best.value) == pytest.approx(found, rel=1e-6, abs=1e-6)
