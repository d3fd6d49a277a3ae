"""The roll-out against a plain loop, in both modes, and how little it keeps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.dynamics.rollout import rollout, stops
from tests.helpers import EXACT, tree_allclose


def step(state, x):
    state = jnp.sin(state + x)
    return state, state**2


def by_loop(inputs, every):
    state, saved, seen = jnp.array(0.3), [jnp.array(0.3)], [jnp.array(0.0)]
    for k, x in enumerate(inputs, 1):
        state, told = step(state, x)
        if k % every == 0 or k == len(inputs):
            saved.append(state)
            seen.append(told)
    return jnp.stack(saved), jnp.stack(seen)


@pytest.mark.parametrize("count", [0, 1, 5, 16, 23])
@pytest.mark.parametrize("every", [1, 4, 30])
@pytest.mark.parametrize("reverse", [True, False])
def test_it_saves_what_a_loop_would(count, every, reverse):
    inputs = jnp.asarray(np.random.default_rng(count).normal(size=count))
    out = rollout(
        step, jnp.array(0.3), inputs, save=lambda i, s: (i, s), every=every, reverse=reverse
    )
    saved, seen = by_loop(inputs, every)
    index, states = out.saved
    assert index.tolist() == stops(count, every)
    assert tree_allclose((states, out.seen, out.final), (saved, seen, saved[-1]), rtol=EXACT)


@pytest.mark.parametrize("every", [1, 10])
def test_forward_and_reverse_agree(every):
    inputs = jnp.asarray(np.random.default_rng(1).normal(size=30))

    def total(inputs, reverse):
        out = rollout(
            step, jnp.array(0.3), inputs, save=lambda i, s: s, every=every, reverse=reverse
        )
        return jnp.sum(out.saved) + jnp.sum(out.seen)

    forward = jax.jit(jax.jacfwd(lambda x: total(x, False)))(inputs)
    assert tree_allclose(jax.jit(jax.grad(lambda x: total(x, True)))(inputs), forward, rtol=1e-12)


def test_reverse_mode_keeps_few_states():
    """Of 400 collisions of a state of 100 kB not 40 MB, but about forty states."""

    def heavy(state, x):
        state = jnp.sin(state + x)
        return state, jnp.sum(state)

    def total(inputs):
        out = rollout(heavy, jnp.zeros(12_500), inputs, save=lambda i, s: jnp.sum(s), every=400)
        return out.saved[-1]

    compiled = jax.jit(jax.grad(total)).lower(jnp.zeros(400)).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 100 * 100_000


@pytest.mark.parametrize("every", [1, 7])
def test_it_stops_once_settled(every):
    """x → cos x: the steps that were left out would have told the same."""
    alike = jnp.ones(150)
    fixed = lambda state, x: (x * jnp.cos(state), state)  # noqa: E731

    def run(settled, alike=alike):
        return rollout(
            fixed, jnp.array(0.3), alike, save=lambda i, s: s, every=every, settled=settled
        )

    whole, stopped = run(None), run(1e-12)
    assert int(whole.made) == 150
    assert 60 < int(stopped.made) < 80
    assert tree_allclose(stopped[:3], whole[:3], rtol=1e-10)
    slopes = [jax.jit(jax.grad(lambda x, s=s: run(s, x).final))(alike) for s in (None, 1e-14)]
    assert tree_allclose(jnp.sum(slopes[0]), jnp.sum(slopes[1]), rtol=1e-10)
