"""Ancillas in any states, by any unitary: QuTiP, qubits on ladders, gradients, refusals."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.batteries import repeated
from tests.ancilla_stream import by_qutip, ergotropy
from tests.helpers import (
    EXACT,
    GRADIENT,
    REFERENCE,
    central_difference,
    random_hermitian,
    random_state,
    random_unitary,
    tree_allclose,
)

CELL, QUTRIT = np.array([0.0, 1.0, 2.5]), np.array([0.0, 1.0, 1.7])
JUMPS = [(0.2, random_hermitian(1, 3) + 1j * random_hermitian(2, 3, real=True)), (0.1, np.eye(3))]
THETA = np.array([[0.9], [0.4], [1.3]])
ANCILLAS = np.stack([random_state(k, 3) for k in (3, 4, 5)])
LADDER, QUBIT = qb.algebra.ladders.oscillator(3), qb.algebra.ladders.spin(1 / 2)


def test_any_ancilla_and_any_interaction():
    G = random_hermitian(0, 9)
    battery = qb.batteries.RepeatedInteractions(CELL, QUTRIT, G, jumps=JUMPS)
    stream = qb.protocols.Ancillas(THETA[:, 0], ANCILLAS)
    run = qb.charge(battery, stream, states="cell")
    states, ledger = by_qutip(G, CELL, QUTRIT, JUMPS, THETA, ANCILLAS, 1)
    assert tree_allclose(np.asarray(run.states), np.stack(states), rtol=REFERENCE)
    seen = {name: float(run.observables[name][-1]) for name in ledger}
    assert tree_allclose(seen, {k: float(x) for k, x in ledger.items()}, rtol=REFERENCE)
    works = np.array([ergotropy(state, CELL) for state in states])
    assert tree_allclose(np.asarray(run.ergotropy), works, rtol=REFERENCE)
    balance = run.spent_energy - run.left_energy + run.switching_work - run.lost_energy
    assert tree_allclose(run.energy, balance, rtol=EXACT)
    assert abs(float(run.switching_work[-1])) > 0.1
    assert tree_allclose(run.times, np.array([0.0, 0.9, 1.3, 2.6]), rtol=EXACT)
    _check_that_a_basis_does_not_matter(G, stream, run)
    _check_kraus_operators(battery, states)


def _check_that_a_basis_does_not_matter(G, stream, run):
    """With Hamiltonians that are matrices, a start that is an eigenvector, and a G within jit."""
    V, W = random_unitary(7, 3), random_unitary(8, 3)
    both = np.kron(V, W)
    turned = qb.protocols.Ancillas(stream.theta, W @ ANCILLAS @ W.conj().T)
    jumps = [(rate, V @ L @ V.conj().T) for rate, L in JUMPS]

    @jax.jit
    def energies(matrix):
        battery = qb.batteries.RepeatedInteractions(
            V @ np.diag(CELL) @ V.conj().T, W @ np.diag(QUTRIT) @ W.conj().T, matrix, jumps=jumps
        )
        again = qb.charge(battery, turned)
        return again.energy, again.left_ergotropy, again.switching_work

    expected = run.energy, run.left_ergotropy, run.switching_work
    assert tree_allclose(energies(jnp.asarray(both @ G @ both.conj().T)), expected, rtol=REFERENCE)


def _check_kraus_operators(battery, states):
    lossless = qb.batteries.RepeatedInteractions(CELL, QUTRIT, random_hermitian(0, 9))
    K = np.asarray(lossless.kraus(THETA[0, 0], ANCILLAS[0]))
    assert K.shape == (9, 3, 3)
    assert tree_allclose(np.einsum("kji,kjl->il", K.conj(), K), np.eye(3) + 0j, rtol=EXACT)
    met = np.einsum("kij,jl,kml->im", K, states[0], K.conj())
    lost = np.asarray(battery.losses.channel(jnp.ones(())))[0]
    assert tree_allclose((lost @ met.ravel()).reshape(3, 3), states[1], rtol=REFERENCE)


def test_two_cells_on_one_stream():
    G = repeated.exchange(LADDER, QUBIT)
    pair = repeated.cascade(LADDER, QUBIT, cells=2, loss=0.1, thermal=0.2)
    theta = np.array([[0.6, 1.1], [0.9, 0.3]])
    rho_Q = np.array([[0.3, 0.2 - 0.3j], [0.2 + 0.3j, 0.7]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", qb.dynamics.TruncationWarning)
        run = qb.charge(pair, qb.protocols.Ancillas(theta, rho_Q), states="cell")
    jumps = [(0.12, LADDER.lowering), (0.02, LADDER.lowering.T)]
    states, ledger = by_qutip(G, LADDER.levels, QUBIT.levels, jumps, theta, [rho_Q] * 2, 2)
    assert run.dims == (3, 3)
    assert tree_allclose(np.asarray(run.states), np.stack(states), rtol=REFERENCE)
    seen = {name: float(run.observables[name][-1]) for name in ledger}
    assert tree_allclose(seen, {k: float(x) for k, x in ledger.items()}, rtol=REFERENCE)
    last = qt.Qobj(states[-1], dims=[[3, 3]] * 2)
    parts = [last.ptrace(k).full() for k in (0, 1)]
    local = sum(ergotropy(part, LADDER.levels) for part in parts)
    assert float(run.local_ergotropy[-1]) == pytest.approx(local, rel=REFERENCE)
    shared = qt.entropy_mutual(last, 0, 1)
    assert float(run.mutual_information[-1]) == pytest.approx(shared, rel=REFERENCE)
    negative = -np.sum(np.minimum(qt.partial_transpose(last, [0, 1]).eigenenergies(), 0.0))
    assert float(run.negativity[-1]) == pytest.approx(negative, rel=REFERENCE, abs=EXACT)
    tops = [np.real(part[-1, -1]) for part in parts]
    assert tree_allclose(np.asarray(run.truncation[-1]), np.array(tops), rtol=REFERENCE)
    assert int(run.status) == 4


@pytest.mark.slow
def test_two_cavities_and_one():
    """The outlook of the micromaser's paper: do correlations of cavities help to charge them?"""
    ladder, found = qb.algebra.ladders.oscillator(7), {}
    for kind, weights, c in (("excited", [0.0, 1.0], 0.0), ("pure", [0.5, 0.5], 1.0)):
        for cells in (1, 2):
            stream = qb.protocols.Ancillas.with_weights(np.full(6, 0.25), weights, c, save_every=6)
            run = qb.charge(repeated.cascade(ladder, QUBIT, cells=cells), stream)
            seen = [run.energy, run.ergotropy] + ([run.local_ergotropy] if cells == 2 else [])
            found[kind, cells] = [round(float(x[-1]), 4) + 0.0 for x in seen]
    assert found == {
        ("excited", 1): [0.4251, 0.0],
        ("excited", 2): [0.9291, 0.2903, 0.0],
        ("pure", 1): [0.6214, 0.5542],
        ("pure", 2): [1.1421, 1.0569, 1.0293],
    }


def test_qubits_on_a_ladder_are_those_of_collisional():
    ladder, theta = qb.algebra.ladders.uniform(7), np.linspace(0.1, 1.0, 12)
    battery = repeated.cascade(ladder, QUBIT, loss=0.05, thermal=0.2)
    stream = qb.protocols.Ancillas.with_weights(theta, [3.0, 7.0], 0.6, 0.4, save_every=6)
    run = qb.charge(battery, stream)
    same = qb.batteries.Collisional(ladder, 0.05, 0.2)
    qubits = qb.protocols.Collisions(theta, 0.3, 0.6, 0.4, save_every=6)
    expected = qb.charge(same, qubits)
    for name in ("energy", "ergotropy", "coherent_ergotropy", "purity", "charging_power"):
        assert tree_allclose(
            run.observables[name][1:], expected.observables[name][1:], rtol=EXACT
        ), name
    cells = battery.cell(run.final_state), same.cell(expected.final_state)
    assert tree_allclose(*map(np.asarray, cells), rtol=EXACT)
    assert run.times.shape == (3,)
    assert battery.info()["collision"] == "8 sectors of up to 2 states"
    assert battery.info()["losses"] == "13 sectors of up to 7 elements"
    waits = qb.store(battery, run.final_state, [0.0, 1.5, 4.0])
    assert tree_allclose(
        waits.energy, qb.store(same, expected.final_state, [0.0, 1.5, 4.0]).energy, rtol=EXACT
    )
    assert tree_allclose(waits.lost_energy, waits.energy[0] - waits.energy, rtol=EXACT)


def test_a_unitary_of_ones_own():
    """The swap, which leaves sectors apart, and one that does not."""
    swap = np.eye(9)[[0, 3, 6, 1, 4, 7, 2, 5, 8]]
    battery = qb.batteries.RepeatedInteractions(CELL, CELL, unitary=swap)
    run = qb.charge(battery, qb.protocols.Ancillas([1.0, 1.0], ANCILLAS[:2]), states="cell")
    assert tree_allclose(np.asarray(run.states[1:]), ANCILLAS[:2], rtol=EXACT)
    assert battery.info()["collision"] == "6 sectors of up to 2 states"
    assert tree_allclose(run.switching_work, np.zeros(3), rtol=EXACT)
    kept = qb.store(battery, run.final_state, [0.0, 1.0])
    assert tree_allclose(kept.ergotropy, jnp.stack([run.ergotropy[-1]] * 2), rtol=EXACT)
    U = random_unitary(6, 9)
    other = qb.batteries.RepeatedInteractions(CELL, CELL, unitary=U)
    run = qb.charge(other, qb.protocols.Ancillas([1.0, 1.0], ANCILLAS[:2]), states="cell")
    met = np.kron(np.diag([1.0, 0.0, 0.0]), ANCILLAS[0])
    after = np.einsum("iaja->ij", (U @ met @ U.conj().T).reshape(3, 3, 3, 3))
    assert tree_allclose(np.asarray(run.states[1]), after, rtol=EXACT)


def test_ancillas_that_are_left_out():
    battery = repeated.cascade(QUBIT, QUBIT, loss=0.1)
    theta = np.array([0.3, 0.7, 0.9])
    some = [qb.protocols.Ancillas(theta, [0.0, 1.0], made=made) for made in (0, 2)]
    runs = [qb.charge(battery, stream) for stream in some]
    short = qb.charge(battery, qb.protocols.Ancillas(theta[:2], [0.0, 1.0]))
    assert tree_allclose(runs[0].energy, np.zeros(4), rtol=0)
    assert tree_allclose(runs[1].energy, short.energy[jnp.array([0, 1, 2, 2])], rtol=EXACT)
    assert tree_allclose(runs[1].left_ergotropy[-1], short.left_ergotropy[-1], rtol=EXACT)
    both = jax.vmap(lambda k: qb.charge(battery, qb.protocols.Ancillas(theta, [0.0, 1.0], made=k)))
    together = both(jnp.array([0, 2])).energy
    assert tree_allclose(together, jnp.stack([run.energy for run in runs]), rtol=EXACT)


NUMBERS = {"theta": 0.7, "detuning": 0.3, "rate": 0.2, "weight": 0.4, "unitary": 0.5}


def stored(number, value, adjoint):
    """Ergotropy that is stored, and that which leaves, as functions of one number."""
    x = {**NUMBERS, number: value}
    lower = qb.algebra.operators.destroy(2)
    G = np.kron(lower, lower.T) + np.kron(lower.T, lower)
    if number == "detuning":
        G = G + x["detuning"] * jnp.asarray(np.kron(np.diag([0.0, 1.0]), np.eye(2)))
    how = {"interaction": G}
    if number == "unitary":
        turn = jnp.stack([jnp.cos(value), jnp.sin(value)])
        block = jnp.stack([turn, turn[::-1] * jnp.array([-1.0, 1.0])])
        how = {"unitary": jnp.eye(4).at[1:3, 1:3].set(block)}
    battery = qb.batteries.RepeatedInteractions(
        [0.0, 1.0], [0.0, 1.0], jumps=[(x["rate"], lower)], **how
    )
    weights = jnp.stack([jnp.asarray(x["weight"]), jnp.ones(())])
    theta = x["theta"] * jnp.array([0.5, 1.0])
    stream = qb.protocols.Ancillas.with_weights(theta, weights, 0.7, 0.2)
    run = qb.charge(battery, stream, adjoint=adjoint)
    return run.ergotropy[-1] + 0.3 * run.left_ergotropy[-1]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(n, marks=pytest.mark.slow) if n in ("detuning", "weight") else n
        for n in NUMBERS
    ],
)
def test_gradients(number):
    at = NUMBERS[number]
    adjoint, derive = ("forward", jax.jacfwd) if number == "rate" else ("reverse", jax.grad)

    @jax.jit
    def both(x):
        def value(y):
            found = stored(number, y, adjoint)
            return found, found

        return derive(value, has_aux=True)(x)

    slope, _ = both(at)
    assert abs(float(slope)) > 1e-3
    difference = central_difference(lambda x: both(x)[1], at)
    assert tree_allclose(slope, difference, rtol=GRADIENT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"interaction": np.eye(4)[[1, 2, 3, 0]]}, "`interaction` must be Hermitian"),
        ({"interaction": np.eye(3)}, r"`interaction` must have shape \(4, 4\)"),
        ({"interaction": None, "unitary": np.diag([1.0, 1.0, 2.0, 1.0])}, r"element \(2, 2\) of"),
        ({"unitary": np.eye(4)}, "`unitary` must be left out where"),
        ({"interaction": None}, "`interaction` must be a Hermitian matrix unless"),
        ({"jumps": [(-1.0, np.eye(2))]}, r"`jumps\[0\]` must be at least 0"),
        ({"jumps": [np.eye(3)]}, r"`jumps\[0\]` must have shape \(2, 2\)"),
        ({"cells": 40}, "`cells` must be small enough"),
    ],
)
def test_what_a_battery_refuses(change, words):
    given = {"hamiltonian": [0.0, 1.0], "ancilla": [0.0, 1.0], "interaction": np.eye(4), **change}
    with pytest.raises((TypeError, ValueError), match=words):
        qb.batteries.RepeatedInteractions(**given)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (qb.protocols.Collisions([0.1]), r"`protocol` must be qb.protocols.Ancillas"),
        (qb.protocols.Ancillas([0.1], [1.0, 0.0, 0.0]), "must hold ancillas of 2 levels"),
        (qb.protocols.Ancillas([[0.1, 0.2, 0.3]], [1.0, 0.0]), "one angle per ancilla or 2"),
    ],
)
def test_what_a_run_refuses(stream, words):
    pair = repeated.cascade(QUBIT, QUBIT, cells=2)
    with pytest.raises((TypeError, ValueError), match=words):
        qb.charge(pair, stream)


def test_times_are_those_of_the_stream():
    with pytest.raises(ValueError, match="`times` must be left out for a stream"):
        qb.charge(repeated.cascade(QUBIT, QUBIT), qb.protocols.Ancillas([0.1], [1, 0.0]), [0, 1])
