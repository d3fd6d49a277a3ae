"""Searches, strategies and the reservoir's memory look at numbers: no unit of them is special."""

from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.bloch.angle import best_under_fluctuation, ergotropy_energy_front
from qbjax.batteries.bloch.band import best_worst_case
from qbjax.strategies.discharge import first_maximum
from qbjax.strategies.pump_pulse import best_pulse
from qbjax.strategies.switch_off import best_switch_off
from tests.helpers import REFERENCE
from tests.scaling import bloch, compare, dopo, seen


def reservoir(s, J, band, coupling, times):
    battery = qb.batteries.Reservoir(partial(J, s), (s, s), (coupling, coupling), band=band)
    return seen(qb.charge(battery, None, times / s))


def ohmic(s, w):
    return 0.1 * w * jnp.exp(-w / (5 * s))


def lorentzian(s, w):
    return s * 0.05 / jnp.pi / ((w / s - 1) ** 2 + 0.05**2)


EVERYWHERE = (-np.inf, np.inf)
RESERVOIRS = {
    "ohmic": partial(
        reservoir, J=ohmic, band=(0.0, np.inf), coupling=1.0, times=np.linspace(0, 6.0, 4)
    ),
    "lorentzian": partial(
        reservoir, J=lorentzian, band=EVERYWHERE, coupling=0.5, times=np.linspace(0, 6.0, 4)
    ),
    "a single time": partial(
        reservoir, J=ohmic, band=(0.0, np.inf), coupling=1.0, times=np.zeros(1)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RESERVOIRS)
def test_no_unit_is_special_to_a_reservoir(name):
    compare(RESERVOIRS[name], (1e-34, 1e-9, 1e6, 1e15), jit=False)


def peak(x, data):
    """Largest at a·(1, 2), where it is worth `size`."""
    a, size = data
    return size / (1 + jnp.sum((x / a - jnp.array([1.0, 2.0])) ** 2))


class Peak:
    """The same with the unit inside, one program for all."""

    def __call__(self, plan):
        return peak(plan["x"], (plan["unit"], plan["size"]))


PEAK = Peak()


@pytest.mark.standard_promotion  # optax's L-BFGS
@pytest.mark.parametrize("bounds", [
    (0.0, np.inf), pytest.param((-np.inf, 9.0), marks=pytest.mark.slow), (-np.inf, np.inf),
    (0.0, 5.0),
])  # fmt: skip
def test_no_unit_is_special_to_a_search(bounds):
    """Of what is chosen (by a), and of what is maximised (by its inverse)."""

    def searched(a):
        start = qb.free(a * np.array([0.3, 0.5]), *(a * np.asarray(bounds)))
        plan = {"x": start, "unit": 1.0 * a, "size": 3.0 / a}
        best = qb.maximize(PEAK, plan, steps=60)
        return {"x": (best.protocol["x"], 1), "value": (best.value, -1)} | {
            "steps": (len(best.history), 0)
        }

    # A flat top: the place is known to the root of what the value is known to.
    found = searched(1.0)
    np.testing.assert_allclose(found["value"][0], 3.0, rtol=1e-7)
    for a in (1e-34, 1e-9, 1e6, 1e15):
        scaled = searched(a)
        assert scaled["steps"] == found["steps"]
        np.testing.assert_allclose(scaled["value"][0] * a, found["value"][0], rtol=REFERENCE)
        np.testing.assert_allclose(scaled["x"][0] / a, found["x"][0], rtol=1e-7)


def angles(s):
    battery = bloch(s, 0.7)
    calm, front = best_under_fluctuation(battery, 0.3 * s), ergotropy_energy_front(battery, 2)
    safe = best_worst_case(battery, [0.9 * s, 1.1 * s], [0.0, 0.5 * s])
    return {
        "calm": (calm.power, 2),
        "price": (calm.price, 1),
        "front": (front.ergotropy, 1),
        "safe": (safe.ergotropy, 1),
    }


def best_moment(s):
    battery = qb.batteries.DOPO(4, 2, 0.5 * s, 0.1 * s, 16.0 * s)
    load, photon = qb.loads.TwoLevel(2.0 * s), qb.algebra.states.fock(4, 1)
    best = first_maximum(battery, photon, load, until=1.0 / s)
    return {"time": (best.time, -1), "ergotropy": (best.load_ergotropy, 0)}


def switch_off(s):
    bounds = {"start": 2.0 / s, "low": 0.5 / s, "high": 6.0 / s}
    best = best_switch_off("power", dopo(s), np.sqrt(s), **bounds)
    return {"power": (best.value, 1)}


def pulses(s):
    free = best_pulse(dopo(s), 2.0 / s, 1.0, segments=3, steps=6)
    bounded = best_pulse(dopo(s), 2.0 / s, 1.0, peak=2 * np.sqrt(s), fourier=2, steps=4)
    return {"free": (free.value, 0), "bounded": (bounded.value, 0)}


@pytest.mark.slow
@pytest.mark.standard_promotion  # optax's L-BFGS
@pytest.mark.parametrize("row", [angles, best_moment, switch_off, pulses])
def test_no_unit_is_special_to_a_strategy(row):
    compare(row, (1e-9, 1e15), jit=False)
