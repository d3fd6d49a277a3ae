"""Modulated frequencies, Eq. (6) of the second paper, against the Schrödinger equation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import qbjax as qb

Collisional, Collisions = qb.batteries.Collisional, qb.protocols.Collisions
LADDER = qb.algebra.ladders.oscillator(4)
RATIO, ETA, NU = 0.2, 1.1, 9.0
BEST = 1.2024127788
"""Half the first zero of J₀."""
pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")


def propagator(ladder, start, end):
    """Of the interaction picture, time-ordered by Dormand and Prince."""
    size = 2 * ladder.size
    A, low = np.kron(ladder.lowering, np.eye(2)), np.array([[0.0, 1.0], [0.0, 0.0]])
    low = np.kron(np.eye(ladder.size), low)

    def slope(t, y):
        counter = np.exp(2j * (t / RATIO + ETA * np.sin(NU * t))) * A.T @ low.T
        H = A @ low.T + A.T @ low + counter + counter.conj().T
        return (-1j * H @ y.reshape(size, size)).ravel()

    first = np.eye(size, dtype=complex).ravel()
    y = solve_ivp(slope, (start, end), first, method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
    return y.reshape(size, size)


@pytest.mark.parametrize("clock", ["restarts", "runs_on"])
@pytest.mark.parametrize(
    "ladder", [LADDER, pytest.param(qb.algebra.ladders.spin(1), marks=pytest.mark.slow)]
)
def test_a_stream(clock, ladder):
    battery = Collisional(ladder, 0, 0, RATIO, clock, modulation=ETA, modulation_frequency=NU)
    run = qb.charge(battery, Collisions([0.4, 1.7, 0.3], 0.3, 0.9, 0.4))
    x = 0.9 * np.sqrt(0.21) * np.exp(-0.4j)
    qubit = np.array([[0.3, x], [np.conj(x), 0.7]])
    rho, time = np.diag(np.eye(ladder.size)[0]), 0.0
    for theta in (0.4, 1.7, 0.3):
        U = propagator(ladder, time, time + theta)
        joint = (U @ np.kron(rho, qubit) @ U.conj().T).reshape(ladder.size, 2, ladder.size, 2)
        rho, time = np.einsum("aibi->ab", joint), time + theta * (clock == "runs_on")
    np.testing.assert_allclose(battery.cell(run.final_state), rho, atol=1e-9)
    assert float(run.outgoing_energy[-1]) == pytest.approx(joint[:, 1, :, 1].trace().real, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["restarts", "runs_on"])
def test_no_modulation_is_none(clock):
    """Also after hundreds of periods, where the clock ran on."""
    stream = Collisions([0.4, 200.0, 0.3], 0.3, 0.9)
    none = Collisional(LADDER, 0.1, 0.2, RATIO, clock)
    still = Collisional(
        LADDER, 0.1, 0.2, RATIO, clock, modulation=jnp.asarray(0.0), modulation_frequency=NU
    )
    runs = [qb.charge(battery, stream) for battery in (none, still)]
    np.testing.assert_allclose(*(run.energy for run in runs), atol=1e-7)


def energy(ratio=0, nu=None, eta=BEST, levels=26):
    """After twenty qubits of a micromaser."""
    modulation = {} if nu is None else {"modulation": eta, "modulation_frequency": nu}
    battery = Collisional(qb.algebra.ladders.oscillator(levels), 0, 0, ratio, **modulation)
    stream = Collisions(np.full(20, 0.8), 0.25, 1.0, save_every=20)
    return float(qb.charge(battery, stream).energy[-1])


@pytest.mark.slow
def test_how_fast_a_modulation_must_be():
    """At g/ω = 0.1 none is better than a slow one, worst at ν = 2ω, where it drives the terms it is
    to remove; at 0.5 a fast one brings the rotating wave back."""
    assert energy() == pytest.approx(6.08727, abs=5e-6)
    assert energy(0.1) == pytest.approx(5.99132, abs=5e-6)
    slow = [energy(0.1, nu) for nu in (20.0, 40.0, 160.0)]
    assert slow == pytest.approx([5.4059, 6.3044, 6.0419], abs=5e-5)
    # Such a modulation drives pairs, so high that 26 levels are too few for it.
    assert energy(0.1, 20.0, levels=90) == pytest.approx(5.7473, abs=5e-5)
    assert energy(0.5, 160.0) == pytest.approx(6.0546, abs=5e-5)
    wrong = energy(0.1, 160.0, 0.95 * BEST), energy(0.1, 160.0, 1.05 * BEST)
    assert wrong == pytest.approx((6.0393, 6.0455), abs=5e-5)


def test_a_modulation_too_slow_for_its_steps_is_marked():
    battery = Collisional(LADDER, 0, 0, 0.01, modulation=BEST, modulation_frequency=0.5)
    with pytest.warns(qb.dynamics.BreakdownWarning, match="not finite"):
        run = qb.charge(battery, Collisions([0.4]))
    assert int(run.status) != 0


@pytest.mark.slow
def test_derivatives():
    @jax.jit
    def told(numbers):
        eta, nu, ratio, theta = numbers
        battery = Collisional(
            LADDER, 0, 0, ratio, "runs_on", modulation=eta, modulation_frequency=nu
        )
        run = qb.charge(battery, Collisions(jnp.array([0.4, 1.0]) * theta, 0.3, 0.9))
        return run.energy[-1] + run.ergotropy_spent[-1]

    numbers, step = jnp.array([ETA, NU, RATIO, 1.1]), 1e-5
    for i, slope in enumerate(jax.grad(told)(numbers)):
        e = step * np.eye(4)[i]
        difference = float(told(numbers + e) - told(numbers - e)) / (2 * step)
        assert float(slope) == pytest.approx(difference, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"modulation": 1.2, "modulation_frequency": 9.0}, "`modulation` must go with a g/ω"),
        (
            {"counter_rotating": 0.1, "collision_loss": 0.1, "modulation": 1.2},
            "`modulation` must go with no collision loss",
        ),
        ({"modulation_frequency": 9.0}, "`modulation_frequency` must be left out"),
        (
            {"counter_rotating": 0.1, "modulation": 1.2, "modulation_frequency": 0.0},
            "`modulation_frequency` must be greater than 0",
        ),
    ],
)
def test_refusals(options, words):
    with pytest.raises(ValueError, match=words):
        Collisional(LADDER, **options)


def test_detuned_qubits_are_refused():
    battery = Collisional(LADDER, 0, 0, 0.1, modulation=1.2, modulation_frequency=9.0)
    with pytest.raises(ValueError, match="`detuning` must be left out where frequencies"):
        qb.charge(battery, Collisions([0.4], detuning=0.1))
