"""Trainable numbers stay within their bounds, and plain ones stay put."""

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qbjax as qb
from qbjax.protocols import Constant, SwitchOff, coordinates, is_free, random_start, resolve
from tests.helpers import tree_allclose

BOUNDS = [(-2.0, 5.0), (-2.0, jnp.inf), (-jnp.inf, 5.0), (-jnp.inf, jnp.inf)]


@given(
    u=st.floats(-1e6, 1e6),
    bounds=st.sampled_from(BOUNDS),
)
def test_every_coordinate_is_feasible(u, bounds):
    _, rebuild = coordinates(qb.free(1.0, *bounds))
    value = float(rebuild([jnp.array(u)]))
    assert bounds[0] <= value <= bounds[1]


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("value", [-1.5, 1.0, 4.5])
def test_there_and_back(bounds, value):
    us, rebuild = coordinates(qb.free(value, *bounds))
    assert tree_allclose(rebuild(us), jnp.array(value), rtol=1e-12)


@pytest.mark.parametrize("bounds", BOUNDS[:3])
def test_a_start_on_a_bound_can_still_move(bounds):
    for bound in (b for b in bounds if jnp.isfinite(b)):
        us, rebuild = coordinates(qb.free(bound, *bounds))
        assert abs(jax.grad(lambda u, r=rebuild: r([u]))(us[0])) > 1e-2


def test_only_free_numbers_are_coordinates():
    pump = SwitchOff(3.0, qb.free(10.0, 5, 20))
    us, rebuild = coordinates(pump)
    assert len(us) == 1
    moved = rebuild([us[0] + 0.1])
    assert float(moved.amplitude) == 3.0
    assert float(moved.time) > 10
    assert not is_free(moved.time)
    assert float(resolve(pump).time) == 10.0


def test_random_starts_fill_the_bounds():
    pump = SwitchOff(3.0, qb.free(jnp.array(10.0), 5, 20))
    times = [
        float(random_start(k, pump).time.value) for k in jax.random.split(jax.random.key(0), 50)
    ]
    assert 5 <= min(times) < 6
    assert 19 < max(times) <= 20
    with pytest.raises(ValueError, match="`starts` must be 1 when a free number has no finite"):
        random_start(jax.random.key(0), Constant(qb.free(1.0)))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: qb.free(3.0, 0.0, 1.0), ValueError, r"`value` must lie in \[0, 1\], but is 3"),
        (lambda: qb.free(jnp.array([0.5, 2.0]), 0.0, 1.0), ValueError, "must lie in"),
        (lambda: qb.free(3.0, 5.0, 1.0), ValueError, "`low` must be below `high`=1, but is 5"),
        (lambda: qb.free(0.5, jnp.nan, 1.0), ValueError, "`low` must not be NaN"),
        (lambda: qb.free(jnp.nan, 0.0, 1.0), ValueError, "`value` must be finite"),
        (lambda: qb.free("a"), TypeError, "`value` must be made of numbers"),
        (lambda: qb.free(jnp.float32(0.5), 0, 1), TypeError, "double precision"),
        (lambda: coordinates(Constant(1.0)), ValueError, "must have a trainable number"),
    ],
)
def test_bad_input(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
