"""Cells of Lindblad batteries that discharge: against QuTiP, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from tests.helpers import random_hermitian, random_state

EXACTLY = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 100_000}
TIMES = np.linspace(0.0, 2.0, 5)
QUTIP = 1e-7
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
MERITS = {
    name: jax.jit(getattr(qb.merit, name)) for name in ("energy", "ergotropy", "coherent_ergotropy")
}


def discharged_in_qutip(cell, H, a, jumps, load):
    """Cell and load at rest, with the cell's own Hamiltonian: no frame rotates here."""
    c, g = len(a), float(load.coupling.signal(0.0))
    minus, omega = qt.destroy(2), float(load.frequency)
    a = qt.tensor(qt.Qobj(a), qt.qeye(2))
    lost = qt.tensor(qt.qeye(c), minus)
    own = qt.tensor(qt.Qobj(H), qt.qeye(2)) + omega * lost.dag() * lost
    jumps = [qt.tensor(qt.Qobj(L), qt.qeye(2)) for L in jumps] + [float(load.decay) ** 0.5 * lost]
    start = qt.tensor(qt.Qobj(cell), qt.fock_dm(2, 0))
    H = own + g * (a * lost.dag() + a.dag() * lost)
    return qt.mesolve(H, start, TIMES, jumps, options=EXACTLY).states


def agrees(run, states, H, frequency):
    for i, state in enumerate(states):
        cell, load = (state.ptrace(k).full() for k in (0, 1))
        for name in MERITS:
            value = MERITS[name]
            assert float(run.observables[name][i]) == pytest.approx(
                float(value(cell, H)), abs=QUTIP
            )
            expected = float(value(load, np.array([0.0, frequency])))
            assert float(run.observables["load_" + name][i]) == pytest.approx(expected, abs=QUTIP)


@pytest.mark.parametrize("rotated", [False, True])
def test_against_qutip(rotated):
    """Three levels and what they lose and gain; a second factor's jumps stay behind."""
    a = qt.destroy(3).full()
    if rotated:
        turn = np.linalg.eigh(random_hermitian(4, 3))[1]
        a = turn @ a @ turn.conj().T
    H = 1.3 * a.conj().T @ a
    (loss, gain), rest = (0.2, 0.05), np.kron(np.eye(3), LOWER)
    jumps = [
        (0.7, rest),
        (loss, np.kron(a, np.eye(2))),
        (gain, np.kron(a.conj().T, np.eye(2))),
        (0.3, np.kron(a, LOWER)),
    ]
    battery = qb.batteries.Lindblad(
        np.kron(H, np.eye(2)), jumps, dims=(3, 2), cell=0, lowering=a, truncated=(),
        cell_hamiltonian=H if rotated else np.real(np.diagonal(H)),
    )  # fmt: skip
    cell, load = random_state(8, 3), qb.loads.TwoLevel(0.9, 0.1, frequency=1.3)
    run = qb.discharge(battery, cell, load, TIMES)
    assert run.truncation.shape == (5, 0)
    assert run.units == ()
    own = [loss**0.5 * a, gain**0.5 * a.conj().T]
    states = discharged_in_qutip(cell, H, a, own, load)
    agrees(run, states, H if rotated else np.real(np.diagonal(H)), 1.3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Too few levels")  # of the cavity, which does not come along
@pytest.mark.parametrize("counter_rotating", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_spins_of_a_cavity_hand_over(counter_rotating):
    battery = qb.batteries.TavisCummings(
        2, 2, frequency=0.8, cavity_decay=0.3, spin_decay=0.1,
        counter_rotating=counter_rotating, levels=8,
    )  # fmt: skip
    run = qb.charge(battery, qb.protocols.Constant(0.7), [0.0, 1.5])
    load = qb.loads.TwoLevel(0.6, 0.2, frequency=0.8)
    out = qb.discharge(battery, run.final_state, load, TIMES)
    assert float(out.ergotropy[0]) == pytest.approx(float(run.ergotropy[-1]), abs=1e-9)
    J = qb.algebra.operators.spin_minus(1.0)
    H = 0.8 * np.arange(3.0)
    cell = np.asarray(battery.cell(run.final_state))
    states = discharged_in_qutip(cell, np.diag(H), J, [0.1**0.5 * J], load)
    agrees(out, states, H, 0.8)


def test_oscillators_watch_the_ladder_that_met_the_load():
    battery = qb.batteries.Oscillators((4, 3))
    with pytest.warns(qb.dynamics.TruncationWarning, match=r"Use levels\[0\]=8"):
        run = qb.discharge(battery, np.eye(4)[3], qb.loads.TwoLevel(1.0), [0.0, 0.1])
    assert run.modes == ("factor 0",)
    assert run.fano.shape == (2,)


@pytest.mark.slow
def test_sectors_that_say_nothing_of_the_cell():
    """A conserved charge of the other factor leaves the cell every coherence."""
    plus = np.ones((2, 2)) / 2
    battery = qb.batteries.Lindblad(
        np.zeros((4, 4)), [(0.5, np.kron(np.eye(2), LOWER))], dims=(2, 2), cell=0,
        cell_hamiltonian=[0.0, 1.0], initial=np.kron(plus, np.diag([0.0, 1.0])),
        conserved=[0.0, 1.0, 0.0, 1.0], lowering=LOWER,
    )  # fmt: skip
    state = battery.start()
    assert state.layout.sectored
    load = qb.loads.TwoLevel(1.0)
    found = qb.discharge(battery, state, load, [0.0, 0.4])
    expected = qb.discharge(battery, plus, load, [0.0, 0.4])
    np.testing.assert_allclose(found.load_ergotropy, expected.load_ergotropy, atol=1e-12)
    assert float(found.load_coherent_ergotropy[-1]) > 0.01


def two_spins(lowering):
    return qb.batteries.Lindblad(
        np.zeros((4, 4)), [], dims=(2, 2), cell=(0, 1), cell_hamiltonian=[0.0, 1.0, 1.0, 2.0],
        lowering=lowering,
    )  # fmt: skip


@pytest.mark.parametrize("first", [0.0, 1.0])
def test_a_cell_of_two_spins_counts_no_quanta(first):
    """Nor where each level that is lowered goes to the one below."""
    a = first * np.kron(LOWER, np.eye(2)) + np.kron(np.eye(2), LOWER)
    run = qb.discharge(two_spins(a), np.eye(4)[3], qb.loads.TwoLevel(0.5), TIMES)
    assert "fano" not in run.observables
    np.testing.assert_allclose(run.energy + run.load_energy, 2.0, atol=1e-8)


def test_a_traced_frequency():
    def given(omega):
        battery = qb.batteries.Oscillators(3, frequency=omega)
        load = qb.loads.TwoLevel(0.7, frequency=omega)
        return qb.discharge(battery, np.eye(3)[1], load, [0.0, 1.0]).load_energy[-1]

    assert float(jax.jit(given)(1.5)) == pytest.approx(1.5 * np.sin(0.7) ** 2, abs=1e-8)


def small(lowering=None, jumps=(), levels=(0.0, 1.0, 2.0)):
    return qb.batteries.Lindblad(
        np.zeros((3, 3)), list(jumps), dims=(3,), cell=0, cell_hamiltonian=jnp.array(levels),
        lowering=lowering, truncated=(),
    )  # fmt: skip


def discharge(battery):
    return qb.discharge(battery, np.eye(3)[1], qb.loads.TwoLevel(1.0), [0.0, 1.0])


def test_what_is_refused():
    a = qt.destroy(3).full()
    with pytest.raises(TypeError, match="Argument `lowering` of the battery must be the operator"):
        discharge(small())
    with pytest.raises(TypeError, match="but this SpinChain has none"):
        qb.batteries.SpinChain(2).open_cell()
    with pytest.raises(ValueError, match=r"must have \[H, a\] = -ω a .* but at the best ω"):
        small(a, levels=(0.0, 1.0, 3.0))
    with pytest.raises(ValueError, match="with ω > 0"):
        small(a.T)
    with pytest.raises(ValueError, match="must lower some level, but is zero"):
        small(np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"Argument `lowering` must have shape \(3, 3\)"):
        small(LOWER)
    with pytest.raises(ValueError, match="must be the cell's level spacing 1 of its Hamiltonian"):
        qb.discharge(small(a), np.eye(3)[1], qb.loads.TwoLevel(1.0, frequency=2.0), [0.0, 1.0])
    with pytest.raises(ValueError, match=r"jumps\[1\] misses that by"):
        discharge(small(a, [0.1 * a, 0.1 * (a + a.T)]))
    rate = qb.protocols.PiecewiseConstant([0.1, 0.2], 1.0)
    with pytest.raises(ValueError, match=r"jumps\[0\] has PiecewiseConstant"):
        discharge(small(a, [(rate, a)]))


def test_a_constant_signal_is_a_rate():
    a = qt.destroy(3).full()
    runs = [discharge(small(a, [(rate, a)])) for rate in (0.3, qb.protocols.Constant(0.3))]
    np.testing.assert_allclose(runs[0].energy, runs[1].energy, atol=1e-12)
