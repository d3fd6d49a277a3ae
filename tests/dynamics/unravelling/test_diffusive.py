"""Diffusive trajectories: mean, currents, closed forms of single records, derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import qbjax as qb
from qbjax.dynamics.unravelling.detection import Heterodyne, Homodyne
from qbjax.dynamics.unravelling.diffusive import trajectory
from tests.helpers import GRADIENT

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
SZ = np.diag([-1.0, 1.0])
PHASE, UP, DOWN = 0.3, 0.2, 0.5
DRIVE = 0.97
"""No place where the number of steps changes: there single records do, too."""
SIGHT = np.exp(-1j * PHASE) * LOWER
QUBIT = qb.batteries.Lindblad(
    np.zeros((2, 2)), [(DOWN, LOWER), (UP, LOWER.T)], dims=(2,), cell=0,
    cell_hamiltonian=np.array([0.0, 1.0]), controls=[LOWER + LOWER.T],
    observables={
        "first": np.sqrt(DOWN) * (SIGHT + SIGHT.conj().T),
        "second": np.sqrt(UP) * (SIGHT.conj() + SIGHT.T),
    },
)  # fmt: skip
TIMES = jnp.array([0.0, 0.7, 1.5])
KEYS = jax.vmap(lambda i: jax.random.fold_in(jax.random.key(7), i))(np.arange(400))


def made(battery, amplitude, times=TIMES, **how):
    protocol = qb.protocols.Constant(amplitude) if battery.model.controls else ()
    return trajectory(battery.monitored(protocol, None, times), times, **how)


@jax.jit
def derived(keys, amplitude):
    """Rows of homodyne records, and their derivatives by the drive for a fixed key."""

    def one(key):
        def row(u):
            return made(QUBIT, u, detection=Homodyne(PHASE))(key)

        return jax.jvp(row, (amplitude,), (jnp.ones(()),))

    return lax.map(one, keys)


@pytest.fixture(scope="module")
def rows():
    return derived(KEYS, jnp.asarray(DRIVE))


def assert_mean(values, expected, bound=4.0):
    values = np.asarray(values)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    assert np.all(np.abs(values.mean(axis=0) - expected) <= bound * error + 1e-12)


def charged(amplitude, times):
    return qb.charge(QUBIT, qb.protocols.Constant(amplitude), times)


def test_the_mean_is_that_of_the_master_equation(rows):
    found, _ = rows
    run = charged(DRIVE, TIMES)
    assert_mean(found["energy"], run.energy)
    assert_mean(found["step_error"], 0.0)
    assert float(np.max(np.std(found["step_error"], axis=0))) < 0.02
    assert np.all(found["status"] == 0)
    np.testing.assert_allclose(found["purity"], 1.0, atol=1e-12)
    # Pure states of all that stores: the daemonic ergotropy is the energy.
    np.testing.assert_allclose(found["ergotropy"], found["energy"], atol=1e-12)


def test_currents_show_the_quadratures(rows):
    found, _ = rows
    finer = np.concatenate([np.linspace(0.0, 0.7, 9), np.linspace(0.7, 1.5, 9)[1:]])
    run = charged(DRIVE, finer)
    seen = np.stack([run.first, run.second], axis=1)
    simpson = np.array([1, 4, 2, 4, 2, 4, 2, 4, 1]) / 24
    expected = np.stack([simpson @ seen[:9], simpson @ seen[8:]])
    assert_mean(found["currents"], expected)
    lengths = np.diff(TIMES)[:, None]
    noise = np.var(found["currents"], axis=0) * lengths
    assert np.all((noise > 0.72) & (noise < 2.0))  # shot noise, and something of the signal


def test_derivatives_for_a_fixed_key(rows):
    """Against differences of the same key; their mean against the master equation's."""
    _, slopes = rows
    step = 1e-5
    high, low = (derived(KEYS, jnp.asarray(DRIVE + s))[0] for s in (step, -step))
    for name in ("energy", "currents"):
        difference = np.asarray(high[name] - low[name]) / (2 * step)
        np.testing.assert_allclose(slopes[name], difference, rtol=GRADIENT, atol=1e-6)
    slope = jax.jacfwd(_energy)(DRIVE)
    assert_mean(slopes["energy"], slope)


def _energy(amplitude):
    protocol = qb.protocols.Constant(amplitude)
    return qb.charge(QUBIT, protocol, TIMES, adjoint="forward").energy


ONE = qb.batteries.Lindblad(
    np.zeros((2, 2)), [(DOWN, LOWER)], dims=(2,), cell=0,
    cell_hamiltonian=np.array([0.0, 1.0]), controls=[LOWER + LOWER.T],
)  # fmt: skip


def assert_reverse_is_forward(battery, seen, detection):
    def last(u, seen):
        how = {"detection": detection, "efficiency": seen, "steps": 2}
        return made(battery, u, **how)(KEYS[0])["energy"][-1]

    arguments = jnp.asarray(DRIVE), seen
    numbers = (0,) if seen is None else (0, 1)
    back = jax.jit(jax.grad(last, numbers))(*arguments)
    forth = jax.jit(jax.jacfwd(last, numbers))(*arguments)
    np.testing.assert_allclose(back, forth, rtol=1e-10)


@pytest.mark.slow
def test_reverse_mode_is_forward_mode():
    assert_reverse_is_forward(ONE, None, Homodyne())


@pytest.mark.slow
def test_reverse_mode_of_density_matrices_is_forward_mode():
    assert_reverse_is_forward(ONE, jnp.asarray(0.6), Homodyne())


def test_a_record_does_not_depend_on_the_others(rows):
    found, _ = rows
    again, _ = derived(KEYS[::-1], jnp.asarray(DRIVE))
    assert np.array_equal(found["currents"], again["currents"][::-1])


@pytest.mark.parametrize("efficiency", [0.7])
def test_a_spin_that_is_watched_where_it_stays(efficiency):
    r"""Closed forms of single records: $L = \sqrt\kappa\sigma_z$ without a Hamiltonian.

    $\langle\sigma_z\rangle = \tanh(2\sqrt{\kappa\eta}\int I\,dt)$, and coherence decays by what
    is lost alone, $|\rho_{01}|^2 = \rho_{00}\rho_{11}e^{-4\kappa(1-\eta)t}$.
    """
    plus = np.full(2, np.sqrt(0.5))
    rate = 0.6
    watched = qb.batteries.Lindblad(
        np.zeros((2, 2)), [(rate, SZ)], dims=(2,), cell=0, initial=plus,
        cell_hamiltonian=np.array([0.0, 1.0]),
    )  # fmt: skip

    def one(key):
        return made(watched, 0.0, detection=Homodyne(), efficiency=efficiency, steps=40)(key)

    rows = jax.jit(lambda keys: lax.map(one, keys))(KEYS[:20])
    signal = np.cumsum(np.asarray(rows["currents"])[..., 0] * np.diff(TIMES), axis=1)
    z = 2 * np.asarray(rows["energy"])[:, 1:] - 1
    np.testing.assert_allclose(z, np.tanh(2 * np.sqrt(rate * efficiency) * signal), atol=0.02)
    packed = np.asarray(rows["packed_cell"])[:, 1:]
    coherence = (packed[..., 0, 1] ** 2 + packed[..., 1, 0] ** 2) / 2
    lost = np.exp(-4 * rate * (1 - efficiency) * np.asarray(TIMES)[1:])
    np.testing.assert_allclose(
        coherence, packed[..., 0, 0] * packed[..., 1, 1] * lost, rtol=1e-3, atol=1e-6
    )


def lossy_cavity():
    return qb.batteries.TavisCummings(2, 1, cavity_decay=0.6, spin_decay=0.2)


def dephased_chain():
    noise = qb.algebra.jumps.dephasing(0.2, (2, 2), (0, 1))
    return qb.batteries.SpinChain(2, hopping=0.7, fields=1.0, jumps=noise)


def lossy_oscillators():
    return qb.batteries.Oscillators((5, 5), coupling=0.8, decay=0.5)


def turned_qutrit():
    """Complex operators, and jumps that do not commute."""
    rng = np.random.default_rng(5)
    drift, drive, *jumps = 0.4 * (rng.normal(size=(4, 3, 3)) + 1j * rng.normal(size=(4, 3, 3)))
    return qb.batteries.Lindblad(
        drift + drift.conj().T, jumps, dims=(3,), cell=0, cell_hamiltonian=np.arange(3.0),
        controls=[drive + drive.conj().T],
    )  # fmt: skip


PULSE = qb.protocols.PiecewiseConstant([1.0, -0.5, 0.8], 1.5)
FIVE = [
    (lambda: QUBIT, qb.protocols.Function(lambda t: jnp.sin(3 * t), 1.5)),
    (lossy_cavity, PULSE),
    (dephased_chain, PULSE),
    (lossy_oscillators, qb.protocols.Constant(0.1)),
    (turned_qutrit, PULSE),
]


@pytest.mark.slow
@pytest.mark.parametrize("efficiency", [None, 0.7])
@pytest.mark.parametrize(("build", "protocol"), FIVE)
def test_the_mean_of_five_batteries(build, protocol, efficiency):
    battery = build()
    detection = Homodyne(0.4) if efficiency is None else Heterodyne()
    keys = KEYS if efficiency is None else KEYS[:100]

    def one(key):
        monitored = battery.monitored(protocol, None, TIMES)
        how = {"detection": detection, "efficiency": efficiency}
        return trajectory(monitored, TIMES, **how)(key)

    rows = jax.jit(lambda keys: lax.map(one, keys))(keys)
    run = qb.charge(battery, protocol, TIMES)
    assert_mean(rows["energy"], run.energy)
    bias = np.abs(np.mean(rows["step_error"], axis=0))
    noise = np.std(rows["energy"], axis=0) / np.sqrt(len(keys))
    assert np.all(bias <= noise + 1e-12)
    assert np.all(rows["status"] == 0)


@pytest.mark.slow
def test_the_bias_falls_with_the_square_of_the_step():
    """One coarse step to all of the time is off, four are not; `step_error` tells of both."""
    keys = jax.random.split(jax.random.key(0), 40_000)
    exact = np.asarray(charged(DRIVE, TIMES[::2]).energy)[-1]
    bias, told = {}, {}
    for steps in (1, 2, 4):
        one = made(QUBIT, DRIVE, TIMES[::2], detection=Homodyne(PHASE), steps=steps)
        rows = jax.jit(lambda keys, one=one: lax.map(one, keys))(keys)
        energy, off = (np.asarray(rows[name])[:, -1] for name in ("energy", "step_error"))
        error = np.std(energy) / np.sqrt(len(keys))
        bias[steps], told[steps] = (np.mean(energy) - exact) / error, np.mean(off) / error
    # In standard errors of the mean, which is 0.001 throughout.
    assert bias[1] > 6
    assert abs(bias[4]) < 4
    assert abs(bias[2] - told[2]) < 4
    assert abs(bias[4] - told[4]) < 4
    assert 2.5 < told[2] / told[4] < 6
