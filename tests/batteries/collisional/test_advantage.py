"""The lead of qubits that are all chosen: against dense matrices, and the numbers found."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import comb

import qbjax as qb
from qbjax.batteries.collisional import _counts, advantage
from qbjax.batteries.collisional.advantage import best_lead, critical_stream
from qbjax.batteries.collisional.swap_angles import best_energy
from qbjax.merit import bounds

pytestmark = pytest.mark.standard_promotion  # optax mixes integer types
LADDER = qb.algebra.ladders.oscillator(24)
COUNT = 8


def lossy(damping, ladder=LADDER):
    return qb.batteries.Collisional(ladder, -np.log1p(-damping))


def dense_energy(stream, damping, levels):
    """The energy of a stream of pure qubits, by exponentials of whole Hamiltonians."""
    n = np.arange(levels)
    a, down = np.diag(np.sqrt(n[1:]), 1), np.array([[0, 1.0], [0, 0]])  # |g><e|
    exchange = np.kron(a, down.T) + np.kron(a.T, down)
    losses = [
        np.diag(np.sqrt(comb(n[k:], k) * damping**k * (1 - damping) ** n[: levels - k]), k)
        for k in range(levels)
    ]
    rho = np.diag(np.eye(levels)[0]).astype(complex)
    for theta, q in zip(np.asarray(stream.theta), _counts.populations(stream), strict=True):
        qubit = np.array([np.sqrt(q), np.sqrt(1 - q)])
        both = np.kron(rho, np.outer(qubit, qubit))
        U = expm(-1j * theta * exchange)
        both = (U @ both @ U.conj().T).reshape(levels, 2, levels, 2)
        met = np.einsum("aibi->ab", both)
        rho = sum(K @ met @ K.T for K in losses)
    return float(np.real(np.diagonal(rho) @ n))


@functools.cache
def found(damping, count=COUNT, against="lossless"):
    return best_lead(lossy(damping), count, against=against)


def test_the_lead_is_that_of_its_stream():
    best = found(0.05)
    stream = best.protocol
    energy, tau = dense_energy(stream, 0.05, 24), stream.times()[-1]
    bound = bounds.incoherent_energy(LADDER, tau)
    assert float(best.value) == pytest.approx(energy / float(bound) - 1, abs=1e-9)
    assert float(best.verified_value) == pytest.approx(float(best.value), abs=1e-9)


def test_no_stream_close_by_leads_more():
    best, rng = found(0.05), np.random.default_rng(0)
    theta, q = np.asarray(best.protocol.theta), _counts.populations(best.protocol)

    def ratios(moves):
        def one(move):
            stream = qb.protocols.Collisions(
                jnp.abs(theta + move[0]), jnp.clip(q + move[1], 0, 1), 1.0
            )
            return advantage._Ratio("lossless")(stream, lossy(0.05)) - 1

        return jax.lax.map(one, jnp.asarray(moves))

    near = ratios(0.001 * rng.normal(size=(40, 2, COUNT)))
    assert np.all(near <= best.value + 1e-9)
    assert np.max(near) > best.value - 0.01


def test_classical_qubits_are_among_them():
    """Where nothing leads the best are excited, few, and lose nothing to greedy."""
    best = found(0.05)
    greedily = qb.charge(lossy(0.05), qb.strategies.greedy(lossy(0.05), COUNT))
    bound = jax.vmap(lambda tau: bounds.incoherent_energy(LADDER, tau))(greedily.times[1:])
    assert best.value >= np.max(greedily.energy[1:] / bound) - 1


@pytest.mark.slow
def test_the_slopes_are_those_of_differences():
    theta, q = jnp.array([0.5, 0.3, 0.4]), jnp.array([0.5, 0.3, 0.2])

    def value(x):
        stream = qb.protocols.Collisions(x[:3], x[3:6], 1.0)
        battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(8), x[6])
        return advantage._Ratio("lossy")(stream, battery)

    x, moves = jnp.concatenate([theta, q, jnp.array([0.05])]), 1e-5 * np.eye(7)
    slope, step = jax.jit(jax.grad(value))(x), 1e-5
    moved = jax.lax.map(lambda move: value(x + move), np.concatenate([moves, -moves]))
    np.testing.assert_allclose(slope, (moved[:7] - moved[7:]) / (2 * step), rtol=1e-7, atol=1e-9)


@pytest.mark.slow
def test_as_many_qubits_as_help(monkeypatch):
    """The idle ones before them are left out; of a cold ladder they take nothing."""
    monkeypatch.setattr(_counts, "FIRST", COUNT)
    start = qb.protocols.Collisions(np.full(COUNT, 0.9), 0.3, 1.0)
    battery = lossy(0.2)
    best = best_energy(battery, 2.0, coherent=True, start=start)
    assert 1 <= best.protocol.count < COUNT
    assert float(best.protocol.times()[-1]) == pytest.approx(2.0, rel=1e-6)
    assert float(best.value) == pytest.approx(
        dense_energy(best.protocol, 1 - np.exp(-float(battery.loss)), 24), rel=1e-9
    )
    longer = best_energy(battery, 2.0, COUNT, coherent=True, start=start)
    assert float(longer.value) == pytest.approx(float(best.value), rel=1e-6)
    assert best.value > qb.charge(battery, qb.strategies.full_swap(battery, 1)).energy[-1]


@pytest.mark.slow  # the example of `critical_stream` is the fast one
def test_the_last_lead():
    """At the critical loss a stream just meets the bound; without loss too few have no lead."""
    ladder = qb.algebra.ladders.oscillator(40)
    last = critical_stream(ladder, 24)
    assert last.damping == pytest.approx(0.00059430775, rel=1e-6)
    assert last.energy == pytest.approx(dense_energy(last.protocol, last.damping, 40), rel=1e-9)
    bound = float(bounds.incoherent_energy(ladder, last.time))
    assert last.energy == pytest.approx(bound, rel=1e-9)
    for share in (0.98, 1.02):
        best = best_lead(lossy(share * last.damping, ladder), 24, start=last.protocol)
        assert (best.value > 0) == (share < 1)


def test_streams_of_other_lengths():
    stream = qb.protocols.Collisions([0.2, 0.4], [0.5, 0.3], 1.0)
    longer = _counts.spread(stream, 4)
    np.testing.assert_allclose(longer.theta.sum(), 0.6)
    assert longer.theta.tolist() == sorted(longer.theta.tolist())
    idle = _counts.padded(stream, 4)
    assert idle.theta.tolist() == [0.0, 0.0, 0.2, 0.4]
    assert _counts.without_idle(idle).theta.tolist() == [0.2, 0.4]
    cut = qb.strategies.in_time(qb.protocols.Collisions([0.2, 0.4, 0.4]), 0.5)
    assert _counts.check_start(cut).theta.tolist() == pytest.approx([0.2, 0.3])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damping", "against", "count", "lead"),
    [
        (0.0025, "lossless", 60, 0.08615),
        (0.0025, "lossless", 107, 0.10928),
        (0.004, "lossless", 75, 0.03605),
        (0.006, "lossless", 55, -0.02903),
        (0.006, "lossy", 58, 0.00277),
    ],
)
def test_leads_under_loss(damping, against, count, lead):
    """At least: brute force had .0862 (60), .1076 (90), .0361, -.029, .0026, from one start."""
    battery = lossy(damping, qb.algebra.ladders.oscillator(90))
    best = best_lead(battery, count if count == 60 else None, against=against)
    assert abs(best.protocol.count - count) <= 5
    assert float(best.value) == pytest.approx(lead, abs=2e-4)
    assert float(best.value) >= lead
    energy = dense_energy(best.protocol, damping, 80)
    lost = battery.loss if against == "lossy" else 0
    bound = bounds.incoherent_energy(battery.ladder, best.protocol.times()[-1], lost)
    assert float(best.value) == pytest.approx(energy / float(bound) - 1, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("against", "damping"), [("lossless", 0.005014), ("lossy", 0.006118)])
def test_critical_losses(against, damping):
    last = critical_stream(qb.algebra.ladders.oscillator(80), 60, against=against)
    assert last.damping == pytest.approx(damping, rel=5e-3)
    assert last.damping >= damping


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: best_lead(3), TypeError, "`battery` must be"),
        (lambda: best_lead(lossy(0.0)), ValueError, "`count` must be given"),
        (lambda: best_lead(lossy(0.1), against="greedy"), ValueError, "`against`"),
        (lambda: best_lead(lossy(0.1), start=3), TypeError, "`start` must be"),
        (
            lambda: best_lead(lossy(0.1), start=qb.protocols.Collisions([0.0])),
            ValueError,
            "`start` must make",
        ),
        (
            lambda: best_lead(lossy(0.1, qb.algebra.ladders.oscillator(1)), 2),
            ValueError,
            "two levels",
        ),
        (
            lambda: best_lead(lossy(0.1, qb.algebra.ladders.spin(2)), 2, against="lossy"),
            ValueError,
            "`loss` must be the plain number 0",
        ),
        (lambda: critical_stream(3), TypeError, "`ladder`"),
        pytest.param(
            lambda: critical_stream(LADDER, 2),
            ValueError,
            "`ladder` must leave .* behind",
            marks=pytest.mark.slow,
        ),
        (
            lambda: best_energy(qb.batteries.Collisional(LADDER, 0.1, 0.1), 2.0, coherent=True),
            ValueError,
            "`count` must be given",
        ),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
