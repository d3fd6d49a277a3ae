"""Networks of modes by moments: numbers, closed forms, what is conserved, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.gaussian import Drive, moments
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

NUMBERS = {"g": 1.0, "z": 0.2, "F": 0.4, "kb": 0.5, "ka": 0.05}
TIMES = np.linspace(0.0, 4.0, 9)
ENERGY = [
    *(0.0, 0.0027193232075687656, 0.034914200924522874, 0.13070339244483692),
    *(0.28088122496401435, 0.4275258028329886, 0.5058699951624189, 0.49137142173514775),
    0.41189852922792813,
]
ERGOTROPY = [
    *(0.0, 0.0022477299420338133, 0.030646668778394105, 0.12101148293604783),
    *(0.2685519527311086, 0.4146975302059288, 0.49322929703334434, 0.47826592745155716),
    0.3940764182520819,
]
"""QuTiP on 26 × 24 levels: cell a, charger b, H = g(a'b + h.c.) + z/2 (b'² + b²) + F(b + b')."""


def pair(g=1.0, z=0.2, kb=0.5, ka=0.05, thermal=0.0, frequency=1.0):
    """A cell and its charger, which may squeeze; one structure for all."""
    charger = np.diag([0.0, 1.0])
    return qb.batteries.Gaussian(
        2, hamiltonian=g * np.array([[0.0, 1.0], [1.0, 0.0]]), squeezing=z * charger,
        decay=jnp.array([ka, kb]), thermal=thermal * np.array([0.0, 1.0]), drives=[1],
        frequencies=frequency,
    )  # fmt: skip


def charged(amplitude=0.4, times=TIMES, **numbers):
    return qb.charge(pair(**numbers), qb.protocols.Constant(amplitude), times)


def network(modes, seed, **more):
    """Random couplings and squeezing, the latter weak."""
    draw = np.random.default_rng(seed)
    h, s = (draw.normal(size=(2, modes, modes)) @ np.eye(modes) for _ in range(2))
    h, s = h[0] + 1j * h[1], s[0] + 1j * s[1]
    return qb.batteries.Gaussian(
        modes, hamiltonian=(h + h.conj().T) / 2, squeezing=0.1 * (s + s.T), **more
    )


def test_the_numbers_of_fock_space():
    run = charged()
    assert np.max(np.abs(run.energy - np.array(ENERGY))) < 1e-8
    assert np.max(np.abs(run.ergotropy - np.array(ERGOTROPY))) < 1e-8
    parts = run.displacement_ergotropy + run.squeezing_ergotropy
    assert tree_allclose(parts, run.ergotropy, rtol=EXACT)
    assert tree_allclose(run.energy - run.ergotropy, 0.5 / run.purity - 0.5, rtol=1e-10)
    assert tree_allclose(run.charging_power[1:], run.energy[1:] / TIMES[1:], rtol=EXACT)
    assert np.all(np.asarray(run.logarithmic_negativity) >= 0)
    assert run.quanta.shape == (9, 2)


@pytest.mark.parametrize("thermal", [0.0, 0.7])
def test_the_closed_form_of_two_oscillators(thermal):
    """Heat adds energy and no ergotropy; a frequency is a unit."""
    same = qb.batteries.Oscillators(2, coupling=1.3, decay=0.5, thermal=thermal)
    size, heat = same.closed_form(0.6, TIMES)
    run = charged(0.6, g=1.3, z=0.0, kb=0.5, ka=0.0, thermal=thermal, frequency=2.0)
    assert tree_allclose(run.ergotropy, 2 * size**2, rtol=1e-12)
    assert tree_allclose(run.energy, 2 * (size**2 + heat), rtol=1e-12)
    assert tree_allclose(run.squeezing_ergotropy, np.zeros(9), rtol=1e-12)


def test_pulses_and_long_spans_and_uneven_times():
    run = charged()
    smooth = qb.protocols.Function(lambda t: 0.4 * jnp.ones_like(t), 4.0)
    pulsed = qb.charge(pair(), smooth, TIMES)
    assert int(pulsed.steps) > 9
    for name in ("energy", "ergotropy", "logarithmic_negativity"):
        assert tree_allclose(pulsed.observables[name], run.observables[name], rtol=1e-7)
    late = charged(times=np.append(TIMES[:8], 1e5))
    assert tree_allclose(late.energy[:8], run.energy[:8], rtol=1e-11)
    steady = qb.steady_state(pair(), qb.protocols.Constant(0.4))
    assert int(steady.status) == 0
    for name in ("energy", "ergotropy", "purity", "fano", "quanta"):
        assert tree_allclose(late.observables[name][-1], steady.observables[name], rtol=1e-10)


def test_segments_are_exact_and_storing_switches_the_drive_off():
    steps = qb.protocols.PiecewiseConstant([0.4, -0.3, 0.9], 3.0)
    run = qb.charge(pair(), steps, [0.0, 3.0])
    by_hand = None
    for k, amplitude in enumerate((0.4, -0.3, 0.9)):
        piece = qb.charge(
            pair(), qb.protocols.Constant(amplitude), [k, k + 0.4, k + 1.0], initial=by_hand
        )
        by_hand = piece.final_state
    assert tree_allclose(run.energy[-1], piece.energy[-1], rtol=1e-11)
    kept = qb.store(pair(), run.final_state, TIMES)
    off = qb.charge(pair(), qb.protocols.Constant(0.0), TIMES, initial=pair().moments(by_hand))
    assert tree_allclose(kept.energy, off.energy, rtol=1e-11)


def test_what_a_closed_network_conserves():
    """Symplectic eigenvalues of any; energy where nothing is squeezed."""
    start = moments(3, thermal=[0.0, 0.5, 1.2], squeezing=[0.6, 0.3j, 0.0], displacement=1.0)
    closed = network(3, 1, drives=[np.array([1.0, 0.5j, 0.0])], cell=[0, 2], frequencies=[1.0, 2.0])
    run = qb.charge(closed, qb.protocols.Constant(0.7), [0.0, 1.0, 5.0], initial=start)
    values = closed.symplectic_eigenvalues(run.final_state)
    assert tree_allclose(values, np.array([0.5, 1.0, 1.7]), rtol=1e-11)
    assert np.all(np.asarray(run.ergotropy) <= np.asarray(run.ergotropy_ceiling) + EXACT)
    assert np.all(np.asarray(run.ergotropy_ceiling) <= np.asarray(run.energy) + EXACT)
    passive = qb.batteries.Gaussian(
        3, hamiltonian=closed.equation.fixed.hamiltonian, cell=[0, 1, 2]
    )
    whole = qb.charge(passive, None, [0.0, 1.0, 5.0], initial=start)
    assert tree_allclose(whole.energy, np.full(3, float(whole.energy[0])), rtol=EXACT)
    assert tree_allclose(whole.passive_energy, np.full(3, 1.7), rtol=1e-11)


def test_gradients():
    """By couplings, squeezing, rates and the amplitude, backwards and forwards."""

    def work(x, adjoint="reverse"):
        battery = pair(x[0], x[1], x[2], x[3])
        protocol = qb.protocols.Constant(x[4])
        run = qb.charge(battery, protocol, [0.0, 2.0], adjoint=adjoint)
        return run.ergotropy[-1] + run.logarithmic_negativity[-1]

    at = jnp.array([*(NUMBERS[name] for name in ("g", "z", "kb", "ka", "F"))])

    @jax.jit
    def both(x, v):
        return jax.grad(work)(x), jax.jvp(lambda x: work(x, "forward"), (x,), (v,))[1]

    v = jnp.array([0.3, -0.5, 0.2, 0.4, 1.0])
    back, forth = both(at, v)
    value = jax.jit(work)
    assert tree_allclose(forth, central_difference(value, at, v), rtol=GRADIENT)
    assert tree_allclose(back @ v, forth, rtol=1e-10)


def test_gradients_at_the_vacuum_and_where_modes_are_alike_are_finite():
    def merit(x):
        battery = qb.batteries.Gaussian(
            3, hamiltonian=x * np.ones((3, 3)), decay=x, thermal=0.3, cell=[0, 1], drives=[2]
        )
        (first, last) = qb.charge(battery, qb.protocols.Constant(0.1 * x), [0.0, 1.0]).ergotropy
        return first + last

    slope = jax.jit(jax.grad(merit))(1.0)
    assert np.isfinite(slope)
    assert abs(float(slope)) > 1e-3


@pytest.mark.slow
@pytest.mark.standard_promotion  # optax mixes integers
def test_maximize_and_sweep():
    def work(protocol, battery):
        return qb.charge(battery, protocol, [0.0, 2.0]).ergotropy[-1]

    free = qb.protocols.Constant(qb.free(0.2, 0.0, 1.0))
    best = qb.maximize(work, free, battery=pair(), steps=3)
    assert float(best.value) > float(work(qb.protocols.Constant(0.2), pair()))
    assert tree_allclose(best.verified_value, best.value, rtol=1e-9)
    data = qb.sweep(
        lambda g: {"energy": charged(g=g, times=[0.0, 2.0]).energy[-1]}, {"g": np.array([0.9, 1.0])}
    )
    assert tree_allclose(float(data.energy[1]), ENERGY[4], rtol=1e-8)


def test_a_modulated_coupling_and_a_squeezing_drive():
    """Signals that multiply h and s: constant ones are the constant h and s."""
    exchange, charger = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([0.0, 1.0])
    driven = qb.batteries.Gaussian(
        2, decay=[0.05, 0.5],
        drives=[
            1, Drive(hamiltonian=exchange), Drive(squeezing=charger), Drive(squeezing=1j * charger),
        ],
    )  # fmt: skip
    amplitudes = (0.4, 1.0, 0.1 + 0.0j, -0.1j)
    pumps = [qb.protocols.Constant(u) for u in amplitudes]
    pumps[1] = qb.protocols.Function(jnp.ones_like, 4.0)
    run = qb.charge(driven, pumps, TIMES)
    assert int(run.steps) > 9
    assert tree_allclose(run.energy, np.array(ENERGY), rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("bend", [0.0, 0.3])
def test_gradients_by_times(bend):
    """Of a run that starts, is looked at and ends at any times, of both kinds of motion."""
    smooth = qb.protocols.Function(lambda t: 0.4 + bend * t, 4.0)
    pulse = smooth if bend else qb.protocols.Constant(0.4)
    start = moments(2, squeezing=0.3, thermal=0.2)

    def work(times):
        run = qb.charge(pair(), pulse, times, initial=start, solver=qb.Solver(1e-11, 1e-13))
        return run.ergotropy[1] + 2 * run.energy[-1]

    at, v = jnp.array([0.1, 0.7, 1.5]), jnp.array([0.5, -0.3, 1.0])
    slope = jax.jit(jax.grad(work))(at) @ v
    assert tree_allclose(slope, central_difference(jax.jit(work), at, v), rtol=GRADIENT)


@pytest.mark.slow
def test_two_hundred_modes():
    """Closed: energy and symplectic eigenvalues stay; lossy: the slope by a loss of all."""
    draw = np.random.default_rng(5)
    h = draw.normal(size=(200, 200)) / 14
    h, thermal = (h + h.T) / 2, draw.uniform(0.0, 1.0, 200)
    start = moments(200, thermal=thermal, squeezing=0.3, displacement=0.5)
    closed = qb.batteries.Gaussian(200, hamiltonian=h)
    run = qb.charge(closed, None, np.linspace(0.0, 50.0, 6), initial=start)
    whole = np.sum(np.asarray(run.quanta), axis=1)
    assert tree_allclose(whole, np.full(6, whole[0]), rtol=1e-12)
    values = closed.symplectic_eigenvalues(run.final_state)
    assert tree_allclose(values, np.sort(thermal) + 0.5, rtol=1e-10)

    def work(decay):
        lossy = qb.batteries.Gaussian(200, hamiltonian=h, decay=decay, thermal=0.1, drives=[199])
        return qb.charge(lossy, qb.protocols.Constant(0.5), [0.0, 5.0]).energy[-1]

    slope = jax.jit(jax.grad(work))(0.2)
    assert tree_allclose(slope, central_difference(jax.jit(work), 0.2), rtol=GRADIENT)
