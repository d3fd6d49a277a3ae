"""Both frames of the DOPO battery against QuTiP's `mesolve` of the lab-frame equation.

The signal may be cut anywhere, for the displacement does not touch it; the pump has enough
levels that the two frames agree.
"""

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import EXACT, random_state, tree_allclose
from tests.systems import dopo_merits, qutip_states

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

REFERENCE = 1e-7
"""Asked for; nearly all of it is the default solver's."""

SIGNAL, PUMP = 5, 10
TIMES = np.array([0.2, 0.6, 1.4, 2.0])
OFF = 1.1

THERMAL = {"signal_thermal": 0.2, "pump_thermal": 0.03}
RNG = np.random.default_rng(0)
KET = RNG.normal(size=SIGNAL) + 1j * RNG.normal(size=SIGNAL)
KET /= np.linalg.norm(KET)
EVEN = np.arange(SIGNAL) % 2
MIXED = random_state(1, SIGNAL) * (EVEN[:, None] == EVEN)

CASES = {
    "plain": ({}, 1.0, None),
    "thermal": (THERMAL, 1.0, None),
    "detuned": ({"detuning": 0.7}, 1.0, None),
    "phased": ({}, 0.8 - 0.6j, None),
    "switched": (THERMAL | {"detuning": -0.5}, 0.8 - 0.6j, None),
    "ket": ({}, 1.0, KET),
    "real ket": ({}, 1.0, np.abs(KET) / np.linalg.norm(KET)),
    "even and odd": ({}, 1.0, MIXED),
}


def battery(name, frame):
    return qb.batteries.DOPO(
        SIGNAL, PUMP, coupling=1.5, pump_decay=9.0, frame=frame, **CASES[name][0]
    )


def charge(name, frame):
    """The run of one case, and the cell that every saved time has."""
    amplitude, initial = CASES[name][1:]
    constant, switched = qb.protocols.Constant, qb.protocols.SwitchOff
    pump = switched(amplitude, OFF) if name == "switched" else constant(amplitude)
    dopo = battery(name, frame)
    return qb.charge(
        dopo, pump, TIMES, initial=initial, save=lambda t, state: _parts(dopo.cell(state))
    )


def _parts(matrix):
    return jnp.real(matrix), jnp.imag(matrix)


@cache
def reference(name):
    """Cells and merits at TIMES, by QuTiP."""
    amplitude, initial = CASES[name][1:]
    cell = np.eye(1, SIGNAL).T @ np.eye(1, SIGNAL) if initial is None else np.asarray(initial)
    cell = np.outer(cell, cell.conj()) if cell.ndim == 1 else cell
    pieces = [(amplitude, TIMES)]
    if name == "switched":
        pieces = [(amplitude, [*TIMES[:2], OFF]), (0.0, [OFF, *TIMES[2:]])]
    states = qutip_states(battery(name, "lab"), pieces, cell)
    return [dopo_merits(states[t], SIGNAL) for t in TIMES]


@pytest.mark.parametrize("frame", ["lab", "displaced"])
@pytest.mark.parametrize("name", CASES)
def test_cell_and_merits_are_qutip_s(name, frame):
    run = charge(name, frame)
    assert int(run.status) == 0
    re, im = run.saved
    for k, (cell, merits) in enumerate(reference(name)):
        assert tree_allclose(re[k] + 1j * np.asarray(im[k]), cell, rtol=REFERENCE)
        for merit, expected in merits.items():
            actual = float(run.observables[merit][k])
            assert abs(actual - expected) < REFERENCE or np.isnan([actual, expected]).all(), merit
