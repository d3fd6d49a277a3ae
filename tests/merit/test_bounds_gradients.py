"""Derivatives of the bounds against differences, also where closed forms are singular."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.merit import bounds
from tests.helpers import EXACT, central_difference, tree_allclose

LADDERS = qb.algebra.ladders
OSCILLATOR, UNIFORM = LADDERS.oscillator(250), LADDERS.uniform(30)
FORMS = ("rigorous", "printed")
TIGHT = 1e-7
"""Derivatives of closed forms against `central_difference`, relative."""


GRADIENTS = [
    *(
        (ladder, tau, form)
        for ladder in (OSCILLATOR, UNIFORM)
        for tau in (0.3, 9.0)
        for form in FORMS
    ),
    # Before the plateau, on it, after it, full.
    *((LADDERS.spin(5), tau, "rigorous") for tau in (0.8, 1.4, 2.0, 5.0)),
    *((LADDERS.spin(5), tau, "printed") for tau in (0.8, 2.0, 5.0)),
]


@cache
def value_and_slope(function, ladder, form):
    """A bound as two programs of its one number."""

    def at(x):
        return function(ladder, x, form=form)

    return jax.jit(at), jax.jit(jax.grad(at))


@pytest.mark.parametrize(("ladder", "tau", "form"), GRADIENTS)
def test_gradients_are_differences(ladder, tau, form):
    for function in (bounds.incoherent_energy, bounds.incoherent_power):
        at, slope = value_and_slope(function, ladder, form)
        assert tree_allclose(slope(tau), central_difference(at, tau), rtol=TIGHT)
    E = value_and_slope(bounds.incoherent_energy, ladder, form)[0](tau)
    if not ladder.is_whole or float(E) < ladder.size - 1:
        inverse, slope = value_and_slope(bounds.incoherent_time, ladder, form)
        assert tree_allclose(slope(float(E)), central_difference(inverse, float(E)), rtol=TIGHT)


ENERGY = jax.jit(lambda x: bounds.incoherent_energy(OSCILLATOR, x[0], x[1]))
TIME = jax.jit(lambda x: bounds.incoherent_time(OSCILLATOR, x[0], x[1]))
DERIVATIVES = {
    f: [jax.jit(d(f)) for d in (jax.grad, jax.jacfwd, jax.hessian)] for f in (ENERGY, TIME)
}


@pytest.mark.parametrize(
    ("tau", "loss"), [(0.3, 1e-3), (12.0, 0.02), (6.0, 0.3), (9.0, 0.3), (1.0, 0.8), (9.0, 0.8)]
)
def test_gradients_with_loss_are_differences(tau, loss):
    """On all three pieces, forwards and backwards, and of second order."""
    step = 2e-4  # the loss is 1e-3 at least, and stays positive
    at = jnp.array([tau, loss])
    for function, point in ((ENERGY, at), (TIME, jnp.array([ENERGY(at), loss]))):
        backward, forward, second = DERIVATIVES[function]
        slope, curvature = backward(point), second(point)
        assert tree_allclose(forward(point), slope, rtol=EXACT)
        for axis, direction in enumerate(jnp.eye(2)):
            numeric = central_difference(function, point, direction, step=step)
            assert tree_allclose(slope[axis], numeric, rtol=TIGHT)
            numeric = central_difference(backward, point, direction, step=step)
            assert tree_allclose(curvature[axis], numeric, rtol=TIGHT)


def test_the_printed_slope_is_infinite_at_full_charge():
    slope = jax.grad(lambda E, spin: bounds.incoherent_time(spin, E, form="printed"))
    for j in (1 / 2, 3):
        assert float(slope(2.0 * j, LADDERS.spin(j))) == np.inf


@pytest.mark.parametrize(
    ("ladder", "loss", "start", "slope"),
    [
        (OSCILLATOR, 0, bounds.R0, bounds.R0**2 / 4),
        (UNIFORM, 0, bounds.R0, 0.0),
        (LADDERS.spin(2), 0, 2 * bounds.R0, 3 * bounds.R0**2 / 4),
        (OSCILLATOR, 0.9, bounds.R0 * np.exp(-0.9), 0.0),
    ],
)
def test_power_begins_at_the_best_rate(ladder, loss, start, slope):
    power = jax.jit(jax.value_and_grad(lambda t: bounds.incoherent_power(ladder, t, loss)))
    for tau in (0.0, 0.99e-8, 1.01e-8):
        value, derivative = power(tau)
        assert tree_allclose(value, start + slope * tau, rtol=EXACT)
        assert tree_allclose(derivative, slope, rtol=TIGHT)


def test_no_loss_is_the_limit_of_little_loss():
    faint = bounds.incoherent_energy(OSCILLATOR, 10.0, jnp.asarray(0.0))
    assert tree_allclose(faint, bounds.incoherent_energy(OSCILLATOR, 10.0), rtol=EXACT)
    time = bounds.incoherent_time(OSCILLATOR, 10.0, jnp.asarray(0.0))
    assert tree_allclose(time, bounds.incoherent_time(OSCILLATOR, 10.0), rtol=EXACT)
    slope = jax.grad(lambda loss: bounds.incoherent_energy(OSCILLATOR, 10.0, loss))(0.0)
    h = 1e-4
    ahead = [float(bounds.incoherent_energy(OSCILLATOR, 10.0, k * h)) for k in (1, 2, 3, 4)]
    difference = np.array([-25 / 12, 4, -3, 4 / 3, -1 / 4]) @ [float(faint), *ahead] / h
    assert tree_allclose(slope, difference, rtol=TIGHT)


LOSSY = jax.jit(
    jax.value_and_grad(lambda t, loss: bounds.incoherent_energy(OSCILLATOR, t, loss), (0, 1))
)


@pytest.mark.parametrize("loss", [200.0, 800.0])
def test_total_loss_leaves_nothing(loss):
    E, slope = LOSSY(10.0, loss)
    assert tree_allclose((E, slope), (0.0, (0.0, 0.0)), rtol=0, atol=1e-70)
