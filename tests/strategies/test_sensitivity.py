"""Sensitivities of an optimum: against the optimum of another problem, and closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion


def energy(plan, battery):
    times = jnp.stack([jnp.zeros(()), plan[1]])
    return qb.charge(battery, plan[0], times).energy[-1]


def best(decay=0.2, **more):
    battery = qb.batteries.BlochCharger(decay=jnp.asarray(decay), frequency=2.0)
    plan = qb.protocols.BlochPreparation(np.pi), qb.free(1.2, 0.5, 2.5)
    return qb.maximize(energy, plan, battery=battery, **more)


def test_the_derivative_of_the_best_value_by_a_number():
    listed = best().sensitivities()
    found = {each.name: each for each in listed}
    moved = [float(best(0.2 + h).value) for h in (1e-3, -1e-3)]
    decay = found["battery.decay"]
    assert decay.derivative == pytest.approx((moved[0] - moved[1]) / 2e-3, rel=1e-4)
    # energies are proportional to the frequency; J and γ together only set the time
    assert found["battery.frequency"].relative == pytest.approx(1.0, rel=1e-9)
    assert found["battery.coupling"].relative == pytest.approx(-decay.relative, rel=1e-3)
    assert found["protocol[1]"].relative == pytest.approx(0.0, abs=1e-4)
    relative = [abs(each.relative) for each in listed]
    assert relative == sorted(relative, reverse=True)


def test_constraints_have_their_share():
    """The least time to an energy: T = arcsin(√E)/J, whatever the objective says of J."""

    def stored(plan):
        return jnp.sin(plan["J"] * plan["time"]) ** 2

    plan = {"time": qb.free(0.9, 0.1, 1.2), "J": 1.3}
    limits = [qb.at_least(stored, 0.5)]
    found = qb.maximize(lambda plan: -plan["time"], plan, constraints=limits)
    each = {each.name: each for each in found.sensitivities()}
    assert each["protocol['J']"].derivative == pytest.approx(np.pi / 4 / 1.3**2, rel=1e-6)


def test_curvature_tells_the_cheap_errors():
    def valley(x):
        return 1.0 - (x[0] + x[1]) ** 2 - 1e-3 * (x[0] - x[1]) ** 2

    found = qb.maximize(valley, qb.free(jnp.array([0.3, 0.1]))).curvature()
    unit = 0.3**2  # of a coordinate, for numbers without bounds
    np.testing.assert_allclose(found.eigenvalues, [-4 * unit, -4e-3 * unit], rtol=1e-5)
    np.testing.assert_allclose(np.abs(found.directions), np.sqrt(0.5), rtol=1e-4)


def test_a_best_that_was_made_otherwise_says_so():
    none = np.zeros(0)
    made = qb.strategies.best.Best(1.0, jnp.zeros(()), None, none, True, none)
    with pytest.raises(ValueError, match="must come from `maximize`"):
        made.sensitivities()
