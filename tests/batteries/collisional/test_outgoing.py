"""The qubit that leaves a collision, and the account of a stream of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import qbjax as qb
from qbjax.algebra import ladders
from qbjax.algebra.packing import pack
from qbjax.batteries.collisional import _channels as channels
from qbjax.batteries.collisional import _counter_rotating as counter_rotating
from qbjax.batteries.collisional._outgoing import outgoing
from tests.helpers import random_state

THETA, GROUND, OVERLAP = 0.9, 0.35, 0.2 - 0.15j
LADDERS = [ladders.oscillator(6), ladders.spin(1.5), ladders.uniform(1)]
pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")


def met(ladder, rho, theta, q, x, ratio=None):
    """The joint state after U, qubit last, by brute force."""
    A, low = ladder.lowering, np.array([[0.0, 1.0], [0.0, 0.0]])  # basis (g, e)
    H, turn = np.kron(A, low.T) + np.kron(A.T, low), np.eye(2 * ladder.size)
    if ratio is not None:
        free = np.kron(np.diag(ladder.levels), np.eye(2)) + np.kron(
            np.eye(ladder.size), np.diag([-0.5, 0.5])
        )
        H, turn = np.kron(A + A.T, low + low.T) + free / ratio, expm(1j * theta * free / ratio)
    U = turn @ expm(-1j * theta * H)
    joint = U @ np.kron(rho, np.array([[q, x], [np.conj(x), 1 - q]])) @ U.conj().T
    return joint.reshape(ladder.size, 2, ladder.size, 2)


@pytest.mark.parametrize("ladder", LADDERS)
@pytest.mark.parametrize("ratio", [None, 0.2])
def test_the_qubit_afterwards(ladder, ratio):
    rho = random_state(3, ladder.size)
    numbers = (THETA, GROUND, OVERLAP.real, OVERLAP.imag)
    collision = channels.Collision(*map(jnp.asarray, numbers))
    packed = jnp.asarray(pack(channels.real_gauge(rho)))
    if ratio is None:
        found = outgoing(ladder.couplings, packed, collision)
    else:
        spectrum = counter_rotating.sectors(ladder.couplings, jnp.asarray(ratio))
        _, found = counter_rotating.collide(spectrum, packed, collision)
    expected = np.einsum("aiaj->ij", met(ladder, rho, THETA, GROUND, OVERLAP, ratio))
    assert float(found.ground) == pytest.approx(expected[0, 0].real, abs=1e-14)
    left = float(found.overlap) + 1j * float(found.quadrature)
    assert left == pytest.approx(expected[0, 1], abs=1e-14)


def decayed(A, rho, loss):
    """The state after a loss, by the Kraus operators of a damped oscillator."""
    fewer, powers = expm(-loss / 2 * A.T @ A), [np.eye(len(A))]
    for n in range(1, len(A)):
        powers.append(powers[-1] @ A * np.sqrt((1 - np.exp(-loss)) / n))
    return sum(fewer @ K @ rho @ K.T @ fewer for K in powers)


def ergotropy(rho):
    """Of a qubit with basis (g, e), from its eigenvalues."""
    low, high = np.linalg.eigvalsh(rho)
    return rho[1, 1].real - low if high >= low else np.nan


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_an_account_by_brute_force(every):
    """Of twelve qubits with a phase and a lossy ladder; sums do not see `save_every`."""
    ladder, theta, phase = ladders.oscillator(9), np.linspace(0.2, 0.9, 12), 0.7
    battery = qb.batteries.Collisional(ladder, 0.05)
    run = qb.charge(battery, qb.protocols.Collisions(theta, 0.3, 0.8, phase, every))
    x = 0.8 * np.sqrt(0.21) * np.exp(-1j * phase)
    qubit = np.array([[0.3, x], [np.conj(x), 0.7]])
    rho, spent, kept = np.diag(np.eye(9)[0]).astype(complex), 0.0, 0.0
    for angle in theta:
        joint = met(ladder, rho, angle, 0.3, x)
        left, rho = np.einsum("aiaj->ij", joint), np.einsum("aibi->ab", joint)
        spent, kept = spent + left[0, 0].real - 0.3, kept + ergotropy(left)
        rho = decayed(ladder.lowering, rho, 0.05)
    assert float(run.collisions[-1]) == 12
    assert float(run.energy_spent[-1]) == pytest.approx(spent, abs=1e-12)
    assert float(run.ergotropy_brought[-1]) == pytest.approx(12 * ergotropy(qubit), abs=1e-12)
    spent = 12 * ergotropy(qubit) - kept
    assert float(run.ergotropy_spent[-1]) == pytest.approx(spent, abs=1e-12)
    assert float(run.outgoing_energy[-1]) == pytest.approx(left[1, 1].real, abs=1e-12)
    assert float(run.outgoing_ergotropy[-1]) == pytest.approx(ergotropy(left), abs=1e-12)
    assert float(run.outgoing_coherence[-1]) == pytest.approx(abs(left[0, 1]), abs=1e-12)
    share = float(run.ergotropy[-1]) / (12 * ergotropy(qubit))
    assert float(run.efficiency[-1]) == pytest.approx(share, rel=1e-12)
    assert np.isnan(run.outgoing_energy[0])
    assert np.isnan(run.efficiency[0])


@pytest.mark.parametrize("coherence", [0, 0.9])
@pytest.mark.parametrize("ladder", [ladders.oscillator(12), ladders.spin(2)])
def test_without_loss_the_balance_closes(ladder, coherence):
    """What qubits give, q' from its own formula, is what the battery holds."""
    battery = qb.batteries.Collisional(ladder)
    stream = qb.protocols.Collisions(np.full(30, 0.7), 0.2, coherence)
    run = qb.charge(battery, stream, initial=np.eye(ladder.size)[1])
    np.testing.assert_allclose(run.energy_spent, run.energy - run.energy[0], atol=1e-12)


def test_full_swap_wastes_nothing():
    """All that the qubits bring is stored: efficiency 1, and they leave in their ground state."""
    battery = qb.batteries.Collisional(ladders.oscillator(6))
    run = qb.charge(battery, qb.strategies.full_swap(battery, 5))
    assert float(run.efficiency[-1]) == pytest.approx(1.0)
    assert float(run.outgoing_energy[-1]) == pytest.approx(0.0, abs=1e-14)


def test_an_account_does_not_keep_a_stream_from_settling():
    battery = qb.batteries.micromaser(8, loss=0.5)
    stream = qb.protocols.Collisions(np.full(2000, 0.4), 0.25, settled=1e-10)
    run = qb.charge(battery, stream)
    assert int(run.steps) == float(run.collisions[-1]) < 200


@pytest.mark.slow
def test_derivatives_of_the_account():
    ladder = ladders.oscillator(7)

    def told(numbers):
        theta, q, c, loss = numbers
        stream = qb.protocols.Collisions(jnp.full(5, 0.5) + theta, q, c)
        run = qb.charge(qb.batteries.Collisional(ladder, loss), stream)
        return run.ergotropy_spent[-1] + 2 * run.efficiency[-1] + 3 * run.outgoing_coherence[-1]

    numbers = jnp.array([0.1, 0.3, 0.7, 0.05])
    found, step = jax.grad(told)(numbers), 1e-5
    told = jax.jit(told)
    for i, slope in enumerate(found):
        e = step * np.eye(4)[i]
        assert float(slope) == pytest.approx(
            float(told(numbers + e) - told(numbers - e)) / (2 * step), rel=1e-7, abs=1e-9
        )


def test_power_with_waiting():
    """K t₀ more, saved often or not; the power of collisions alone without it."""
    battery = qb.batteries.Collisional(ladders.oscillator(8), 0.1)
    run = qb.charge(battery, qb.protocols.Collisions(np.full(6, 0.5), 0.2, 1.0, save_every=4))
    power = qb.batteries.collisional.resources.power_with_waiting
    np.testing.assert_allclose(power(run, 0), run.ergotropic_power)
    np.testing.assert_allclose(power(run, 0.3, "energy")[1:], run.energy[1:] / np.array([3.2, 4.8]))
    waited = qb.store(battery, run.final_state, np.linspace(0.0, 1.0, 3))
    with pytest.raises(ValueError, match="`run` must count its collisions"):
        power(waited, 0.3)


@pytest.mark.slow
def test_speed_costs_ergotropy():
    """Charging to W = 10, with the fastest equal pure qubits and two classical streams
    (`optimize/collision_efficiency.py`)."""
    battery = qb.batteries.Collisional(ladders.oscillator(40))
    theta = np.geomspace(0.04, 1.1, 16)
    pure = [
        qb.protocols.Collisions(np.full(count, theta[at]), q, 1.0, save_every=count)
        for count, at, q in ((68, 4, 0.4), (22, 10, 0.2))
    ]
    classical = [qb.strategies.full_swap(battery, 10), qb.strategies.greedy(battery, 13)]
    power = qb.batteries.collisional.resources.power_with_waiting
    runs = [qb.charge(battery, stream) for stream in (*pure, *classical)]
    assert min(float(run.ergotropy[-1]) for run in runs) > 9.999
    found = [
        (float(run.efficiency[-1]), float(power(run, 0)[-1]), float(power(run, 0.1)[-1]))
        for run in runs
    ]
    expected = [(0.26, 1.61, 0.79), (0.64, 1.40, 1.10), (1.0, 1.27, 1.13), (0.80, 1.35, 1.15)]
    np.testing.assert_allclose(found, expected, atol=6e-3)
