"""Both frames of the DOPO battery against QuTiP's `mesolve` of the lab-frame equation.

The signal may be cut anywhere, for the displacement does not touch it; the pump has enough
levels that the two frames agree.
"""

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import is_complete, random_state, tree_allclose
from tests.systems import dopo_merits, qutip_states

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

ACCURACY = {"lab": 1e-9, "displaced": 1e-7}
"""The lab frame differs by both solvers' tolerances, the displaced frame by what its pump
levels cannot hold."""

SIGNAL, PUMP = 5, 10
TIMES = np.array([0.2, 0.6, 1.4, 2.0])
OFF = 1.1

THERMAL = {"signal_thermal": 0.2, "pump_thermal": 0.01}
RNG = np.random.default_rng(0)
KET = RNG.normal(size=SIGNAL) + 1j * RNG.normal(size=SIGNAL)
KET /= np.linalg.norm(KET)
PARITY = np.arange(SIGNAL) % 2
MIXED = random_state(1, SIGNAL) * (PARITY[:, None] == PARITY)

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

QUICK = {
    "lab": ("plain", "thermal", "switched", "real ket", "even and odd"),
    "displaced": ("plain", "switched", "ket"),
}
"""All parts of the frames meet in these; the others take parts away."""
RUNS = [
    pytest.param(name, frame, marks=() if name in QUICK[frame] else pytest.mark.slow)
    for frame in QUICK
    for name in CASES
]


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


def assert_merits(run, k, merits, accuracy):
    for merit, expected in merits.items():
        actual = run.observables[merit][k]
        # That of few photons is the ratio of two small numbers; decibels are four to a unit.
        scale = merits["pump_photons"] ** 2 if merit == "pump_g2" else 1.0
        rtol = accuracy * (10 if merit == "pump_squeezing" else 1)
        assert tree_allclose(scale * actual, np.asarray(scale * expected), rtol=rtol), merit


@pytest.mark.parametrize(("name", "frame"), RUNS)
def test_cell_and_merits_are_qutip_s(name, frame):
    run = charge(name, frame)
    assert is_complete(run)
    cells = np.asarray(run.saved[0]) + 1j * np.asarray(run.saved[1])
    for k, (cell, merits) in enumerate(reference(name)):
        assert tree_allclose(cells[k], cell, rtol=ACCURACY[frame])
        if k > 0:  # the vacuum has no Fano factor
            assert_merits(run, k, merits, ACCURACY[frame])


def test_storing_is_qutip_s():
    dopo, later = battery("thermal", "lab"), TIMES + (TIMES[-1] - TIMES[0])
    full = qb.charge(dopo, qb.protocols.Constant(1.0), TIMES)
    kept = qb.store(dopo, full.final_state, later)
    pieces = [(1.0, TIMES), (0.0, later)]
    states = list(qutip_states(dopo, pieces, np.diag(np.eye(SIGNAL)[0])).values())
    for k in range(4):
        assert_merits(kept, k, dopo_merits(states[k - 4], SIGNAL)[1], ACCURACY["lab"])
    rho = dopo.density_matrix(kept.final_state)
    assert tree_allclose(rho, states[-1].real, rtol=ACCURACY["lab"])
