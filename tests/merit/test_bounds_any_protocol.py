"""Bounds against random protocols of random systems: thousands of each, and none passes."""

import equinox as eqx
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from jax import lax

from qbjax import merit
from qbjax.merit import bounds
from tests.helpers import random_hermitian

D, STRETCHES, PROTOCOLS = 4, 3, 64
ROUNDING = 1e-9
SPIN = np.diag([0.0, 1.0])
SX = np.eye(2)[::-1]
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
EXCHANGE = np.kron(LOWER, LOWER.T) + np.kron(LOWER.T, LOWER)


def inside(matrix):
    """A matrix of few levels among four."""
    found = np.zeros((D, D), complex)
    found[: len(matrix), : len(matrix)] = matrix
    return found


def systems(seed):
    """Operators of a qubit, a qutrit, a spin and a photon, and of what chance makes: drift,
    controls, storage, jumps."""
    rng = np.random.default_rng(seed)
    jump = inside(rng.normal(size=(2, 2)) / 2)
    chance = [random_hermitian(seed + k, D) for k in range(4)]
    ladder = np.diag([1.0, 1.2], 1)
    return {
        "qubit": (SPIN * rng.normal(), [SX, [[0, -1j], [1j, 0]]], SPIN, [LOWER / 2, jump]),
        "qutrit": (
            np.diag([0.0, 1.0, 1.9]), [ladder + ladder.T, np.diag([0.0, 1.0, -1.0])],
            np.diag([0.0, 1.0, 1.9]), [ladder / 2, np.diag([0.0, 0.3, 0.5])],
        ),
        "pair": (
            rng.normal() * np.kron(np.eye(2), SPIN), [EXCHANGE, np.kron(SPIN, np.eye(2))],
            np.kron(SPIN, np.eye(2)), [np.kron(LOWER, np.eye(2)) / 3, np.kron(np.eye(2), LOWER)],
        ),
        "any": (*chance[:1], chance[1:3], chance[3], [chance[0] / 4, jump]),
    }  # fmt: skip


def motion(driven, u, rho):
    """The time derivative of a state under signals u."""
    H = driven.hamiltonian + jnp.tensordot(u.astype(complex), driven.controls, 1)

    def lost(L):
        both = L.conj().T @ L
        return L @ rho @ L.conj().T - (both @ rho + rho @ both) / 2

    return -1j * (H @ rho - rho @ H) + jnp.sum(jax.vmap(lost)(driven.noise), axis=0)


def end(driven, durations, signals):
    """The state after a pulse: exponentials by their series, in four parts of every stretch."""

    def stretch(rho, numbers):
        duration, u = numbers

        def part(rho, _):
            def term(carry, k):
                total, last = carry
                last = motion(driven, u, last) * (duration / 4 / k).astype(complex)
                return (total + last, last), None

            return lax.scan(term, (rho, rho), jnp.arange(1.0, 19.0))[0][0], None

        return lax.scan(part, rho, None, length=4)[0], None

    return lax.scan(stretch, driven.start, (durations, signals))[0]


def hermitian(A):
    return (A + A.conj().T) / 2


@jax.jit
def judged(driven, reach, key):
    """The largest energy of random pulses, and by how much both bounds on power are kept."""
    chance, corners = jax.random.split(key)
    shape = (PROTOCOLS, *reach.low.shape)
    share = jax.random.uniform(chance, shape)
    share = jnp.where(jax.random.bernoulli(corners, 0.5, shape), jnp.round(share), share)
    low, high = (jnp.broadcast_to(x, shape) for x in (reach.low, reach.high))
    signals = low + share * (high - low)

    def one(signals):
        rho = hermitian(end(driven, reach.duration, signals))
        drho = hermitian(motion(driven, signals[-1], rho))
        power = jnp.abs(merit.instantaneous_power(drho, driven.stored))
        H = driven.hamiltonian + jnp.tensordot(signals[-1].astype(complex), driven.controls, 1)
        spread = bounds.information_power(rho, drho, driven.stored) - power
        uncertain = bounds.uncertainty_power(rho, driven.stored, H) - power
        return merit.energy(rho, driven.stored), spread, uncertain, jnp.real(jnp.trace(rho))

    energies, spread, uncertain, traces = jax.vmap(one)(signals)
    return jnp.max(energies), jnp.min(spread), jnp.min(uncertain), jnp.max(jnp.abs(traces - 1))


CASES = {
    "seed": st.integers(0, 10_000),
    "kind": st.sampled_from(["qubit", "qutrit", "pair", "any"]),
    "time": st.floats(0.02, 1.2),
}


def drawn(seed, kind, time):
    """A system, what its signals can do, and a start that need not be the ground state."""
    drift, controls, stored, losses = systems(seed)[kind]
    rng = np.random.default_rng(seed)
    ket = np.eye(D)[0].astype(complex)
    if seed % 3 == 0:
        ket = rng.normal(size=D) + 1j * rng.normal(size=D)
    if kind == "pair" and seed % 3:
        ket = np.eye(D)[1]
    driven = bounds.Driven(
        inside(drift), [inside(A) for A in controls], inside(stored),
        [inside(L) for L in losses], ket / np.linalg.norm(ket),
    )  # fmt: skip
    ends = np.sort(rng.normal(size=(2, STRETCHES, 2)), axis=0)
    return driven, bounds.Reach(time * rng.uniform(0.2, 1.0, STRETCHES), *ends)


@given(**CASES)
def test_no_unitary_protocol_passes(seed, kind, time):
    driven, reach = drawn(seed, kind, time)
    still = eqx.tree_at(lambda d: d.noise, driven, jnp.zeros_like(driven.noise))
    energy, spread, uncertain, defect = judged(still, reach, jax.random.key(seed))
    assert energy <= bounds.angle_energy(still, reach) + ROUNDING
    assert energy <= bounds.backward_energy(still, reach, steps=8).energy + ROUNDING
    assert min(spread, uncertain) > -ROUNDING
    assert defect < ROUNDING


@given(**CASES)
def test_no_lossy_protocol_passes(seed, kind, time):
    driven, reach = drawn(seed, kind, time)
    energy, spread, _, defect = judged(driven, reach, jax.random.key(seed))
    assert energy <= bounds.angle_energy(driven, reach) + ROUNDING
    assert energy <= bounds.backward_energy(driven, reach, steps=8).energy + ROUNDING
    assert spread > -ROUNDING
    assert defect < ROUNDING
