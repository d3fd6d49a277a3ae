"""Closed forms with detuning, a lossy cell and a mixed charger, against the propagation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qbjax as qb
from qbjax.batteries.bloch import _detuned as bloch_detuned
from qbjax.batteries.bloch import _swing as bloch_swing
from qbjax.batteries.bloch import angle as bloch_angle
from qbjax.batteries.bloch import band as bloch_band
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch import moments as bloch_moments
from qbjax.batteries.bloch import optima as bloch_optima
from tests.helpers import EXACT, tree_allclose

EXACT_NAMES = (
    *("energy", "energy_variance", "ergotropy", "antiergotropy", "capacity", "inversion"),
    *("coherence", "charging_power", "ergotropic_power", "passive_energy", "active_energy"),
    "passive_power",
)
MOMENT_NAMES = ("concurrence", "charger_energy")
LOWERINGS = ("battery_lowering", "charger_lowering")


def battery_of(decay, lost, detuning, coupling):
    return qb.batteries.BlochCharger(coupling, decay, 1.5, cell_decay=lost, detuning=detuning)


def propagated(theta, phi, length, t, *numbers):
    battery = battery_of(*numbers)
    charger = qb.protocols.BlochPreparation(theta, phi, length)
    run = qb.charge(battery, charger, jnp.stack([jnp.zeros(()), t]), adjoint="forward")
    rho = battery.density_matrix(run.final_state)
    first = {
        "battery_lowering": rho[2, 0] + rho[3, 1],
        "charger_lowering": rho[1, 0] + rho[3, 2],
        "exchange": rho[2, 1],
    }
    seen = {name: run.observables[name][-1] for name in (*EXACT_NAMES, *MOMENT_NAMES)}
    return seen | {f"{name} {k}": part(x) for name, x in first.items() for k, part in PARTS.items()}


PARTS = {"real": jnp.real, "imaginary": jnp.imag}


def closed(theta, phi, length, t, *numbers):
    battery = battery_of(*numbers)
    found = {n: getattr(bloch_exact, n)(battery, theta, t, length) for n in EXACT_NAMES}
    found |= {n: getattr(bloch_moments, n)(battery, theta, t, length) for n in MOMENT_NAMES}
    first = {n: getattr(bloch_moments, n)(battery, theta, t, phi, length) for n in LOWERINGS}
    first["exchange"] = bloch_moments.exchange(battery, theta, t, length)
    return found | {f"{n} {k}": part(x) for n, x in first.items() for k, part in PARTS.items()}


in_steps, at_once = jax.jit(propagated), jax.jit(closed)
rates = st.one_of(st.floats(0, 12), st.sampled_from([0.0, 1.0, 5.0]))
detunings = st.one_of(st.floats(-6, 6), st.just(0.0))


@settings(max_examples=100)
@given(
    st.floats(0, np.pi), st.floats(0, 6), st.one_of(st.floats(0, 1), st.just(1.0)),
    st.floats(1e-3, 10), rates, rates, detunings, st.floats(0.5, 2),
)  # fmt: skip
def test_closed_forms(theta, phi, length, t, decay, lost, detuning, coupling):
    x = [jnp.asarray(n, float) for n in (theta, phi, length, t, decay, lost, detuning, coupling)]
    assert tree_allclose(in_steps(*x), at_once(*x), rtol=0, atol=EXACT)


@pytest.mark.slow
def test_derivatives():
    """Along directions in all numbers; some near the critical damping γ_a − γ_b = 4J."""
    along = jax.jit(lambda x, dx: (jax.jvp(propagated, x, dx)[1], jax.jvp(closed, x, dx)[1]))
    rng = np.random.default_rng(0)
    for numbers in (
        (1.1, 0.3, 0.8, 2.0, 0.7, 0.2, 1.5, 1.2),
        (2.1, 0.3, 0.6, 1.0, 4.5, 0.5, 0.0, 1.0),
        (2.1, 0.3, 0.9, 0.4, 0.1, 9.0, -3.0, 0.7),
    ):
        for direction in rng.normal(size=(3, 8)):
            found, expected = along(*(tuple(map(jnp.asarray, x)) for x in (numbers, direction)))
            assert tree_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("decay", [1e-3, 3.9999, 4.0, 40.0, 1e6])
def test_the_paper_s_battery_as_a_special_case(decay):
    """All digits of both, at long times and strong damping too."""
    plain, more = (
        qb.batteries.BlochCharger(1.0, decay, **numbers)
        for numbers in ({}, {"cell_decay": jnp.asarray(0.0), "detuning": jnp.asarray(0.0)})
    )
    t = jnp.geomspace(1e-3, 30.0, 9)
    speed, rest = bloch_detuned.speed_and_rest(more, t)
    assert tree_allclose(jnp.real(speed), bloch_swing.mean_speed(plain, t), rtol=1e-11, atol=0)
    assert tree_allclose(jnp.real(rest), bloch_swing.remainder(plain, t), rtol=1e-11, atol=0)


def test_slopes_are_finite_where_everything_has_decayed():
    def total(x):
        battery = battery_of(*x[3:])
        return bloch_exact.ergotropy(battery, *x[:3]) + bloch_moments.concurrence(battery, *x[:3])

    for numbers in ((1e6, 1.0, 1e5, 1.0), (1.0, 0.0, 1e6, 1.0), (0.0, 0.0, 0.0, 1.0)):
        slope = jax.grad(total)(jnp.array([1.0, 300.0, 0.5, *numbers]))
        assert bool(jnp.all(jnp.isfinite(slope)))


def test_a_detuned_charger_gives_at_most_its_share():
    """p ≤ J²/(J² + δ²/4), at half a period of √(J² + δ²/4)."""
    battery = qb.batteries.BlochCharger(1.0, detuning=2.0)
    most = bloch_exact.energy(battery, np.pi, np.pi / (2 * np.sqrt(2)))
    assert tree_allclose(most, 0.5, rtol=EXACT)


FORMULAS = {
    "best_energy": lambda battery: bloch_optima.best_energy(battery, 1.0),
    "best_ergotropic_power": lambda battery: bloch_optima.best_ergotropic_power(battery, 1.0),
    "curve": lambda battery: bloch_angle.ergotropic_power_curve(battery, [1.0]),
    "steady": lambda battery: bloch_angle.best_under_fluctuation(battery, 0.1),
    "band": lambda battery: bloch_band.best_worst_case(battery, [1.0], [0.0]),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_paper_s_optima_are_of_its_battery(name):
    with pytest.raises(ValueError, match=r"must have numbers of the paper alone .* has `detuning`"):
        FORMULAS[name](qb.batteries.BlochCharger(detuning=0.1))


@pytest.mark.parametrize("name", ["thermal", "dephasing", "cell_thermal", "cell_dephasing"])
def test_no_closed_form_with_noise(name):
    words = f"must have no dephasing, heat or counter-rotating terms .* has `{name}`"
    with pytest.raises(ValueError, match=words):
        bloch_exact.energy(qb.batteries.BlochCharger(**{name: 0.1}), 1.0, 1.0)
    with pytest.raises(ValueError, match=r"has `counter_rotating`: qb.charge has an answer"):
        bloch_moments.exchange(qb.batteries.BlochCharger(counter_rotating=True), 1.0, 1.0)
    with pytest.raises(ValueError, match="`length` must be at least 0 and at most 1"):
        bloch_exact.energy(qb.batteries.BlochCharger(), 1.0, 1.0, 1.5)
