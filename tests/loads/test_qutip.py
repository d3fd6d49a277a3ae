"""Discharging against QuTiP's `mesolve` of the paper's equation, without its gauge or blocks."""

from functools import cache
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.algebra import operators
from qbjax.interface.battery import Cell
from qbjax.interface.states import Origin, State
from qbjax.protocols import Constant, Function, PiecewiseConstant, SwitchOff
from tests.helpers import is_complete, random_state, tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

ACCURACY = 1e-7
TIMES = np.array([0.0, 0.4, 1.0, 1.7])
OFF = 1.1


class Ladder(qb.batteries.Battery):
    """A spin whose cell alone is of interest: levels 0, 2, 4, two quanta of loss."""

    rates: object
    mixing: bool = eqx.field(static=True)

    def open_cell(self):
        lower, z = operators.spin_minus(1), operators.spin_z(1)
        jumps = (lower, lower + z) if self.mixing else (lower, z)
        units = {"time": "1/kappa", "energy": "omega", "power": "omega kappa"}
        origin, rates = Origin(("Ladder",), ()), list(self.rates)
        return Cell(lower, jumps, rates, 2.0, None, units, origin, lambda layout: False)

    @property
    def cell_hamiltonian(self):
        return np.array([0.0, 2.0, 4.0])

    def check(self, protocol, times): ...
    def start(self, initial=None): ...
    def motion(self, protocol, state, times): ...
    def idle(self): ...
    def cell(self, state): ...


class Case(NamedTuple):
    battery: qb.batteries.Battery
    state: object
    load: qb.loads.TwoLevel


def even_and_odd(rho):
    parity = np.arange(len(rho)) % 2
    return rho * (parity[:, None] == parity)


SWINGING = Function(lambda t: 1.3 * jnp.cos(3 * t), duration=TIMES[-1])
STEPS = PiecewiseConstant([1.5, -0.7], duration=2 * OFF)
LOSSY = qb.batteries.DOPO(6, 2, signal_decay=0.3, signal_thermal=0.2)
PLAIN = qb.batteries.DOPO(5, 2)
CHARGER = qb.batteries.DOPO(6, 5, coupling=1.0, pump_decay=9.0, frame="lab", signal_thermal=0.1)
HOT = {"decay": 0.2, "thermal": 0.3, "detuning": 0.7}
SPIN, MIXING = (Ladder(jnp.array([0.1, 0.2]), mixing) for mixing in (False, True))
TWO = {"decay": 0.1, "frequency": 2.0}
REAL = random_state(1, 5, real=True)

CASES = {
    "complex, hot, detuned": lambda: Case(
        LOSSY, random_state(0, 6), qb.loads.TwoLevel(SWINGING, **HOT)
    ),
    "real": lambda: Case(PLAIN, REAL, qb.loads.TwoLevel(1.2, decay=0.1)),
    "real, detuned": lambda: Case(PLAIN, REAL, qb.loads.TwoLevel(1.2, detuning=-0.4)),
    "even and odd, detuned": lambda: Case(
        LOSSY, even_and_odd(random_state(2, 6)), qb.loads.TwoLevel(1.2, **HOT)
    ),
    "switched off": lambda: Case(
        PLAIN, random_state(3, 5), qb.loads.TwoLevel(SwitchOff(1.5, OFF), decay=0.1)
    ),
    "stepwise": lambda: Case(PLAIN, even_and_odd(REAL), qb.loads.TwoLevel(STEPS, decay=0.1)),
    "charged": lambda: Case(CHARGER, charged(), qb.loads.TwoLevel(1.1, decay=0.1)),
    "spin": lambda: Case(SPIN, even_and_odd(random_state(4, 3)), qb.loads.TwoLevel(0.9, **TWO)),
    "parities mixed": lambda: Case(
        MIXING, even_and_odd(random_state(5, 3)), qb.loads.TwoLevel(0.9, **TWO)
    ),
}


@cache
def charged():
    return qb.charge(CHARGER, Constant(1.5), jnp.array([0.0, 1.5])).final_state


def reference(case):
    """Density matrices of the pair at TIMES."""
    alone, load = case.battery.open_cell(), case.load
    given = case.battery.cell(case.state) if isinstance(case.state, State) else case.state
    one, minus = qt.qeye(len(alone.lowering)), qt.basis(2, 0) * qt.basis(2, 1).dag()
    lower, s = qt.tensor(qt.Qobj(alone.lowering), qt.qeye(2)), qt.tensor(one, minus)
    jumps = [
        np.sqrt(float(rate)) * qt.tensor(qt.Qobj(jump), qt.qeye(2))
        for rate, jump in zip(alone.rates, alone.jumps, strict=True)
    ]
    jumps += [np.sqrt(float(load.decay * (load.thermal + 1))) * s]
    jumps += [np.sqrt(float(load.decay * load.thermal)) * s.dag()]
    meeting = lower * s.dag() + lower.dag() * s
    H = [float(load.detuning) * s.dag() * s, [meeting, lambda t: float(load.coupling.signal(t))]]
    options = {"method": "dop853", "rtol": 1e-10, "atol": 1e-12, "nsteps": 100_000}
    rho = qt.tensor(qt.Qobj(np.asarray(given)), qt.fock_dm(2, 0))
    found = []
    # In pieces, so that QuTiP's steps end on the jump of the coupling too.
    for piece in (TIMES[:3], [TIMES[2], OFF - 1e-13], [OFF + 1e-13, TIMES[3]]):
        found.append(qt.mesolve(H, rho, piece, c_ops=jumps, options=options).states)
        rho = found[-1][-1]
    return [*found[0], found[2][-1]]


def expected_merits(case, pair):
    """Cell, load and merits by their definitions."""
    cell, load = pair.ptrace(0).full(), pair.ptrace(1).full()
    levels, spacing = np.asarray(case.battery.cell_hamiltonian), float(case.load.frequency)
    energy = levels @ np.diag(cell).real
    passive = levels @ np.linalg.eigvalsh(cell)[::-1]
    dephased = levels @ np.sort(np.diag(cell).real)[::-1]
    excited = load[1, 1].real
    work = spacing * (excited - np.linalg.eigvalsh(load)[0])
    return (cell, load), {
        "energy": energy,
        "ergotropy": energy - passive,
        "coherent_ergotropy": dephased - passive,
        "incoherent_ergotropy": energy - dephased,
        "purity": np.trace(cell @ cell).real,
        "fano": qb.merit.fano_factor(cell),
        "load_energy": spacing * excited,
        "load_ergotropy": work,
        "load_coherent_ergotropy": work - spacing * max(2 * excited - 1, 0),
        "load_purity": np.trace(load @ load).real,
    }


def _parts(matrix):
    return jnp.real(matrix), jnp.imag(matrix)


QUICK = ("stepwise", "even and odd, detuned", "real, detuned")
"""Cases of every day; the others take longer."""


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CASES]
)
def test_cell_load_and_merits_are_qutip_s(name):
    case = CASES[name]()
    run = qb.discharge(
        *case, TIMES, save=lambda t, s: (_parts(qb.loads.cell(s)), _parts(qb.loads.load(s)))
    )
    assert is_complete(run)
    cells, loads = (np.asarray(x) + 1j * np.asarray(y) for x, y in run.saved)
    for k, pair in enumerate(reference(case)):
        matrices, merits = expected_merits(case, pair)
        assert tree_allclose((cells[k], loads[k]), matrices, rtol=ACCURACY)
        for merit, value in merits.items():
            assert tree_allclose(run.observables[merit][k], value, rtol=ACCURACY), merit
        work, t = merits["load_ergotropy"], TIMES[k]
        assert k == 0 or tree_allclose(run.delivered_power[k], work / t, rtol=ACCURACY)
    assert np.isnan(run.delivered_power[0])


@pytest.mark.slow
def test_every_layout_is_met():
    """Blocks or the whole, real or complex: the cases above take all four ways."""

    def layout(name):
        case = CASES[name]()
        state = qb.discharge(*case, TIMES[:1]).final_state
        return state.layout

    assert layout("charged") == (True, True)
    assert layout("even and odd, detuned") == (True, False)
    assert layout("real") == (False, True)
    assert layout("complex, hot, detuned") == (False, False)
    assert layout("parities mixed") == (False, False)
