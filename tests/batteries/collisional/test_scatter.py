"""Streams that are not perfect: detuned, missed, late and scattered qubits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt
from scipy.linalg import expm
from scipy.stats import beta, norm

import qbjax as qb
from qbjax.algebra import ladders
from tests.helpers import random_state

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
Scatter, Collisions = qb.protocols.Scatter, qb.protocols.Collisions
LADDER = ladders.oscillator(5)
NUMBERS = {"theta": 0.8, "q": 0.3, "x": 0.2 - 0.15j, "detuning": 0.0}
QUBIT = (0.3, abs(0.2 - 0.15j) / np.sqrt(0.21), -np.angle(0.2 - 0.15j))  # q, c, α


def collided(rho, theta, q, x, detuning, ratio=None):
    """The ladder after U, by brute force."""
    A, low, one = LADDER.lowering, np.array([[0.0, 1.0], [0.0, 0.0]]), np.eye(2)
    tilt = np.diag([-0.5, 0.5])
    H = np.kron(A, low.T) + np.kron(A.T, low) + detuning * np.kron(np.eye(5), tilt)
    turn = np.eye(10)
    if ratio is not None:
        free = np.kron(np.diag(LADDER.levels), one) + np.kron(np.eye(5), tilt)
        H = H + np.kron(A, low) + np.kron(A.T, low.T) + free / ratio
        turn = expm(1j * theta * free / ratio)
    U = turn @ expm(-1j * theta * H)
    joint = U @ np.kron(rho, np.array([[q, x], [np.conj(x), 1 - q]])) @ U.conj().T
    return np.einsum("aibi->ab", joint.reshape(5, 2, 5, 2))


def mean(rho, name, values, weights, **fixed):
    """The mean over one number that is scattered."""
    states = [collided(rho, **{**NUMBERS, **fixed, name: value}) for value in values]
    return np.tensordot(weights / np.sum(weights), states, 1)


def charged(rho, battery=None, detuning=0, **scatter):
    """The state after one collision; scatter of a number is named so, or `scattered_…`."""
    scatter = {name.removeprefix("scattered_"): value for name, value in scatter.items()}
    battery = qb.batteries.Collisional(LADDER) if battery is None else battery
    scatter = Scatter(**scatter) if scatter else None
    stream = Collisions([NUMBERS["theta"]], *QUBIT, detuning=detuning, scatter=scatter)
    return np.asarray(battery.cell(qb.charge(battery, stream, initial=rho).final_state))


@pytest.mark.parametrize("ratio", [None, 0.3])
def test_a_detuned_qubit(ratio):
    rho = random_state(5, 5)
    battery = qb.batteries.Collisional(LADDER, counter_rotating=0 if ratio is None else ratio)
    found = charged(rho, battery, detuning=1.7)
    expected = collided(rho, **{**NUMBERS, "detuning": 1.7}, ratio=ratio)
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_a_classical_detuned_stream():
    """Populations alone; and what the qubits lost is what the ladder holds, off resonance too."""
    theta = [0.5, 0.9, 0.7]
    run = qb.charge(qb.batteries.Collisional(LADDER), Collisions(theta, 0.1, detuning=0.8))
    rho = np.diag(np.eye(5)[0])
    for angle in theta:
        rho = collided(rho, angle, 0.1, 0.0, 0.8)
    assert run.final_state.layout.diagonal
    np.testing.assert_allclose(run.final_state.content, np.diag(rho).real, atol=1e-14)
    np.testing.assert_allclose(run.energy_spent, run.energy, atol=1e-14)


GRID = np.linspace(-8, 8, 81)


@pytest.mark.parametrize("ratio", [None, pytest.param(0.4, marks=pytest.mark.slow)])
def test_scattered_angles_and_detunings(ratio):
    """Against the trapezoidal rule, whose error is far below."""
    rho, weights = random_state(6, 5), norm.pdf(GRID)
    battery = qb.batteries.Collisional(LADDER, counter_rotating=0 if ratio is None else ratio)
    for name, sigma, scatter in (("theta", 0.08, 0.1), ("detuning", 0.5, 0.5)):
        values = NUMBERS[name] + sigma * GRID
        found = charged(rho, battery, **{"scattered_" + name: scatter})
        expected = mean(rho, name, values, weights, ratio=ratio)
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_scattered_qubits():
    """Phases and populations take coherence away; a missed qubit leaves the ladder as it is."""
    rho = random_state(7, 5)
    values = NUMBERS["x"] * np.exp(-0.6j * GRID)
    expected = mean(rho, "x", values, norm.pdf(GRID))
    np.testing.assert_allclose(charged(rho, phase=0.6), expected, atol=1e-12)
    nu = 0.3 * 0.7 / 0.15**2 - 1
    q = (np.arange(20000) + 0.5) / 20000
    weights = beta.pdf(q, 0.3 * nu, 0.7 * nu)
    root = np.average(np.sqrt(q * (1 - q)), weights=weights)
    expected = collided(rho, **{**NUMBERS, "x": NUMBERS["x"] * root / np.sqrt(0.21)})
    np.testing.assert_allclose(charged(rho, ground_population=0.15), expected, atol=1e-7)
    expected = 0.75 * collided(rho, **NUMBERS) + 0.25 * rho
    np.testing.assert_allclose(charged(rho, missed=0.25), expected, atol=1e-13)


def test_coherence_that_narrow_scatter_leaves():
    """To second order 1 − σ²/(8 (q(1 − q))²), where Γ functions alone would be rounding."""
    for sigma in (1e-6, 1e-4, 3e-3):
        kept = 1 - float(Scatter(ground_population=sigma).coherence_kept(0.3))
        assert kept == pytest.approx(sigma**2 / (8 * 0.21**2), rel=1e-3, abs=1e-15)
    at_switch = [float(Scatter(ground_population=s).coherence_kept(0.5)) for s in (0.0704, 0.0705)]
    assert at_switch[0] - at_switch[1] == pytest.approx(2 * 0.0704 * 1e-4 / (8 * 0.0625), rel=0.1)
    exact = Scatter(ground_population=jnp.asarray(0.0))
    assert float(exact.coherence_kept(0.0)) == float(exact.coherence_kept(0.3)) == 1.0


@pytest.mark.parametrize("ladder", [ladders.oscillator(5), ladders.spin(2)])
@pytest.mark.parametrize("thermal", [0, 0.4])
def test_random_waiting(ladder, thermal):
    """The resolvent of the Liouvillian, by QuTiP; of populations too."""
    battery = qb.batteries.Collisional(ladder, 0.7, thermal)
    scatter = Scatter(waiting="random")
    A = qt.Qobj(ladder.lowering)
    L = qt.liouvillian(None, [np.sqrt(0.7 * (thermal + 1)) * A, np.sqrt(0.7 * thermal) * A.dag()])
    for rho in (random_state(8, 5), np.diag([0.1, 0.4, 0.0, 0.2, 0.3])):
        run = qb.charge(battery, Collisions([0.0], scatter=scatter), initial=rho)
        vector = np.linalg.solve(np.eye(25) - L.full(), np.asarray(rho, complex).ravel(order="F"))
        expected = vector.reshape(5, 5, order="F")
        np.testing.assert_allclose(battery.cell(run.final_state), expected, atol=1e-13)


def test_poissonian_arrivals_lead_to_the_micromaser_s_law():
    """Filipowicz, Javanainen and Meystre (1986), Eq. (16), in the units of this battery."""
    theta, loss, thermal = 0.8, 0.2, 0.15
    battery = qb.batteries.micromaser(40, loss, thermal)
    stream = Collisions(np.full(400, theta), save_every=400, scatter=Scatter(waiting="random"))
    n = np.arange(1.0, 40)
    gain = thermal * loss * n + np.sin(theta * np.sqrt(n)) ** 2
    p = np.cumprod(np.concatenate([[1.0], gain / ((thermal + 1) * loss * n)]))
    run = qb.charge(battery, stream)
    np.testing.assert_allclose(run.final_state.content, p / p.sum(), atol=1e-10)


def test_many_streams_drawn_at_random():
    """The mean of 3000 streams, all numbers of all their qubits drawn, missed ones among them."""
    sigma = {"theta": 0.2, "detuning": 0.6, "phase": 0.5, "missed": 0.2}
    rng, shape, battery = np.random.default_rng(1), (3000, 4), qb.batteries.Collisional(LADDER, 0.1)
    theta = 0.6 * (1 + 0.2 * rng.normal(size=shape)) * (rng.random(shape) > 0.2)
    detuning, phase = 0.6 * rng.normal(size=shape), 0.5 * rng.normal(size=shape)

    @jax.jit
    @jax.vmap
    def energy(theta, detuning, phase):
        stream = Collisions(theta, 0.3, 0.9, phase, detuning=detuning, save_every=4)
        return qb.charge(battery, stream).energy[-1]

    drawn = energy(np.maximum(theta, 0), detuning, phase)
    stream = Collisions(np.full(4, 0.6), 0.3, 0.9, scatter=Scatter(**sigma))
    found = float(qb.charge(battery, stream).energy[-1])
    assert abs(found - drawn.mean()) < 3.5 * drawn.std() / 3000**0.5


@pytest.mark.slow
@pytest.mark.parametrize("coherence", [pytest.param(0, marks=pytest.mark.slow), 0.8])
def test_derivatives_by_scatter(coherence):
    battery = qb.batteries.Collisional(LADDER, 0.1)

    @jax.jit
    def energy(numbers):
        missed, theta, ground_population, phase, detuning, mean = numbers
        scatter = Scatter(missed, theta, ground_population, phase, detuning, "random")
        stream = Collisions(np.full(4, 0.6), 0.3, coherence, detuning=mean, scatter=scatter)
        run = qb.charge(battery, stream)
        return run.energy[-1] + run.ergotropy_spent[-1]

    numbers, step = jnp.array([0.1, 0.1, 0.1, 0.2, 0.3, 0.4]), 1e-5
    for i, slope in enumerate(jax.grad(energy)(numbers)):
        e = step * np.eye(6)[i]
        difference = float(energy(numbers + e) - energy(numbers - e)) / (2 * step)
        assert float(slope) == pytest.approx(difference, rel=1e-6, abs=1e-9)


@pytest.mark.slow
def test_a_slope_at_resonance_and_at_no_scatter():
    """Zero by symmetry, and finite: no term is dropped."""

    def energy(numbers):
        scatter = Scatter(theta=numbers[0], ground_population=numbers[1], detuning=numbers[2])
        stream = Collisions(np.full(3, 0.6), 0.3, 0.8, detuning=numbers[3], scatter=scatter)
        return qb.charge(qb.batteries.Collisional(LADDER), stream).energy[-1]

    np.testing.assert_allclose(jax.grad(energy)(jnp.zeros(4)), 0.0, atol=1e-12)


def test_too_few_nodes_are_refused_or_marked():
    battery, theta = qb.batteries.Collisional(LADDER), jnp.array([3.0])
    with pytest.raises(ValueError, match=r"`nodes` of the scatter must be at least 13 .* is 12"):
        qb.charge(battery, Collisions(theta, scatter=Scatter(theta=0.15)))
    with pytest.raises(ValueError, match=r"must be more than 64 .*: scatter less"):
        qb.charge(battery, Collisions(theta, scatter=Scatter(theta=9.0)))
    run = jax.jit(lambda s: qb.charge(battery, Collisions(theta, scatter=Scatter(theta=s))))
    assert np.isfinite(run(0.05).energy[-1])
    assert np.isnan(run(0.15).energy[-1])


@pytest.mark.parametrize(
    ("battery", "options", "scatter", "words"),
    [
        ({}, {}, {"ground_population": 0.45}, r"less than √\(q\(1 − q\)\) = 0.4, but is 0.45"),
        ({"counter_rotating": 0.1, "clock": "runs_on"}, {}, {"theta": 0.1}, "clock runs on"),
        ({}, {"detuning": [0.1]}, {}, r"`detuning` must have shape \(3"),
    ],
)
def test_refusals(battery, options, scatter, words):
    made = qb.batteries.Collisional(LADDER, **battery)
    with pytest.raises(ValueError, match=words):
        qb.charge(made, Collisions([0.1] * 3, 0.2, 1.0, **options, scatter=Scatter(**scatter)))


def test_a_stationary_state_of_scattered_qubits_is_refused():
    for options in ({"detuning": 0.1}, {"scatter": Scatter(missed=0.1)}):
        with pytest.raises(ValueError, match="`collision` must be resonant and without scatter"):
            qb.batteries.stationary_state(
                qb.batteries.micromaser(5, 0.1), Collisions([0.3], **options)
            )
