"""Ergotropy and its kin: closed forms, invariants, derivatives, bad arguments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbjax import merit
from qbjax.algebra import states
from tests.helpers import (
    EXACT,
    GRADIENT,
    central_difference,
    random_hermitian,
    random_state,
    random_unitary,
    tree_allclose,
)

seeds = st.integers(0, 10**6)
real = st.booleans()
ranks = st.integers(1, 4)
LEVELS = np.array([1.0, 0.0, 2.5, 0.3])
DEGENERATE = np.array([0.0, 1.0, 1.0, 2.0])
MATRIX = random_hermitian(0, 4)
HAMILTONIANS = st.sampled_from([LEVELS, DEGENERATE, np.zeros(4), MATRIX, np.diag(DEGENERATE)])
SLACK = 1e-12

WORKS = jax.jit(
    lambda rho, H: (
        merit.energy(rho, H),
        merit.ergotropy(rho, H),
        merit.coherent_ergotropy(rho, H),
        merit.incoherent_ergotropy(rho, H),
    )
)


@pytest.mark.parametrize("coherence", [0.0, 0.2, 0.3j])
@pytest.mark.parametrize("time", [0.0, 0.4, 2.0])
def test_amplitude_damping_of_a_qubit(coherence, time):
    """Zhang et al. (2026), Eqs. (D8), (D13), (D24)-(D28)."""
    omega, p0 = 1.5, 0.8
    p, c = p0 * np.exp(-time), coherence * np.exp((1j * omega - 0.5) * time)
    rho, levels = np.array([[1 - p, c], [np.conj(c), p]]), np.array([0.0, omega])
    split = np.sqrt((2 * p - 1) ** 2 + 4 * abs(c) ** 2)
    coherent, incoherent = omega / 2 * (split - abs(2 * p - 1)), omega * max(2 * p - 1, 0)
    assert tree_allclose(merit.energy(rho, levels), omega * p, rtol=EXACT)
    assert tree_allclose(merit.coherent_ergotropy(rho, levels), coherent, rtol=EXACT)
    assert tree_allclose(merit.incoherent_ergotropy(rho, levels), incoherent, rtol=EXACT)
    assert tree_allclose(merit.ergotropy(rho, levels), coherent + incoherent, rtol=EXACT)
    assert tree_allclose(merit.capacity(rho, levels), omega * split, rtol=EXACT)


def test_all_the_energy_of_a_pure_state_is_work():
    rho = states.density(states.coherent(40, 1.5j))
    levels = np.arange(40.0)
    energy, work, *_ = WORKS(rho, levels)
    assert tree_allclose(work, energy, rtol=1e-11)
    assert tree_allclose(merit.antiergotropy(rho, levels), 2.25 - 39.0, rtol=1e-11)


def test_a_level_order_is_only_a_name():
    rho, order = random_state(1, 4), [2, 0, 3, 1]
    shuffled = rho[np.ix_(order, order)]
    expected = WORKS(rho, LEVELS)
    assert tree_allclose(WORKS(shuffled, LEVELS[order]), expected, rtol=EXACT)
    assert tree_allclose(WORKS(rho, np.diag(LEVELS)), expected, rtol=EXACT)


def test_coherence_inside_a_degenerate_level_survives_dephasing():
    rho = np.zeros((4, 4))
    rho[1:3, 1:3] = 0.5
    assert tree_allclose(merit.coherent_ergotropy(rho, DEGENERATE), 0.0, rtol=EXACT)
    assert tree_allclose(merit.incoherent_ergotropy(rho, DEGENERATE), 1.0, rtol=EXACT)
    split = np.array([0.0, 1.0, 1.0 + 1e-6, 2.0])
    assert tree_allclose(merit.incoherent_ergotropy(rho, split), 0.5, rtol=1e-5)
    assert tree_allclose(merit.incoherent_ergotropy(rho, split, atol=1e-5), 1.0, rtol=1e-5)


def test_a_basis_of_the_hamiltonian_is_only_a_name():
    rho, U = random_state(2, 4), random_unitary(3, 4)
    H = U @ np.diag(DEGENERATE) @ U.conj().T
    turned = U @ rho @ U.conj().T
    assert tree_allclose(WORKS(turned, H), WORKS(rho, DEGENERATE), rtol=1e-11)


@given(seeds, ranks, real, HAMILTONIANS)
def test_ergotropy_is_positive_below_the_energy_and_the_sum_of_its_parts(seed, rank, real, H):
    energy, work, coherent, incoherent = WORKS(random_state(seed, 4, rank=rank, real=real), H)
    assert -SLACK <= work <= energy + SLACK
    assert coherent >= -SLACK
    assert incoherent >= -SLACK
    assert abs(coherent + incoherent - work) <= SLACK


@given(seeds, ranks, HAMILTONIANS)
def test_a_passive_state_gives_no_work_and_is_reached_by_a_unitary(seed, rank, H):
    rho = random_state(seed, 4, rank=rank)
    _, V = np.linalg.eigh(np.diag(H) if H.ndim == 1 else H)
    passive = (V * np.linalg.eigvalsh(rho)[::-1]) @ V.conj().T
    energy, work, coherent, incoherent = WORKS(passive, H)
    assert max(abs(work), abs(coherent), abs(incoherent)) <= SLACK
    assert abs(energy - merit.passive_energy(rho, H)) <= SLACK


@given(seeds, seeds, st.floats(0, 1), HAMILTONIANS)
def test_ergotropy_is_convex(one, other, weight, H):
    rho, sigma = random_state(one, 4, rank=2), random_state(other, 4, rank=1)
    mixture = weight * rho + (1 - weight) * sigma
    bound = weight * WORKS(rho, H)[1] + (1 - weight) * WORKS(sigma, H)[1]
    assert WORKS(mixture, H)[1] <= bound + SLACK


@given(seeds, ranks, HAMILTONIANS)
def test_capacity_is_ergotropy_minus_antiergotropy_and_unitarily_invariant(seed, rank, H):
    rho, U = random_state(seed, 4, rank=rank), random_unitary(seed + 1, 4)
    capacity, anti = merit.capacity(rho, H), merit.antiergotropy(rho, H)
    assert anti <= SLACK
    assert abs(capacity - (merit.ergotropy(rho, H) - anti)) <= SLACK
    assert abs(capacity - merit.capacity(U @ rho @ U.conj().T, H)) <= 10 * SLACK


@given(seeds, HAMILTONIANS)
def test_no_unitary_extracts_more(seed, H):
    rho, U = random_state(seed, 4), random_unitary(seed + 1, 4)
    extracted = merit.energy(rho, H) - merit.energy(U @ rho @ U.conj().T, H)
    assert merit.antiergotropy(rho, H) - SLACK <= extracted <= merit.ergotropy(rho, H) + SLACK


MERITS = [
    merit.ergotropy,
    merit.coherent_ergotropy,
    merit.incoherent_ergotropy,
    merit.antiergotropy,
    merit.capacity,
]


@pytest.mark.parametrize("H", [LEVELS, MATRIX], ids=["levels", "matrix"])
@pytest.mark.parametrize("merit_of", MERITS, ids=lambda f: f.__name__)
def test_gradients_against_differences(merit_of, H):
    rho = random_state(11, 4)
    step = random_hermitian(12, 4) / 50
    step = step - np.trace(step).real / 4 * np.eye(4)

    def along(t):
        return merit_of(rho + jax.lax.complex(t * step.real, t * step.imag), H)

    everything = jax.jit(lambda t: (along(t), jax.grad(along)(t), jax.jacfwd(along)(t)))
    expected = float(central_difference(lambda t: everything(t)[0], 0.0))
    assert tree_allclose(everything(0.0)[1:], (expected, expected), rtol=GRADIENT)


@pytest.mark.parametrize("H", [DEGENERATE, np.diag(DEGENERATE)], ids=["levels", "matrix"])
@pytest.mark.parametrize("rho", [np.eye(4)[:1].T @ np.eye(4)[:1], np.eye(4) / 4])
def test_gradients_and_hessians_are_finite_on_the_vacuum_and_the_mixed_state(rho, H):
    def work(x):
        return merit.coherent_ergotropy(rho + x, H) + merit.incoherent_ergotropy(rho + x, H)

    both = jax.jit(lambda x: (jax.grad(work)(x), jax.hessian(work)(x)))
    assert all(jnp.isfinite(derivative).all() for derivative in both(jnp.zeros((4, 4))))


def test_gradient_in_the_hamiltonian():
    rho, turn = random_state(13, 4), random_hermitian(14, 4) / 20

    def along(t):
        H = MATRIX + jax.lax.complex(t * turn.real, t * turn.imag)
        return merit.incoherent_ergotropy(rho, H)

    expected = float(central_difference(jax.jit(along), 0.0))
    assert tree_allclose(jax.jit(jax.grad(along))(0.0), expected, rtol=GRADIENT)


def test_instantaneous_ergotropic_power_is_the_derivative_away_from_ties():
    rho, step = random_state(15, 4), random_hermitian(16, 4) / 20
    step = step - np.trace(step).real / 4 * np.eye(4)
    for H in (LEVELS, MATRIX):
        slope = jax.jvp(lambda r, H=H: WORKS(r, H)[1], (rho,), (step,))[1]
        assert tree_allclose(merit.instantaneous_ergotropic_power(rho, step, H), slope, rtol=1e-10)


@pytest.mark.parametrize(
    ("start", "slope"), [(np.diag([0.0, 0, 0, 1]), -2.25), (np.eye(4) / 4, 1.5)]
)
def test_instantaneous_ergotropic_power_is_exact_at_ties(start, slope):
    step, levels = np.full((4, 4), 0.25) - start, np.arange(4.0)
    power = merit.instantaneous_ergotropic_power(start, step, levels)
    assert tree_allclose(power, slope, rtol=EXACT)
    work = [merit.ergotropy(start + t * step, levels) for t in (0.0, 1e-7)]
    assert tree_allclose((work[1] - work[0]) / 1e-7, slope, rtol=1e-5)


def test_batched_equals_looped_and_traced_levels_equal_known_ones():
    stack = np.stack([random_state(seed, 4) for seed in range(3)])
    looped = [WORKS(rho, DEGENERATE) for rho in stack]
    batched = jax.vmap(lambda rho: WORKS(rho, DEGENERATE))(stack)
    assert tree_allclose(batched, tuple(map(jnp.stack, zip(*looped))), rtol=EXACT)
    known = merit.incoherent_ergotropy(stack[0], LEVELS)
    assert tree_allclose(jax.jit(merit.incoherent_ergotropy)(stack[0], LEVELS), known, rtol=EXACT)


def test_a_block_diagonal_spectrum_needs_no_whole_matrix():
    blocks = [0.3 * random_state(17, 2), 0.7 * random_state(18, 2)]
    rho = np.zeros((4, 4), complex)
    rho[:2, :2], rho[2:, 2:] = blocks
    spectrum = jnp.concatenate([jnp.linalg.eigvalsh(jnp.asarray(b)) for b in blocks])
    value = merit.passive_energy_of_spectrum(spectrum, LEVELS)
    assert tree_allclose(value, merit.passive_energy(rho, LEVELS), rtol=EXACT)


@pytest.mark.parametrize("merit_of", [*MERITS, merit.passive_energy, merit.active_energy])
@pytest.mark.parametrize(
    ("rho", "H", "words"),
    [
        (np.eye(2), [0, 1], "`rho` must have trace 1"),
        (np.diag([1.5, -0.5]), [0, 1], "`rho` must be positive, but has the eigenvalue -0.5"),
        (np.array([[0.5, 1], [0, 0.5]]), [0, 1], "`rho` must be Hermitian"),
        (np.full((2, 2), np.nan), [0, 1], "`rho` must be finite, but is nan"),
        (np.eye(2, dtype=np.float32) / 2, [0, 1], "`rho` must be in double precision"),
        (np.eye(2) / 2, [0, 1, 2], r"`H` must have shape \(2,\), but has shape \(3,\)"),
        (np.eye(2) / 2, np.array([0, 1], np.float32), "`H` must be in double precision"),
        (np.eye(2) / 2, np.array([[0, 1], [0, 0]]), "`H` must be Hermitian"),
    ],
)
def test_bad_arguments(merit_of, rho, H, words):
    with pytest.raises((TypeError, ValueError), match=words):
        merit_of(rho, H)


def test_bad_motion_and_bad_atol():
    with pytest.raises(ValueError, match=r"`drho` must have shape \(2, 2\)"):
        merit.instantaneous_ergotropic_power(np.eye(2) / 2, np.zeros((3, 3)), [0, 1])
    with pytest.raises(ValueError, match="`atol` must be at least 0"):
        merit.coherent_ergotropy(np.eye(2) / 2, [0, 1], atol=-1.0)
