"""Quantum jumps: closed forms of what is counted, SciPy fed with the same numbers, the mean."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import qbjax as qb
from qbjax.dynamics.unravelling import jumps
from tests.helpers import EXACT

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
FLIP = LOWER + LOWER.T
TIMES = jnp.linspace(0.0, 6.0, 7)
COUNT, MOST = 300, 32


def qubit(decay, **options):
    """A qubit that is driven, and is all there is."""
    return qb.batteries.Lindblad(
        np.zeros((2, 2)), [(decay, LOWER)], dims=(2,), cell=0,
        cell_hamiltonian=np.array([0.0, 1.0]), controls=[FLIP], **options,
    )  # fmt: skip


@jax.jit
def rows(watched, times, efficiency, keys):
    one = jumps.trajectory(watched, times, efficiency=efficiency, most=MOST)
    return jax.lax.map(one, keys)


def keys_of(count, seed=0):
    return jax.vmap(lambda i: jax.random.fold_in(jax.random.key(seed), i))(jnp.arange(count))


def drawn(key, count):
    """The numbers that the first so many jumps of a trajectory take: sizes, picks."""
    _, then = jax.random.split(key)
    return np.array([jumps.draws(then, n) for n in range(count)])


def trajectories(battery, protocol, initial=None, efficiency=None, count=COUNT, times=TIMES):
    watched = battery.monitored(protocol, initial, times)
    return jax.tree.map(np.asarray, rows(watched, times, efficiency, keys_of(count)))


def test_a_qubit_decays_when_its_number_says():
    found = trajectories(qubit(0.5), qb.protocols.Constant(0.0), initial=np.array([0.0, 1.0]))
    for key, times, channels in zip(
        keys_of(20), found["jump_times"], found["jump_channels"], strict=False
    ):
        expected = -np.log(drawn(key, 1)[0, 0]) / 0.5
        if expected < TIMES[-1]:
            assert times[0] == pytest.approx(expected, rel=1e-11)
        assert (channels[0] == 0) == (expected < TIMES[-1])
    assert np.all(np.isnan(found["jump_times"][:, 1:]))
    assert np.all(found["jump_channels"][:, 1:] == -1)
    still = found["jump_counts"][:, :, 0] == 0
    np.testing.assert_allclose(found["energy"], still * 1.0, atol=EXACT)


def test_photons_of_a_driven_qubit_wait_as_they_should():
    # Survival after a photon: c_g = e^{-γt/4}(cos λt + γ/(4λ) sin λt), c_e = (Ω/λ)e^{-γt/4}sin λt.
    decay, drive = 2.0, 1.3
    lam = np.sqrt(drive**2 - decay**2 / 16)
    found = trajectories(qubit(decay), qb.protocols.Constant(drive))
    for n, key in enumerate(keys_of(10)):
        count = found["jump_counts"][n, -1, 0]
        waits = np.diff(found["jump_times"][n, :count], prepend=0.0)
        ground = np.cos(lam * waits) + decay / (4 * lam) * np.sin(lam * waits)
        left = np.exp(-decay * waits / 2) * (ground**2 + (drive / lam * np.sin(lam * waits)) ** 2)
        np.testing.assert_allclose(left, drawn(key, count)[:, 0], rtol=1e-10)
    assert found["jump_counts"][:, -1].max() > 3


def test_all_of_a_cell_known_purely_is_its_energy_and_the_mean_that_of_charge():
    drive = qb.protocols.Constant(1.3)
    found = trajectories(qubit(2.0), drive)
    np.testing.assert_allclose(found["ergotropy"], found["energy"], atol=1e-12)
    np.testing.assert_allclose(found["purity"], 1.0, atol=1e-12)
    run = qb.charge(qubit(2.0), drive, TIMES)
    error = found["energy"].std(axis=0, ddof=1) / np.sqrt(COUNT)
    assert np.all(np.abs(found["energy"].mean(axis=0) - run.energy) <= 4 * error + EXACT)
    assert not found["status"].any()


def test_more_jumps_than_there_is_room_for_are_counted():
    found = trajectories(qubit(30.0), qb.protocols.Constant(20.0))
    assert found["jump_counts"][:, -1].min() > MOST
    assert np.all(np.isfinite(found["jump_times"]))
    assert np.all(np.diff(found["jump_times"]) > 0)


LEVELS = 3
DOWN = np.diag(np.sqrt([1.0, 2.0]), 1)
JUMPS = [np.sqrt(0.4) * DOWN, np.sqrt(0.2) * (np.diag([0.0, 1.0, 2.0]) + 0.3j * DOWN.T)]
STORED = np.diag([0.5, 1.0, 2.0]) + 0.1 * (DOWN + DOWN.T)
STILL = np.diag([0.0, 1.0, 2.3]) + 0.2 * (DOWN + DOWN.T)


def reference(signal, key, edges=()):
    """Jump times, channels and kets at `TIMES` of one trajectory, by SciPy."""
    numbers = drawn(key, 40)
    decay = sum(L.conj().T @ L for L in JUMPS) / 2
    psi, time, n = np.eye(LEVELS, dtype=complex)[0], 0.0, 0
    when, which, seen = [], [], [psi]
    for stop in sorted({*np.asarray(TIMES[1:]).tolist(), *edges}):
        while time < stop:
            A = lambda t: -1j * (STILL + signal(t) * (DOWN + DOWN.T)) - decay  # noqa: E731
            fallen = lambda t, y, n=n: np.sum(abs(y) ** 2) - numbers[n, 0]  # noqa: E731
            fallen.terminal = True
            run = solve_ivp(
                lambda t, y, A=A: A(t) @ y, (time, stop), psi, method="DOP853",
                rtol=1e-11, atol=1e-13, events=fallen, max_step=0.2,
            )  # fmt: skip
            time, psi = run.t[-1], run.y[:, -1]
            if run.status == 1:
                after = [L @ psi for L in JUMPS]
                rates = np.cumsum([np.sum(abs(x) ** 2) for x in after])
                j = int(np.sum(rates <= numbers[n, 1] * rates[-1]))
                when, which, n = [*when, time], [*which, j], n + 1
                psi = after[j] / np.linalg.norm(after[j])
        if stop in TIMES:
            seen.append(psi / np.linalg.norm(psi))
    return np.array(when), np.array(which), np.array(seen)


def ladder():
    return qb.batteries.Lindblad(
        STILL, JUMPS, dims=(LEVELS,), cell=0, cell_hamiltonian=STORED,
        controls=[DOWN + DOWN.T], truncated=(),
    )  # fmt: skip


def bump(t):
    return 0.9 * np.exp(-((t - 2.5) ** 2) / 0.5)


@pytest.mark.parametrize(
    ("protocol", "signal", "edges", "few"),
    [
        (qb.protocols.Constant(0.4), lambda t: 0.4, (), jumps.FEW),
        (qb.protocols.Constant(0.4), lambda t: 0.4, (), 0),
        (qb.protocols.Function(lambda t: 0.9 * jnp.exp(-((t - 2.5) ** 2) / 0.5), 6.0), bump, (), 0),
        (
            qb.protocols.PiecewiseConstant([0.8, -0.3, 0.5], 4.5),
            lambda t: [0.8, -0.3, 0.5, 0.0][min(int(t / 1.5), 3)],
            (1.5, 3.0, 4.5),
            0,
        ),
    ],
    ids=["exponentials", "series", "moving", "edges"],
)
def test_trajectories_are_those_of_scipy_fed_with_the_same_numbers(
    monkeypatch, protocol, signal, edges, few
):
    monkeypatch.setattr(jumps, "FEW", few)
    watched = ladder().monitored(protocol, None, TIMES)
    one = eqx.filter_jit(lambda m, key: jumps.trajectory(m, TIMES, most=MOST)(key))
    total = 0
    for key in keys_of(4, seed=5):
        found = one(watched, key)
        when, which, kets = reference(signal, key, edges)
        total += len(when)
        np.testing.assert_allclose(found["jump_times"][: len(when)], when, atol=1e-8)
        np.testing.assert_array_equal(found["jump_channels"][: len(when) + 1], [*which, -1])
        stored = np.einsum("ti,ij,tj->t", kets.conj(), STORED, kets).real
        stored -= np.linalg.eigvalsh(STORED)[0]
        np.testing.assert_allclose(found["energy"], stored, atol=1e-8)
    assert total > 3


@pytest.mark.slow  # its fast sibling is the moving one above
def test_shorter_steps_change_nothing_where_a_signal_moves(monkeypatch):
    pulse = qb.protocols.Function(lambda t: 0.9 * jnp.exp(-((t - 2.5) ** 2) / 0.5), 6.0)
    watched, keys = ladder().monitored(pulse, None, TIMES), keys_of(8, seed=2)

    def energies():
        one = jumps.trajectory(watched, TIMES, most=MOST)
        return jax.jit(lambda keys: jax.lax.map(one, keys)["energy"])(keys)

    found = energies()
    monkeypatch.setattr(jumps, "FINER", 2 * jumps.FINER)
    np.testing.assert_allclose(energies(), found, atol=1e-9)


def test_what_is_seen_in_full_is_a_ket_and_what_is_not_seen_the_master_equation():
    battery, drive = ladder(), qb.protocols.Constant(0.4)
    pure = trajectories(battery, drive, count=20)
    seen = trajectories(battery, drive, efficiency=jnp.ones(2), count=20)
    for name in ("jump_times", "jump_channels", "energy", "ergotropy", "packed_cell"):
        np.testing.assert_allclose(seen[name], pure[name], atol=1e-9)
    blind = trajectories(battery, drive, efficiency=jnp.zeros(2), count=20)
    run = qb.charge(battery, drive, TIMES)
    assert not blind["jump_counts"].any()
    for name in ("energy", "ergotropy"):
        np.testing.assert_allclose(blind[name][7], run.observables[name], atol=1e-8)


def test_derivatives_are_refused():
    def energy(drive):
        watched = qubit(2.0).monitored(qb.protocols.Constant(drive), None, TIMES)
        return jumps.trajectory(watched, TIMES, most=MOST)(jax.random.key(0))["energy"][-1]

    for derivative in (jax.grad(energy), lambda x: jax.jvp(energy, (x,), (x,))):
        with pytest.raises(NotImplementedError, match="no derivative at a fixed key"):
            derivative(jnp.array(1.0))
