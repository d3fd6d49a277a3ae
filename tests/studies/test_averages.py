"""Averages: moments in closed form, runs one by one, derivatives, verdicts, refusals."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import TruncationWarning
from qbjax.studies import average
from qbjax.studies.averages import Distribution, normal, uniform
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

CHARGER = qb.batteries.BlochCharger(decay=0.1)


def charged(theta):
    """A run whose work has a closed form, and its cell."""
    run = qb.charge(CHARGER, qb.protocols.BlochPreparation(theta), [0.0, 1.0], states="cell")
    return run.ergotropy[-1], run.states[-1]


def test_moments():
    mean = average(
        lambda x, y: {"x": x**2, "y": y**3, "xy": x * y}, normal(1.0, 0.3), uniform(0, 2)
    )
    assert tree_allclose(mean, {"x": jnp.array(1.09), "y": jnp.array(2.0), "xy": jnp.array(1.0)},
                         rtol=EXACT)  # fmt: skip
    turned = average(lambda x: jnp.exp(1j * x.astype(complex)), normal(0.0, 0.4, points=12))
    assert tree_allclose(turned, np.exp(-0.08 + 0j), rtol=EXACT)


def test_runs_one_by_one():
    work, cell = average(charged, Distribution([0.5, 2.0], [0.3, 0.7]))
    (W1, rho1), (W2, rho2) = charged(0.5), charged(2.0)
    assert tree_allclose(work, 0.3 * W1 + 0.7 * W2, rtol=1e-10)
    mixed = 0.3 * np.asarray(rho1) + 0.7 * np.asarray(rho2)
    assert tree_allclose(np.asarray(cell), mixed, rtol=1e-10)
    assert float(qb.merit.ergotropy(mixed, np.arange(2.0))) < float(work)


def test_slopes_by_mean_and_deviation():
    def work(x):
        def one(theta):
            run = qb.charge(
                CHARGER, qb.protocols.BlochPreparation(theta), [0.0, 1.0], adjoint="forward"
            )
            return run.ergotropy[-1]

        return average(one, normal(x[0], x[1], points=4))

    work, x = jax.jit(work), jnp.array([1.5, 0.2])
    slopes = jax.jacfwd(work)(x)
    for k, direction in enumerate(np.eye(2)):
        assert tree_allclose(slopes[k], central_difference(work, x, direction), rtol=GRADIENT)


def test_a_doubtful_run_is_told():
    """At once; of a search, whose program hears of it; and nothing of good ones."""
    battery = qb.batteries.DOPO(4, 3)

    def work(F):
        run = qb.charge(battery, qb.protocols.Constant(F), [0.0, 0.5], adjoint="forward")
        return run.energy[-1]

    with pytest.warns(TruncationWarning, match="Too few levels"):
        average(work, normal(0.8, 0.1, points=2))
    data = {"F": [0.01, 0.8]}
    with pytest.warns(TruncationWarning, match="1 of 2 points is doubtful"):
        swept = qb.sweep(lambda F: {"work": average(work, normal(F, 0.001, points=2))}, data)
    assert swept["status"].values.tolist() == [0, 4]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        average(charged, normal(1.0, 0.1, points=2))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: average(1.0, normal(0, 1)), TypeError, "`function` must be"),
        (lambda: average(jnp.sin), ValueError, "`distributions` must hold at least one"),
        (lambda: average(jnp.sin, 3.0), TypeError, "`distributions` must be"),
        (lambda: average(lambda x: x > 0, normal(0, 1)), TypeError, "but returns bool"),
        (lambda: normal(np.nan, 1.0), ValueError, "`mean` must be"),
        (lambda: normal(0.0, -1.0), ValueError, "`deviation` must be at least 0"),
        (lambda: normal(0.0, 1.0, 0), ValueError, "`points` must be at least 1"),
        (lambda: uniform("a", 1.0), TypeError, "`low` must be"),
        (lambda: Distribution([1.0], [0.5]), ValueError, "`weights` must add up to 1"),
        (lambda: Distribution([1.0], [0.5, 0.5]), ValueError, "`weights` must have shape"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
