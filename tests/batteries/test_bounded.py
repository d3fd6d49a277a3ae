"""Numbers that would take for ever, or all memory, are refused before anything is computed."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.waveguide.designs import continuum_designs
from tests.helpers import GRADIENT, central_difference, tree_allclose

TIMES = np.array([0.0, 0.5, 1.0])


def ohmic(w):
    return 0.1 * w * jnp.exp(-w / 5)


def reservoir(frequency=1.0, coupling=1.0, *, J=ohmic, **more):
    return qb.batteries.Reservoir(
        J, [frequency, 1.0], [coupling, 1.0], **({"band": (0, 30)} | more)
    )


def stored(battery, times=TIMES):
    return qb.charge(battery, None, times).energy[-1]


@pytest.mark.parametrize(
    ("options", "span"),
    [
        ({"step": 1e-9}, 1.0),
        ({"step": 1e-300}, 1.0),
        ({"step": 1.0}, 1e5),
        ({}, 1e9),
        ({}, 1e300),
        ({"frequency": 1e12}, 1.0),
        ({"coupling": 1e12}, 1.0),
    ],
    ids=str,
)
def test_a_reservoir_says_which_step_or_span_would_do(options, span):
    battery = reservoir(**options)
    with pytest.raises(ValueError, match="`times` must span little enough") as refused:
        qb.charge(battery, None, TIMES * span)
    wide = re.search(r"a `step` of (\S+), or a span of (\S+), would do", str(refused.value))
    assert 0 < float(wide[1]) < span and 0 < float(wide[2]) < span  # noqa: PT018


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: qb.batteries.Waveguide(1.2).first_peak(until=1e10), "`until` must"),
        (lambda: qb.batteries.Waveguide(1.2).first_peak(until=1e300), "`until` must"),
        (lambda: qb.batteries.Waveguide(1.2, 1e9).first_peak(), "`until` must"),
        (lambda: continuum_designs(orders=10**9), "`orders` must"),
        (
            lambda: qb.batteries.trapping_angles(qb.algebra.ladders.oscillator(4), 1e12),
            "`limit` must",
        ),
    ],
)
def test_a_search_has_an_end(ask, words):
    with pytest.raises(ValueError, match=words) as refused:
        ask()
    assert len(str(refused.value).splitlines()) == 1


WAYS = {
    "jit": lambda f: jax.jit(f)(1.0),
    "vmap": lambda f: jax.vmap(f)(jnp.array([1.0, 2.0]))[0],
    "grad": lambda f: 0 * jax.grad(f)(1.0) + f(1.0),
}


@pytest.mark.parametrize("way", ["jit", "vmap"])
def test_a_reservoir_is_built_inside_a_trace(way):
    """Step and band are known there, though everything else is traced."""

    def f(x):
        return stored(reservoir(1.2 * x, 0.7 * x, step=1.0))

    assert tree_allclose(WAYS[way](f), f(1.0), rtol=1e-12)


def test_known_numbers_stay_known_inside_a_trace():
    """No step: the default looks at frequencies and couplings."""
    inside = jax.jit(lambda x: x * stored(reservoir()))(1.0)
    assert tree_allclose(inside, stored(reservoir()), rtol=1e-12)


def test_gradients_through_a_reservoir_built_inside():
    @jax.jit
    def f(frequency, coupling):
        return stored(reservoir(frequency, coupling, step=1.0))

    found = jax.grad(f, argnums=(0, 1))(1.0, 1.0)
    expected = (
        central_difference(lambda x: f(x, 1.0), 1.0),
        central_difference(lambda x: f(1.0, x), 1.0),
    )
    assert min(map(abs, expected)) > 1e-4
    assert tree_allclose(found, expected, rtol=GRADIENT)


def test_a_sweep_over_reservoirs():
    grid = {"frequency": [1.0, 1.1], "coupling": [0.5, 1.0]}

    def f(frequency, coupling):
        return {"energy": stored(reservoir(frequency, coupling, step=1.0))}

    found = qb.sweep(f, grid)["energy"].values
    looped = [[f(w, g)["energy"] for g in grid["coupling"]] for w in grid["frequency"]]
    assert tree_allclose(found, np.array(looped), rtol=1e-12)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda x: reservoir(step=x), "step"),
        (lambda x: reservoir(band=(0, 30 * x)), "band"),
        (lambda x: reservoir(x), "step"),
        (lambda x: reservoir(J=lambda w: x * ohmic(w)), "J"),
        (lambda x: reservoir(J=lambda w: float(w) * x), "J"),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_what_must_be_known_says_so(build, name, way):
    with pytest.raises(TypeError, match=f"Argument `{name}` must be ") as refused:
        WAYS[way](lambda x: stored(build(x)))
    assert len(str(refused.value).splitlines()) == 1
