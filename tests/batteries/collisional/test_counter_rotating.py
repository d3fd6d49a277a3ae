"""Collisional batteries beyond the rotating-wave approximation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.record.trajectory import TruncationWarning
from tests.helpers import central_difference, tree_allclose

LADDERS = qb.algebra.ladders


def charge(battery, theta, *qubit, **options):
    return qb.charge(battery, qb.protocols.Collisions(theta, *qubit), **options)


@pytest.mark.parametrize(
    ("clock", "energies"),
    [
        ("restarts", (0.3885219587, 2.9262280346, 5.9913200069)),
        ("runs_on", (0.3885219587, 2.8527410099, 5.9762913907)),
    ],
)
def test_both_clocks(clock, energies):
    battery = qb.batteries.Collisional(LADDERS.oscillator(40), 0, 0, 0.1, clock)
    run = charge(battery, np.full(20, 0.8), 0.25, 1.0)
    np.testing.assert_allclose(run.energy[np.array([1, 5, 20])], energies, rtol=1e-9)
    assert float(jnp.max(run.trace_defect)) < 1e-13
    assert run.to_xarray().energy.shape == (21,)


@pytest.mark.parametrize("qubit", [(0.25,), (0.25, 1.0), (0.25, 0.6, 0.4)])
def test_weak_coupling_is_the_rotating_wave_approximation(qubit):
    ladder, theta = LADDERS.oscillator(20), np.array([0.8, 0.3, 0.5])
    plain = charge(qb.batteries.Collisional(ladder, 0.1, 0.2), theta, *qubit)

    def away(ratio):
        battery = qb.batteries.Collisional(ladder, 0.1, 0.2, ratio, "runs_on")
        return jnp.abs(charge(battery, theta, *qubit).energy - plain.energy).max()

    assert 0 < float(away(1e-3)) < 2e-3
    assert float(away(1e-5)) < 2e-5


def test_whole_ladders_are_certified_by_themselves():
    battery = qb.batteries.Collisional(LADDERS.spin(1.0), 0, 0, 0.5)
    run = charge(battery, np.full(10, 1.0), 0.1, 0.8)
    assert run.truncation.shape == (11, 0)
    assert battery.refined() is battery


def test_the_certificate_watches_two_levels():
    # An even number of quanta: cold, classical qubits leave level 5 to pairs with an excited one.
    battery = qb.batteries.Collisional(LADDERS.oscillator(6), 0, 0, 1.0)
    protocol = qb.protocols.Collisions([0.4], 1.0)
    run = qb.charge(battery, protocol)
    populations = battery.populations(run.final_state)
    assert float(run.truncation[-1, 0]) == float(populations[-2] + populations[-1])
    with pytest.warns(TruncationWarning, match="ladder"):
        charge(battery, np.full(30, 0.7), 0.5, 1.0)
    assert battery.refined().counter_rotating == 1.0


def test_continued_runs_and_waiting():
    battery = qb.batteries.Collisional(LADDERS.oscillator(16), 0.1, 0, 0.3)
    theta = np.array([0.5, 0.4, 0.3])
    whole = charge(battery, theta, 0.25, 0.6, 0.4)
    first = charge(battery, theta[:1], 0.25, 0.6, 0.4)
    rest = charge(battery, theta[1:], 0.25, 0.6, 0.4, initial=first.final_state)
    np.testing.assert_allclose(rest.energy, whole.energy[1:], rtol=1e-13)
    kept = qb.store(battery, whole.final_state, np.array([0.0, 2.0]))
    np.testing.assert_allclose(kept.energy[1] / kept.energy[0], np.exp(-0.2), rtol=1e-12)


def energy_of(x, adjoint):
    """Of two angles, q, c, α and g/ω."""
    battery = qb.batteries.Collisional(LADDERS.oscillator(10), 0.05, 0, x[5], "runs_on")
    return charge(battery, x[:2], x[2], x[3], x[4], adjoint=adjoint).energy[-1]


@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
def test_gradients():
    x = jnp.array([0.8, 0.5, 0.25, 0.7, 0.4, 0.3])
    forward = jax.jit(jax.jacfwd(lambda x: energy_of(x, "forward")))(x)
    function = jax.jit(lambda x: energy_of(x, "forward"))
    numerical = [central_difference(function, x, e) for e in np.eye(6)]
    np.testing.assert_allclose(forward, numerical, rtol=1e-7, atol=1e-9)


@pytest.mark.slow
def test_reverse_gradients_are_the_forward_ones():
    x = jnp.array([0.8, 0.5, 0.25, 0.7, 0.4, 0.3])
    forward = jax.jit(jax.jacfwd(lambda x: energy_of(x, "forward")))(x)
    assert tree_allclose(
        jax.jit(jax.grad(lambda x: energy_of(x, "reverse")))(x), forward, rtol=1e-10
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"counter_rotating": -0.1}, "`counter_rotating` must be greater than 0"),
        ({"counter_rotating": np.nan}, "`counter_rotating` must"),
        ({"counter_rotating": jnp.asarray(0.0)}, "`counter_rotating` must be greater than 0"),
        ({"counter_rotating": 0.1, "clock": "run_on"}, "`clock` must be one of .*'runs_on'"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        qb.batteries.Collisional(LADDERS.oscillator(3), **options)


def test_streams_of_equal_qubits_differ_while_the_clock_runs_on():
    battery = qb.batteries.Collisional(LADDERS.oscillator(3), 0, 0, 0.1, "runs_on")
    with pytest.raises(ValueError, match="`settled` must be left out while the clock"):
        qb.charge(battery, qb.protocols.Collisions(np.ones(3), settled=1e-9))


@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
def test_losses_stabilise_while_the_coupling_is_not_too_strong():
    """The second paper's outlook, θ = π/√15, q = 0.25, c = 1, n̄ = 0.15, γt_r = 0.1, 100 qubits."""
    stream = qb.protocols.Collisions(np.full(100, np.pi / 15**0.5), 0.25, 1.0, save_every=100)

    def end(ratio, clock="restarts", levels=24):
        ladder = qb.algebra.ladders.oscillator(levels)
        run = qb.charge(qb.batteries.Collisional(ladder, 0.1, 0.15, ratio, clock), stream)
        return float(run.energy[-1]), float(run.purity[-1]), float(run.truncation[-1, 0])

    assert end(0)[:2] == pytest.approx((3.80167, 0.85439), abs=5e-6)
    assert end(0.1)[:2] == pytest.approx((3.87067, 0.85524), abs=5e-5)
    assert end(0.1, "runs_on")[0] == pytest.approx(3.84679, abs=5e-5)
    energy, purity, top = end(0.3, levels=40)
    assert energy > 17  # and the more, the more levels there are
    assert purity < 0.1
    assert top > 1e-3
