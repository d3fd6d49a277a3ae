"""The Bloch charger propagated, against its closed forms and their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import qbjax as qb
from qbjax.batteries.bloch import _swing as bloch_swing
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch import moments as bloch_moments
from tests.helpers import EXACT, tree_allclose

EXACT_NAMES = (
    *("energy", "energy_variance", "ergotropy", "antiergotropy", "capacity"),
    *("inversion", "coherence", "charging_power", "ergotropic_power"),
)
MOMENT_NAMES = ("concurrence", "charger_energy")

DERIVATIVE = 1e-9
"""Derivatives of closed forms against those of the propagation."""

TIGHT = qb.Solver(rtol=1e-11, atol=1e-12)

polar = st.floats(0, np.pi)
times = st.floats(1e-3, 10)
decays = st.one_of(
    st.floats(0, 12),
    st.just(4.0),
    st.builds(lambda sign, k: 4 + sign * 10.0**-k, st.sampled_from((-1, 1)), st.integers(1, 15)),
)


def at_end(solver=None, adjoint="forward"):
    """(θ, φ, t, γ, J) to everything seen at t."""

    def run(theta, phi, t, decay, coupling):
        battery = qb.batteries.BlochCharger(coupling, decay, 1.5)
        charger = qb.protocols.BlochPreparation(theta, phi)
        instants = jnp.stack([jnp.zeros(()), t])
        run = qb.charge(battery, charger, instants, solver=solver, adjoint=adjoint)
        return {name: run.observables[name][-1] for name in (*EXACT_NAMES, *MOMENT_NAMES)}

    return run


def closed(theta, phi, t, decay, coupling):
    battery = qb.batteries.BlochCharger(coupling, decay, 1.5)
    found = {name: getattr(bloch_exact, name)(battery, theta, t) for name in EXACT_NAMES}
    return found | {name: getattr(bloch_moments, name)(battery, theta, t) for name in MOMENT_NAMES}


propagated, in_closed_form = jax.jit(at_end()), jax.jit(closed)


def numbers(*given):
    return [jnp.asarray(x, float) for x in given]


@settings(max_examples=200)
@given(polar, st.floats(0, 6), times, decays)
def test_closed_forms(theta, phi, t, decay):
    """Every quantity, under-, critically and overdamped."""
    x = numbers(theta, phi, t, decay, 1.0)
    assert tree_allclose(propagated(*x), in_closed_form(*x), rtol=0, atol=EXACT)


@pytest.mark.parametrize("decay", [0.0, 0.7, 4.0, 12.0])
@pytest.mark.parametrize("theta", [0.0, 0.4, np.pi / 2, np.pi])
def test_runge_kutta(theta, decay):
    """The same equation in small steps."""
    x = numbers(theta, 0.3, 6.0, decay, 1.2)
    assert tree_allclose(runge_kutta(*x), in_closed_form(*x), rtol=0, atol=1e-9)


runge_kutta = jax.jit(at_end(TIGHT))


@pytest.mark.slow
@given(st.floats(0.2, 2.9), times, decays, st.floats(0.5, 2))
def test_derivatives(theta, t, decay, coupling):
    """By angle, time, decay and coupling; away from the zeros where moduli have kinks."""
    x = numbers(theta, 0.3, t, decay, coupling)
    battery = qb.batteries.BlochCharger(coupling, decay)
    f, g = (float(h(battery, t)) for h in (bloch_swing.swing, bloch_swing.remainder))
    assume(min(abs(f), abs(g)) > 1e-4)
    assert tree_allclose(slopes(*x), closed_slopes(*x), rtol=DERIVATIVE)


slopes = jax.jit(jax.jacfwd(at_end(), argnums=(0, 2, 3, 4)))
closed_slopes = jax.jit(jax.jacfwd(closed, argnums=(0, 2, 3, 4)))


def test_reverse_mode():
    """One backward pass: the same numbers."""

    def total(run):
        return lambda *x: sum(jax.tree.leaves(run(*x)))

    x = numbers(1.1, 0.3, 2.0, 0.7, 1.2)
    backward = jax.jit(jax.grad(total(at_end(adjoint="reverse")), argnums=(0, 1, 2, 3, 4)))(*x)
    forward = jax.jit(jax.jacfwd(total(closed), argnums=(0, 1, 2, 3, 4)))(*x)
    assert tree_allclose(backward, forward, rtol=DERIVATIVE)


def test_a_decay_that_is_left_out():
    """The plain number 0 drops the loss and changes nothing else."""
    instants = jnp.linspace(0.0, 3.0, 7)
    charger = qb.protocols.BlochPreparation(1.1)
    runs = [
        qb.charge(qb.batteries.BlochCharger(1.0, decay), charger, instants)
        for decay in (0, jnp.asarray(0.0))
    ]
    seen = [run.observables | {"trace": run.trace_defect} for run in runs]
    assert all(
        np.allclose(seen[0][name], seen[1][name], rtol=0, atol=EXACT, equal_nan=True)
        for name in seen[0]
    )


@pytest.mark.parametrize("phi", [0.0, 1.3])
@pytest.mark.parametrize("decay", [0.0, 0.7, 6.0])
def test_phases(phi, decay):
    """⟨σ_a⟩, ⟨σ_b⟩ and ⟨σ_a†σ_b⟩ with their phases, not in the rotating frame."""
    battery = qb.batteries.BlochCharger(1.2, jnp.asarray(decay), 3.0)
    theta, t = 1.1, 1.7
    run = qb.charge(battery, qb.protocols.BlochPreparation(theta, phi), jnp.array([0.0, t]))
    rho, cell = battery.density_matrix(run.final_state), battery.cell(run.final_state)
    assert tree_allclose(
        (rho[1, 0] + rho[3, 2], cell[1, 0], rho[2, 1]),
        (
            bloch_moments.charger_lowering(battery, theta, t, phi),
            bloch_moments.battery_lowering(battery, theta, t, phi),
            bloch_moments.exchange(battery, theta, t),
        ),
        rtol=0,
        atol=EXACT,
    )
