"""Stationary and metastable states of repeated collisions, against brute force."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.sparse.linalg

import qbjax as qb
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _channels as channels
from qbjax.batteries.collisional._diagonals import diagonals
from qbjax.batteries.collisional._loss import Loss
from qbjax.batteries.collisional._metastable import MetastableWarning
from qbjax.batteries.collisional.stationary import POSITIVE
from qbjax.dynamics.record.trajectory import TruncationWarning
from tests.helpers import tree_allclose

TRAP = np.pi / np.sqrt(15)
BEYOND = qb.batteries.Collisional(qb.algebra.ladders.oscillator(3), 0, 0, 0.1)

quiet = pytest.mark.filterwarnings(
    "ignore::qbjax.batteries.collisional._metastable.MetastableWarning",
    "ignore::qbjax.dynamics.TruncationWarning",
)


def stationary(battery, theta, *qubit, **options):
    return qb.batteries.stationary_state(
        battery, qb.protocols.Collisions([theta], *qubit), **options
    )


@pytest.mark.parametrize(
    ("trap", "expected"),
    [
        (15, (3.801665551, 0.854388838, 0.615452753)),
        pytest.param(15.6, (3.909748408, 0.852345459, 0.618132646), marks=pytest.mark.slow),
    ],
)
def test_lossy_micromaser(trap, expected):
    battery = qb.batteries.micromaser(36, 0.1, 0.15)
    report = stationary(battery, np.pi / np.sqrt(trap), 0.25, 1.0)
    found = report.stationary
    np.testing.assert_allclose((found.energy, found.purity, found.fano), expected, rtol=2e-9)
    assert not report.is_metastable
    assert not report.depends_on_truncation
    assert (report.slow, report.permanent) == (1, 1)
    assert 0.12 < report.gap < 0.13


@pytest.mark.parametrize(
    ("trap", "energy", "rate"),
    [
        (15, 6.108582946728, 1.6864e-10),
        pytest.param(15.6, 6.374940419, None, marks=pytest.mark.slow),
    ],
)
def test_a_metastable_state_is_told_from_the_stationary_one(trap, energy, rate):
    """E after 1000 and 10 000 collisions, found elsewhere: the second has drifted by 1.7e-10 per
    collision of the way to the end."""
    battery = qb.batteries.micromaser(80, 1e-3, 0.15)
    with pytest.warns(MetastableWarning, match="is metastable"):
        report = stationary(battery, np.pi / np.sqrt(trap), 0.25, 1.0)
    assert report.is_metastable
    assert report.slow == 2
    assert report.permanent == 1
    assert report.stationary.energy > 40
    drift = 1000 * report.gap * (report.stationary.energy - report.reached.energy)
    assert report.reached.energy + drift == pytest.approx(energy, rel=3e-9)
    if rate is not None:
        assert report.stationary.energy == pytest.approx(40.37, abs=5e-3)
        assert report.gap == pytest.approx(rate, rel=1e-3)
        assert report.lifetimes[1] == pytest.approx(5.93e9, rel=1e-2)
        later = report.reached.energy + 10 * drift
        assert later == pytest.approx(6.108634941483, rel=1e-8)
    assert "metastable" in report.summary()


@quiet
@pytest.mark.parametrize("coherence", [0, 1.0])
def test_lossless_traps_reach_their_closed_forms(coherence):
    report = stationary(qb.batteries.micromaser(24), TRAP, 0.25, coherence)
    closed = np.zeros((24, 24), complex)
    closed[:15, :15] = qb.batteries.trapping_state(15, 0.25, coherence)
    assert tree_allclose(np.asarray(report.stationary.density_matrix), closed, rtol=1e-9)
    assert report.permanent > 1
    assert report.gap < 1e-12


@quiet
@pytest.mark.slow
def test_what_is_reached_is_a_state():
    """Where slow and fast modes are not far apart, a cut between them would give none."""
    report = stationary(qb.batteries.micromaser(200, 1e-3, 0.15), TRAP, 0.25)
    populations = np.real(np.diag(report.reached.density_matrix))
    assert np.min(populations) > -POSITIVE
    assert report.reached.ergotropy < report.reached.energy
    assert report.is_metastable


@quiet
def test_a_start_above_the_trap_stays_above():
    battery = qb.batteries.micromaser(40)
    report = stationary(battery, TRAP, 0.25, initial=np.eye(40)[20])
    assert report.stationary.energy > 15
    assert np.all(np.abs(np.diag(report.stationary.density_matrix)[:15]) < 1e-12)


def test_what_has_no_end_depends_on_the_truncation():
    with pytest.warns(TruncationWarning, match="where the ladder was cut"):
        report = stationary(qb.batteries.micromaser(40), np.pi / np.sqrt(15.6), 0.25)
    assert report.depends_on_truncation
    assert report.refined_energy > report.stationary.energy + 5


@pytest.mark.slow
def test_the_trap_at_390_bounds_incoherent_charging():
    ladder = qb.algebra.ladders.oscillator(400)
    q = 0.25
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = stationary(qb.batteries.Collisional(ladder), np.pi / np.sqrt(15.6), q)
    assert report.stationary.energy == pytest.approx(389 - q / (1 - 2 * q), rel=1e-6)


@quiet
@pytest.mark.parametrize(("q", "theta", "size"), [(0.3, 0.9, 12), (0.0, 0.4, 9), (0.5, 0.7, 20)])
def test_classical_lossless_rates_are_squares_of_singular_values(q, theta, size):
    r"""$1 - T = BB^T$ for the symmetric tridiagonal T similar to the map: step l has
    $\sqrt{1-q}\,s_l$ below and $-\sqrt q\,s_l$ above."""
    report = stationary(qb.batteries.micromaser(size), theta, q)
    s = np.sin(theta * np.sqrt(np.arange(1, size)))
    B = np.zeros((size, size - 1))
    B[np.arange(size - 1), np.arange(size - 1)] = np.sqrt(1 - q) * s
    B[np.arange(1, size), np.arange(size - 1)] = -np.sqrt(q) * s
    rates = np.sort(np.concatenate([[0.0], scipy.linalg.svdvals(B) ** 2]))
    gap = np.sort(1 - np.abs(1 - rates))[1]
    assert report.gap == pytest.approx(gap, rel=1e-6)


@quiet
@pytest.mark.parametrize(
    ("ladder", "loss", "thermal", "qubit"),
    [
        (qb.algebra.ladders.oscillator(6), 0.05, 0.2, (0.3, 0.7)),
        pytest.param(qb.algebra.ladders.spin(2.0), 0.02, 0, (0.4, 1.0), marks=pytest.mark.slow),
        (qb.algebra.ladders.uniform(6), 0, 0, (0.5, 0.5)),
        (qb.algebra.ladders.oscillator(1), 0, 0, (0.3, 1.0)),
    ],
)
def test_against_dense_linear_algebra(ladder, loss, thermal, qubit):
    """Powers of the whole N² × N² map, phase included; its spectrum where it is symmetric."""
    theta, phase, size = 0.6, 0.4, ladder.size
    battery = qb.batteries.Collisional(ladder, loss, thermal)
    report = stationary(battery, theta, *qubit, phase)
    q, x = jnp.asarray(qubit[0]), channels.overlap(jnp.asarray(qubit[0]), jnp.asarray(qubit[1]))
    met = channels.Collision(jnp.asarray(theta), q, x)
    lose = Loss(ladder, loss, thermal) if loss else (lambda state: state)

    def move(flat):
        return lose(channels.collide(ladder.couplings, flat.reshape(size, size), met)).ravel()

    dense = np.asarray(jax.jit(jax.jacfwd(move))(jnp.zeros(size * size)))
    start = np.eye(size * size)[0]
    end = (np.linalg.matrix_power(dense, 2**20) @ start).reshape(size, size)
    expected = channels.from_real_gauge(jnp.asarray(end), phase)
    assert tree_allclose(report.stationary.density_matrix, expected, rtol=1e-8)
    upper = np.triu_indices(size)
    mirror = np.zeros((size * size, len(upper[0])))
    for column, (n, m) in enumerate(zip(*upper, strict=True)):
        mirror[[n * size + m, m * size + n], column] = 1
    symmetric = np.linalg.eigvals(np.linalg.pinv(mirror) @ dense @ mirror)
    moduli = np.sort(np.abs(symmetric))[::-1]
    if size > 1:
        assert report.gap == pytest.approx(1 - moduli[1], rel=1e-6)
    else:
        assert np.isnan(report.gap)


@pytest.mark.slow
def test_loss_during_the_collision_is_a_small_correction():
    r"""Of a round of $\gamma t_r = 0.1$, a part γτ acts together with the exchange."""
    size, thermal, q = 18, 0.15, 0.25
    a, one = np.diag(np.sqrt(np.arange(1.0, size)), 1), np.eye(2 * size)
    A, H = np.kron(a, np.eye(2)), np.kron(a, [[0.0, 0.0], [1.0, 0.0]])
    H = TRAP * (H + H.T)
    lost = np.zeros((4 * size**2, 4 * size**2))
    for rate, J in [(thermal + 1, A), (thermal, A.T)]:
        lost += rate * (np.kron(J, J) - (np.kron(J.T @ J, one) + np.kron(one, J.T @ J)) / 2)
    exchange = np.kron(H, one) - np.kron(one, H.T)
    x = np.sqrt(q * (1 - q))
    qubit = np.array([[q, x], [x, 1 - q]])
    split = stationary(qb.batteries.micromaser(size, 0.1, thermal), TRAP, q, 1.0).stationary.energy

    def stored(during):
        after = Loss(qb.algebra.ladders.oscillator(size), 0.1 - during, thermal)
        generator = scipy.sparse.csr_array(during * lost - 1j * exchange)
        rho = np.diag(np.eye(size)[0]).astype(complex)
        for _ in range(130):
            whole = np.kron(rho, qubit).ravel()
            whole = scipy.sparse.linalg.expm_multiply(generator, whole, traceA=0)
            rho = np.einsum("aibi->ab", whole.reshape(size, 2, size, 2))
            rho = np.asarray(unpack(after(pack(jnp.asarray(rho))), real=False))
        return np.arange(size) @ np.real(np.diag(rho))

    assert stored(0.001) - split == pytest.approx(8.4e-4, rel=1e-2)
    assert stored(0.1) - split == pytest.approx(8.557e-2, rel=1e-2)


def test_blocks_are_the_map():
    ladder = qb.algebra.ladders.oscillator(7)
    numbers = channels.Collision(*map(jnp.asarray, (0.8, 0.3, 0.4)))
    lose = Loss(ladder, 0.1, 0.3)
    R = np.random.default_rng(0).normal(size=(7, 7))
    R = R + R.T
    moved = np.asarray(lose(channels.collide(ladder.couplings, jnp.asarray(R), numbers)))
    flat, expected = (np.concatenate([np.diagonal(r, k) for k in range(7)]) for r in (R, moved))
    blocks = diagonals(ladder, numbers, lose)
    np.testing.assert_allclose(blocks(flat[:, None])[:, 0], expected, atol=1e-13)
    other = np.random.default_rng(1).normal(size=(28, 1))
    there, back = other.T @ blocks(flat[:, None]), blocks(other, dual=True).T @ flat[:, None]
    np.testing.assert_allclose(there, back, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((3, 0.1), {}, TypeError, "`battery` must be a qb.batteries.Collisional"),
        ((BEYOND, 0.1), {}, ValueError, "`battery` must be without counter-rotating terms"),
        ((None, [0.1, 0.2]), {}, ValueError, "`collision` must be one collision"),
        ((None, 0.1), {"slow": 0.0}, ValueError, "`slow` must be greater than 0"),
        ((None, 0.1), {"initial": np.eye(4)}, ValueError, "`initial` must"),
        (
            (None, 0.1),
            {"initial": np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 0]])},
            ValueError,
            "`initial` must have no coherences but",
        ),
    ],
)
def test_bad_input(arguments, options, error, words):
    battery, theta = arguments
    battery = qb.batteries.micromaser(3) if battery is None else battery
    stream = qb.protocols.Collisions(np.atleast_1d(theta), 0.3)
    with pytest.raises(error, match=words):
        qb.batteries.stationary_state(battery, stream, **options)


def test_traced_input_is_refused():
    def energy(theta):
        return stationary(qb.batteries.micromaser(3), theta).stationary.energy

    with pytest.raises(TypeError, match="`collision` must be known before compilation"):
        jax.jit(energy)(jnp.asarray(0.3))
