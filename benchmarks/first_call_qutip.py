"""What first_call.py asks of QuTiP: {block: {row: function}}."""

from functools import partial

import first_call_systems as systems
import numpy as np
import qutip
from first_call_systems import DRIVE, ENERGY, LOWER, TIMES


def last(H, jumps, start, seen):
    """The last expectation value, as sharply as we have it."""
    options = {"rtol": 1e-8, "atol": 1e-10, "nsteps": 10**6, "progress_bar": ""}
    return qutip.mesolve(H, start, TIMES, jumps, e_ops=[seen], options=options).expect[0][-1]


def qubit(energy=1.0):
    H = qutip.Qobj(energy * ENERGY + DRIVE)
    return last(H, [np.sqrt(0.1) * qutip.Qobj(LOWER)], qutip.basis(2, 0), qutip.Qobj(ENERGY))


def cavity(n=6):
    spins, exchange, a, start = systems.spins_and_cavity(n)
    spins, H, a = (qutip.Qobj(x).to("csr") for x in (spins, spins + a.T @ a + exchange, a))
    return last(H, [np.sqrt(0.1) * a], qutip.Qobj(start[:, None]), spins)


def dopo(signal=20):
    pump = systems.PUMP_LEVELS
    a = qutip.tensor(qutip.destroy(signal), qutip.qeye(pump))
    b = qutip.tensor(qutip.qeye(signal), qutip.destroy(pump))
    H = 0.5j * systems.COUPLING * (a.dag() ** 2 * b - a**2 * b.dag())
    H += 1j * systems.PUMP_DECAY**0.5 * (b.dag() - b)
    start = qutip.tensor(qutip.basis(signal, 0), qutip.basis(pump, 0))
    return last(H, [a, systems.PUMP_DECAY**0.5 * b], start, a.dag() * a)


ROWS = {
    "qubit": {systems.QUBIT: qubit, "qubit, another H": partial(qubit, 1.3)},
    "cavity": {systems.CAVITY: cavity, "TavisCummings(7, 7)": partial(cavity, 7)},
    "dopo": {systems.DOPO: dopo, "DOPO 22×4": partial(dopo, 22)},
}
