"""The hand-written reverse mode against JAX's own, on a system whose answer is cheap."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbjax.dynamics.solve import backward
from qbjax.dynamics.solve.integrate import Solver, integrate
from tests.helpers import tree_allclose

START = {"x": jnp.array([1.0, 0.3]), "v": jnp.array(0.2)}
NUMBERS = {"rate": jnp.array(0.7), "drive": jnp.array([1.0, -0.5, 2.0]), "width": jnp.array(0.9)}


def observed(numbers, start, edges, times, adjoint, solver=None, free_times="none"):
    """A driven nonlinear oscillator with jumps at the edges, read by a nonlinear `save`."""

    def field(t, y):
        force = jnp.where(t < edges[0], numbers["drive"][0], numbers["drive"][1])
        force = jnp.where(t < edges[1], force, numbers["drive"][2])
        x, v = y["x"], y["v"]
        turned = jnp.stack([x[1] * v, -jnp.sin(x[0])])
        return {"x": turned - numbers["rate"] * x, "v": force + jnp.cos(t) - x[0] * v}

    def save(t, y):
        return {"a": numbers["width"] * y["x"][0] * t, "b": (y["x"][1] ** 2, jnp.exp(y["v"] / 4))}

    run = integrate(
        field, start, times, signals=(), save=save, edges=edges, solver=solver or Solver(),
        adjoint=adjoint, free_times=free_times,
    )  # fmt: skip
    return run.saved, run.final


def scalar(tree):
    """A number that feels every leaf, each of them differently."""
    leaves = jax.tree.leaves(tree)
    return sum(jnp.sum(jnp.sin(x + i) * jnp.arange(1.0, x.size + 1).reshape(x.shape))
               for i, x in enumerate(leaves))  # fmt: skip


@pytest.fixture(scope="module")
def gradients():
    def build(adjoint, solver=None, free_times="none"):
        def value(numbers, start, edges, times):
            return scalar(observed(numbers, start, edges, times, adjoint, solver, free_times))

        return jax.jit(jax.value_and_grad(value, argnums=(0, 1, 2, 3)))

    tight = Solver(rtol=1e-10, atol=1e-12)
    return build("reverse", tight, "all"), build("direct", tight, "all")


TIMES = jnp.array([0.0, 0.4, 1.0, 1.7, 2.5])


def both(gradients, edges, times=TIMES, start=START):
    (a, da), (b, db) = (g(NUMBERS, start, jnp.asarray(edges), times) for g in gradients)
    return a, da, b, db


def same_gradients(ours, jaxs):
    """All but those by the edges, which the caller gets back.

    JAX differentiates the step that ends on an edge by its length, which is right to the step's
    error only: 1e-5 at the edges of `test_agrees_with_jax`, 5e-4 at some others. Ours are held to
    differences below.
    """
    *others, by_edges, by_times = zip(ours, jaxs, strict=True)
    for a, b in (*others, by_times):
        assert tree_allclose(a, b, rtol=1e-7)
    return by_edges


@pytest.mark.slow  # the differences below compile one of the two
@pytest.mark.parametrize(
    "edges",
    [
        (0.6, 1.3),
        (1.0, 1.7),  # on saved times
        (2.5 * 5 / backward.MARKS, 2.0),  # on a kept state
        (-1.0, 3.0),  # outside
        (0.6, 2.5),  # at the very end
    ],
)
def test_agrees_with_jax(gradients, edges):
    """Numbers, initial state, times and edges, wherever the edges lie."""
    a, da, b, db = both(gradients, edges)
    assert tree_allclose(a, b, rtol=1e-9)
    assert tree_allclose(*same_gradients(da, db), rtol=1e-5)


@pytest.mark.slow
@settings(deadline=None, max_examples=10)
@given(st.floats(0.1, 1.1), st.floats(1.2, 2.4), st.floats(-1.0, 1.0))
def test_agrees_with_jax_at_random(gradients, first, second, x):
    start = {"x": jnp.array([x, 0.5]), "v": jnp.array(-x)}
    _, da, _, db = both(gradients, (first, second), start=start)
    same_gradients(da, db)


OTHERS = [pytest.param(e, marks=pytest.mark.slow) for e in ((0.2516, 2.0), (0.99, 1.2324))]


@pytest.mark.parametrize("edges", [(0.6, 1.3), *OTHERS])
def test_against_differences(gradients, edges):
    """By everything but some times, without any other automatic derivative."""
    reverse, _ = gradients
    edges, h = jnp.array(edges), 1e-5
    flat, rebuilt = jax.flatten_util.ravel_pytree((NUMBERS, START, edges, TIMES))
    _, slopes = reverse(*rebuilt(flat))

    @jax.jit
    def value(flat):
        tight = Solver(rtol=1e-11, atol=1e-13)
        return scalar(observed(*rebuilt(flat), "reverse", tight))

    slopes = jax.flatten_util.ravel_pytree(slopes)[0]
    for k in set(range(flat.size)) - {flat.size - 4, flat.size - 2}:
        e = h * np.eye(flat.size)[k]
        slope = (value(flat + e) - value(flat - e)) / (2 * h)
        assert tree_allclose(slopes[k], slope, rtol=1e-6, atol=1e-8)


def test_more_steps_than_a_block_holds(monkeypatch):
    """Stretches of many blocks are run again for each: same gradient."""
    edges = jnp.array([0.6, 1.3])

    def gradient():
        def value(start):
            return scalar(observed(NUMBERS, start, edges, TIMES, "reverse", Solver(rtol=1e-10)))

        return jax.jit(jax.grad(value))(START)

    expected = gradient()
    monkeypatch.setattr(backward, "MARKS", 2)
    monkeypatch.setattr(backward, "BLOCK", 3)
    assert tree_allclose(gradient(), expected, rtol=1e-7)


@pytest.mark.slow
def test_batched():
    """Under vmap each lane has its own steps."""
    edges = jnp.array([0.6, 1.3])

    def gradient(scale):
        def value(scale):
            start = jax.tree.map(lambda x: scale * x, START)
            return scalar(observed(NUMBERS, start, edges, TIMES, "reverse"))

        return jax.grad(value)(scale)

    scales = jnp.array([0.5, 1.0, 3.0])
    looped = jnp.stack([jax.jit(gradient)(s) for s in scales])
    assert tree_allclose(jax.jit(jax.vmap(gradient))(scales), looped, rtol=1e-9)


def test_failure_is_no_hang():
    """A run that stops early has a gradient that ends too: finite or NaN."""
    solver = Solver(max_steps=5)

    def value(start):
        saved, _ = observed(NUMBERS, start, jnp.array([0.6, 1.3]), TIMES, "reverse", solver)
        return jnp.nansum(saved["a"])

    assert jax.jit(jax.grad(value))(START)["x"].shape == (2,)
