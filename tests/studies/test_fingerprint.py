"""Sweeps that compute the same have the same digests, others not; what differs is named."""

import functools
import sys

import jax.numpy as jnp

import qbjax as qb
from qbjax.studies import grids
from qbjax.studies.fingerprint import fingerprint

GRID = grids.product(x=[1.0, 2.0])
FACTOR = 3.0


def make(battery, factor):
    def function(x):
        return x * factor * battery.loss

    return function


def with_global(x, power=2.0):
    return FACTOR * x**power


def of(function, grid=GRID, configuration=None):
    return fingerprint(function, grid, configuration)


def differing(one, other):
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def battery(loss, levels=4):
    return qb.batteries.Collisional(qb.algebra.ladders.oscillator(levels), loss)


def test_the_same_again():
    assert of(make(battery(0.1), 2.0)) == of(make(battery(0.1), 2.0))
    assert of(functools.partial(with_global, power=3.0)) == of(
        functools.partial(with_global, power=3.0)
    )


def test_what_differs_is_named():
    base = of(make(battery(0.1), 2.0))
    assert differing(base, of(make(battery(0.2), 2.0))) == {"function.battery"}
    assert differing(base, of(make(battery(0.1, 5), 2.0))) == {"function.battery"}
    assert differing(base, of(make(battery(0.1), jnp.asarray(2.5)))) == {"function.factor"}
    other = grids.product(x=[1.0, 2.5])
    assert differing(base, of(make(battery(0.1), 2.0), other)) == {"grid.x"}
    told = of(make(battery(0.1), 2.0), configuration={"solver": "tight"})
    assert differing(base, told) == {"configuration"}
    assert "function" in differing(base, of(with_global))


def test_globals_defaults_and_bound_arguments_count(monkeypatch):
    base = of(with_global)
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 4.0)
    assert differing(base, of(with_global)) == {"function.FACTOR"}
    bound = [of(functools.partial(with_global, power=p)) for p in (2.0, 3.0)]
    assert "function.power" in differing(*bound)


def helped(x):
    return helper(x) + 1.0


def helper(x):
    return helped if x is None else 2.0 * x


def test_a_function_that_it_calls_counts_with_its_source(monkeypatch):
    base = of(helped)
    assert {"function", "function.helper"} <= set(base)
    monkeypatch.setattr(sys.modules[__name__], "helper", with_global)
    assert "function.helper" in differing(base, of(helped))
    monkeypatch.undo()
    assert of(helped) == base
