"""Constraints on whatever a run or a pulse has: against closed forms and SciPy's SLSQP."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

import qbjax as qb
from tests.hills import QUBIT

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion

LOWER = np.diag(np.sqrt(np.arange(1.0, 4)), 1)
NUMBER = np.arange(4.0)
KERR = qb.batteries.Lindblad(
    0.1 * np.diag(NUMBER * (NUMBER - 1)),
    [0.3 * LOWER],
    dims=(4,),
    cell=0,
    cell_hamiltonian=NUMBER,
    controls=[LOWER + LOWER.T],
)


def energy(adjoint, pulse, battery):
    return qb.charge(battery, pulse, [0.0, 1.0], adjoint=adjoint).energy[-1]


def fluctuation(adjoint, pulse, battery):
    """Variance of a qubit's energy."""
    mean = energy(adjoint, pulse, battery)
    return mean * (1 - mean)


def pump_energy(pulse, battery):
    return pulse.energy


@pytest.mark.parametrize("adjoint", ["forward", pytest.param("reverse", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("most", "reached", "prices"),
    [
        (0.2, (1 - np.sqrt(0.2)) / 2, (0.0, 1 / np.sqrt(0.2))),
        pytest.param(0.249, np.sin(np.sqrt(0.5)) ** 2, (np.sin(np.sqrt(2)) / np.sqrt(2), 0.0),
                     marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_pump_energy_and_fluctuation(adjoint, most, reached, prices):
    """H = uσ_x: E = sin²∫u ≤ sin²√∫u² in unit time; its variance is E(1 − E)."""
    pulse = qb.protocols.PiecewiseConstant(qb.free(jnp.array([0.3, 0.5]), 0.0, 1.5), 1.0)
    limits = [qb.at_most(pump_energy, 0.5), qb.at_most(partial(fluctuation, adjoint), most)]
    best = qb.maximize(partial(energy, adjoint), pulse, battery=QUBIT, constraints=limits,
                       starts=2, mode=adjoint)  # fmt: skip
    assert float(best.value) == pytest.approx(reached, rel=1e-7)
    assert [held.price for held in best.constraints] == pytest.approx(prices, rel=1e-4, abs=1e-9)
    assert all(held.violation <= 1e-9 * held.limit for held in best.constraints)
    assert best.constraints[1].name == f"fluctuation({adjoint})"
    assert float(np.max(best.start_values)) == float(best.value)


def final(plan, battery):
    """A pulse, and then a wait."""
    times = jnp.stack([jnp.zeros(()), plan["pulse"].duration + plan["wait"]])
    return qb.charge(battery, plan["pulse"], times, states="cell")


def ergotropy(plan, battery):
    return final(plan, battery).ergotropy[-1]


def photons(plan, battery):
    return final(plan, battery).energy[-1]


def purity(plan, battery):
    return final(plan, battery).purity[-1]


def fano(plan, battery):
    levels = jnp.diagonal(final(plan, battery).states[-1]).real
    mean = levels @ NUMBER
    return (levels @ NUMBER**2 - mean**2) / mean


def offered(plan, battery):
    return plan["pulse"].energy


def whole_time(plan, battery):
    return plan["pulse"].duration + plan["wait"]


def roughness(k, plan, battery):
    return (plan["pulse"].amplitudes[k + 1] - plan["pulse"].amplitudes[k]) ** 2


@pytest.mark.slow  # the qubit above is its fast sibling
@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")  # of four levels
@pytest.mark.filterwarnings("ignore:The best value is not verified")  # by more levels: it has none
def test_everything_at_once_beside_slsqp():
    amplitudes = qb.free(jnp.array([0.5, 0.6, 0.4]), 0.0, 1.2)
    pulse = qb.protocols.PiecewiseConstant(amplitudes, qb.free(1.5, 0.2, 3.0))
    plan = {"pulse": pulse, "wait": qb.free(0.2, 0.0, 1.0)}
    slew = [qb.at_most(partial(roughness, k), 0.04) for k in range(2)]
    limits = [
        qb.at_most(photons, 0.7), qb.at_least(purity, 0.7), qb.at_most(fano, 1.05),
        qb.at_most(offered, 0.9), qb.equal(whole_time, 1.6), *slew,
    ]  # fmt: skip
    best = qb.maximize(ergotropy, plan, battery=KERR, constraints=limits)
    assert all(held.violation <= 1e-9 * held.limit for held in best.constraints)

    @jax.jit
    def everything(x):
        pulse = qb.protocols.PiecewiseConstant(x[:3], x[3])
        asked = ({"pulse": pulse, "wait": x[4]}, KERR)
        return jnp.stack([ergotropy(*asked), *[c.slack(c.function(*asked)) for c in limits]])

    slopes = jax.jit(jax.jacrev(everything))
    unequal = np.array([not c.is_equality for c in limits])
    rules = [
        {"type": "ineq", "fun": lambda x: np.asarray(everything(x))[1:][unequal],
         "jac": lambda x: np.asarray(slopes(x))[1:][unequal]},
        {"type": "eq", "fun": lambda x: np.asarray(everything(x))[1:][~unequal],
         "jac": lambda x: np.asarray(slopes(x))[1:][~unequal]},
    ]  # fmt: skip
    found = minimize(
        lambda x: -float(everything(x)[0]), np.array([0.5, 0.6, 0.4, 1.5, 0.2]),
        jac=lambda x: -np.asarray(slopes(x)[0]), method="SLSQP", constraints=rules,
        bounds=[(0, 1.2)] * 3 + [(0.2, 3.0), (0.0, 1.0)], options={"ftol": 1e-13, "maxiter": 200},
    )  # fmt: skip
    assert found.success
    # Rounds end within 1e-6 of what is active, in units of the limits.
    assert float(best.value) == pytest.approx(-found.fun, rel=2e-6)


WISHED = np.array([0.0, 2.0, -1.0, 0.5])


def near(p):
    return -jnp.sum((p - WISHED) ** 2)


def step(k, p):
    return p[k + 1] - p[k]


def back(k, p):
    return p[k] - p[k + 1]


def fastest(p):
    return jnp.linalg.norm(jnp.diff(p), 32)


def test_a_slew_rate_by_a_limit_for_each_step_or_by_a_norm():
    start = qb.free(jnp.array([0.0, 0.1, -0.1, 0.0]), -3.0, 3.0)
    each = [qb.at_most(partial(f, k), 0.8) for k in range(3) for f in (step, back)]
    rule = {"type": "ineq", "fun": lambda p: 0.8 - np.concatenate([np.diff(p), -np.diff(p)])}
    exact = minimize(lambda p: -float(near(p)), np.zeros(4), method="SLSQP", constraints=[rule],
                     options={"ftol": 1e-14})  # fmt: skip
    by_each = qb.maximize(near, start, constraints=each)
    assert float(by_each.value) == pytest.approx(-exact.fun, rel=1e-6)
    assert [held.name for held in by_each.constraints[:2]] == ["step(0)", "back(0)"]
    by_norm = qb.maximize(near, start, constraints=[qb.at_most(fastest, 0.8)])
    assert np.max(np.abs(np.diff(by_norm.protocol))) <= 0.8
    assert 1.05 * exact.fun > -float(by_norm.value) >= exact.fun - 1e-6
