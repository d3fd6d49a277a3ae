"""Cells and chargers that share one excitation: QuTiP, closed forms, entanglement, refusals."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch import optima as bloch_optima
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

REFERENCE = 1e-9
"""QuTiP at tolerances of 1e-12."""

CHARGER = qb.protocols.BlochPreparation(2.0, 0.4, length=0.8)
LOSSY = {"coupling": 1.2, "decay": 0.3, "frequency": 2.0, "detuning": -0.5, "cell_decay": 0.1}
CASES = {
    "three cells": (3, 1, "star"),
    "three chargers": (1, 3, "star"),
    "two by two": (2, 2, "star"),
    "a chain": (3, 1, "chain"),
    "a chain of chargers": (2, 2, "chain"),
}
ALIKE = {"coupling": 1.2, "decay": 0.3, "frequency": 2.0, "cell_decay": 0.3}
TIMES = np.array([0.0, 0.8, 2.1])


def lines(cells, chargers, geometry):
    """Pairs of neighbours: cells come first, chargers after them, the nearest first."""
    if geometry == "star":
        return list(itertools.product(range(cells), range(cells, cells + chargers)))
    order = [*range(cells + chargers - 1, cells - 1, -1), *range(cells)]
    return list(itertools.pairwise(order))


def by_qutip(cells, chargers, geometry, times=TIMES):
    """States of 2^(N + M) levels: no sector, no symmetry."""
    n = cells + chargers
    s = [qt.tensor([qt.destroy(2) if k == j else qt.qeye(2) for k in range(n)]) for j in range(n)]
    J, decay, omega, delta, lost = LOSSY.values()
    H = sum((omega + (delta if j >= cells else 0)) * s[j].dag() * s[j] for j in range(n))
    H += sum(
        J * (s[j].dag() * s[k] + s[k].dag() * s[j]) for j, k in lines(cells, chargers, geometry)
    )
    jumps = [np.sqrt(decay if j >= cells else lost) * s[j] for j in range(n)]
    ground = qt.tensor([qt.basis(2, 0)] * n)
    shared = sum(s[j].dag() * ground for j in range(cells, n)) / np.sqrt(chargers)
    rho = np.asarray(CHARGER.density_matrix())
    pair = ground, shared
    start = sum(complex(rho[i, j]) * pair[i] * pair[j].dag() for i in (0, 1) for j in (0, 1))
    options = {"method": "dop853", "rtol": 1e-12, "atol": 1e-13}
    return qt.mesolve(H, start, times, jumps, options=options).states


def in_sector(state, count):
    """The elements of a state of qubits between no excitation and one in each."""
    places = [0, *(2 ** (count - 1 - j) for j in range(count))]
    return state.full()[np.ix_(places, places)]


def passive(rho, count, omega):
    """Least energy of so many qubits by any unitary, over all their levels."""
    levels = np.sort([omega * bin(k).count("1") for k in range(2**count)])
    return np.sort(rho.eigenenergies())[::-1] @ levels


@pytest.mark.parametrize("case", CASES)
def test_qutip(case):
    """Every observable, of the whole Hilbert space."""
    cells, chargers, _ = CASES[case]
    battery = qb.batteries.BlochArray(*CASES[case], **LOSSY)
    run = qb.charge(battery, CHARGER, TIMES, states="cell")
    states, omega = by_qutip(*CASES[case]), LOSSY["frequency"]
    own = [s.ptrace(list(range(cells))) for s in states]
    expected = np.stack([in_sector(s, cells) for s in own])
    assert tree_allclose(run.states, expected, rtol=0, atol=REFERENCE)
    last = battery.density_matrix(run.final_state)
    whole = in_sector(states[-1], cells + chargers)
    assert tree_allclose(last, whole, rtol=0, atol=REFERENCE)
    single = [[s.ptrace(j) for j in range(cells + chargers)] for s in states]
    populations = np.array([[x.diag()[1] for x in row] for row in single])
    assert tree_allclose(run.populations, populations, rtol=0, atol=REFERENCE)
    energy = omega * populations[:, :cells].sum(axis=1)
    assert tree_allclose(run.energy, energy, rtol=0, atol=REFERENCE)
    left = np.array([passive(s, cells, omega) for s in own])
    assert tree_allclose(run.ergotropy, energy - left, rtol=0, atol=REFERENCE)
    assert tree_allclose(run.passive_energy, left, rtol=0, atol=REFERENCE)
    assert tree_allclose(run.passive_power[1:], left[1:] / TIMES[1:], rtol=0, atol=REFERENCE)
    alone = [[passive(x, 1, omega) for x in row[:cells]] for row in single]
    local = energy - np.array(alone).sum(axis=1)
    assert tree_allclose(run.local_ergotropy, local, rtol=0, atol=REFERENCE)
    assert tree_allclose(run.purity, np.array([s.purity() for s in own]), rtol=0, atol=REFERENCE)
    pairs = list(itertools.combinations(range(cells), 2))
    mean = [np.mean([qt.concurrence(s.ptrace(p)) for p in pairs] or [0.0]) for s in states]
    assert tree_allclose(run.cell_concurrence, np.array(mean), rtol=0, atol=1e-6)
    assert tree_allclose(
        run.concurrence, np.array([halves(s, cells) for s in states]), rtol=0, atol=1e-6
    )


def halves(state, cells):
    """Concurrence of cells and chargers, each as the qubit that their excitation makes of them."""
    count = len(state.dims[0])
    rho = in_sector(state, count)
    one = rho[1:, 1:]
    # The share of cells and of chargers in the one vector that ρ has of the excitation.
    weight, vectors = np.linalg.eigh(one)
    a = np.sqrt(max(weight[-1], 0)) * vectors[:, -1]
    inside = [np.linalg.norm(a[:cells]), np.linalg.norm(a[cells:])]
    pair = np.zeros((4, 4))
    pair[0, 0] = rho[0, 0].real
    pair[1:3, 1:3] = np.outer(inside, inside)
    return qt.concurrence(qt.Qobj(pair, dims=[[2, 2], [2, 2]]))


@pytest.mark.parametrize("case", CASES)
def test_closed_forms(case):
    """Amplitudes at once, of a chain with equal losses, against the propagation."""
    numbers = LOSSY if "chain" not in case else ALIKE
    battery = qb.batteries.BlochArray(*CASES[case], **numbers)
    run = qb.charge(battery, CHARGER, TIMES, save=lambda t, state: state.content[0])
    excited = (
        np.asarray(battery.amplitudes(TIMES))
        * np.exp(0.4j - 1j * numbers["frequency"] * TIMES)[:, None]
    )
    expected = np.stack([excited.real, excited.imag], axis=-1)
    assert tree_allclose(run.saved, expected, rtol=0, atol=EXACT)


@pytest.mark.parametrize(("cells", "power"), [pytest.param(1, 0.344, marks=pytest.mark.slow),
                                              pytest.param(2, 0.487, marks=pytest.mark.slow),
                                              (3, 0.596)])  # fmt: skip
def test_a_star_is_one_pair_with_a_stronger_coupling(cells, power):
    """Best W/t at θ = π/2 grows with the root of the number of cells."""
    battery = qb.batteries.BlochArray(cells)
    best = bloch_optima.best_ergotropic_power(battery.collective(), np.pi / 2)
    assert round(float(best.value), 3) == power
    assert tree_allclose(best.value, 0.344355406198 * np.sqrt(cells), rtol=1e-10)
    charger = qb.protocols.BlochPreparation(np.pi / 2)
    run = qb.charge(battery, charger, jnp.stack([jnp.zeros(()), best.time]))
    assert tree_allclose(run.ergotropic_power[-1], best.value, rtol=EXACT)
    several = qb.batteries.BlochArray(2, 3, **LOSSY)
    run = qb.charge(several, CHARGER, TIMES)
    alike = qb.charge(several.collective(), CHARGER, TIMES)
    for name in ("ergotropy", "passive_energy", "concurrence", "charger_energy", "purity"):
        expected = alike.observables[name]
        assert tree_allclose(run.observables[name], expected, rtol=0, atol=EXACT), name
    expected = bloch_exact.ergotropy(several.collective(), 2.0, TIMES, 0.8)
    assert tree_allclose(run.ergotropy, expected, rtol=0, atol=EXACT)


def test_one_pair_is_the_bloch_charger():
    one, pair = (
        kind(coupling=1.2, decay=0.3)
        for kind in (qb.batteries.BlochArray, qb.batteries.BlochCharger)
    )
    runs = [qb.charge(battery, CHARGER, TIMES) for battery in (one, pair)]
    for name in runs[0].observables.keys() & runs[1].observables.keys():
        values = [np.asarray(run.observables[name])[1:] for run in runs]
        assert tree_allclose(*values, rtol=0, atol=EXACT), name
    assert tree_allclose(runs[0].local_ergotropy, runs[1].ergotropy, rtol=0, atol=EXACT)


def test_storing_going_on_and_an_envelope():
    """In parts, with the coupling off in between; as one envelope."""
    battery = qb.batteries.BlochArray(3, geometry="chain", **LOSSY)
    first = qb.charge(battery, CHARGER, [0.0, 0.5, 1.0])
    kept = qb.store(battery, first.final_state, [1.0, 1.6])
    rest = qb.charge(battery, None, [1.6, 2.0], initial=kept.final_state)
    lost = first.populations[-1] * np.exp(-0.6 * np.array([0.1, 0.1, 0.1, 0.3]))
    assert tree_allclose(kept.populations[-1], lost, rtol=EXACT)
    shape = qb.protocols.Sampled([0.0, 1.0, 1.0 + 1e-9, 1.6, 1.6 + 1e-9, 2.0], [1, 1, 0, 0, 1, 1.0])
    switched = qb.protocols.BlochPreparation(2.0, 0.4, 0.8, shape)
    whole = qb.charge(battery, switched, [0.0, 1.0, 1.6, 2.0])
    assert tree_allclose(whole.ergotropy[-1], rest.ergotropy[-1], rtol=0, atol=1e-7)
    assert tree_allclose(whole.populations[-1], rest.populations[-1], rtol=0, atol=1e-7)


def test_gradients():
    """By all numbers, in both modes, against differences; `vmap` over couplings."""

    def total(x, adjoint="reverse"):
        numbers = dict(zip(LOSSY, x[:5], strict=True))
        battery = qb.batteries.BlochArray(2, 2, "chain", **numbers)
        charger = qb.protocols.BlochPreparation(x[5], x[6], x[7])
        run = qb.charge(battery, charger, [0.0, 0.9], adjoint=adjoint)
        more = run.local_ergotropy + run.cell_concurrence + run.concurrence
        return run.ergotropy[-1] + more[-1] + run.passive_power[-1]

    start = jnp.array([*LOSSY.values(), 2.0, 0.4, 0.8])
    back = jax.jit(jax.grad(total))(start)
    forth = jax.jit(jax.jacfwd(lambda x: total(x, "forward")))(start)
    values = jax.jit(jax.vmap(total))
    steps = np.array([2, 1, -1, -2])[:, None, None] * 1e-3 * np.eye(start.size)
    found = np.asarray(values((np.asarray(start) + steps).reshape(-1, start.size))).reshape(4, -1)
    differences = (8 * (found[1] - found[2]) - found[0] + found[3]) / 12e-3
    assert tree_allclose(back, differences, rtol=GRADIENT)
    assert tree_allclose(forth, back, rtol=1e-9)
    chain = qb.batteries.BlochArray(2, 2, "chain")
    slope = jax.grad(lambda t: jnp.sum(jnp.abs(chain.amplitudes(t)[:2]) ** 2))(1.0)
    expected = central_difference(lambda t: jnp.sum(jnp.abs(chain.amplitudes(t)[:2]) ** 2), 1.0)
    assert tree_allclose(slope, expected, rtol=GRADIENT)


def test_many():
    """Beyond exponentials of the whole: a chain of 120 against its standing waves."""
    battery = qb.batteries.BlochArray(100, 20, "chain", decay=0.01, cell_decay=0.01)
    charger = qb.protocols.BlochPreparation(np.pi)
    run = qb.charge(battery, charger, [0.0, 20.0, 60.0])
    expected = np.abs(np.asarray(battery.amplitudes(np.asarray(run.times)))) ** 2
    assert tree_allclose(run.populations, expected, rtol=0, atol=1e-8)
    assert int(run.status) == 0
    assert battery.info()["method"] == "Chebyshev"
    assert qb.batteries.BlochArray(3).info()["method"] == "Exponential"


REFUSED = {
    "no cells": (lambda: qb.batteries.BlochArray(0), ValueError, "`cells` must be at least 1"),
    "a ring": (
        lambda: qb.batteries.BlochArray(3, geometry="ring"), ValueError,
        "`geometry` must be one of 'star', 'chain', but is 'ring'",
    ),
    "a pump": (
        lambda: qb.charge(qb.batteries.BlochArray(3), qb.protocols.Constant(1.0), TIMES),
        TypeError, "`protocol` must be qb.protocols.BlochPreparation",
    ),
    "no times": (
        lambda: qb.charge(qb.batteries.BlochArray(3), CHARGER), ValueError,
        "`times` must be given for a BlochArray",
    ),
    "a collective chain": (
        lambda: qb.batteries.BlochArray(3, geometry="chain").collective(), ValueError,
        "`geometry` must be 'star' for a collective charger and cell, but is 'chain'",
    ),
    "a formula for a detuned chain": (
        lambda: qb.batteries.BlochArray(3, geometry="chain", detuning=1.0).amplitudes(1.0),
        ValueError, "`geometry` must be 'star' for a formula with detuning or losses that differ",
    ),
    "a cell's state": (
        lambda: qb.charge(qb.batteries.BlochArray(3), CHARGER, TIMES, initial=np.eye(4) / 4),
        TypeError, "`initial` must be a State of this battery",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case):
    call, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        call()


def test_chargers_are_prepared_once():
    battery = qb.batteries.BlochArray(2)
    state = qb.charge(battery, CHARGER, TIMES).final_state
    with pytest.raises(ValueError, match="`protocol` must be None for a state that was charged"):
        qb.charge(battery, CHARGER, TIMES, initial=state)
    again = qb.charge(battery, CHARGER, TIMES, initial=battery.start())
    assert tree_allclose(again.energy, qb.charge(battery, CHARGER, TIMES).energy, rtol=EXACT)
