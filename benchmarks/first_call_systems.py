"""The systems of first_call.py: a driven qubit, N spins and a lossy cavity of N photons, a DOPO."""

import numpy as np

TIMES, FEW, MANY = (np.linspace(0.0, 5.0, count) for count in (51, 21, 101))
ENERGY, DRIVE = np.diag([0.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
COUPLING, PUMP_DECAY, PUMP_LEVELS = 0.5, 16.0, 4
SEGMENTS = np.linspace(0.5, 1.5, 10)

QUBIT = "qubit, 51 times"
CAVITY = "TavisCummings(6, 6), lossy, 51 times"
DOPO = "DOPO 20×4, γt = 5, 51 times"
PULSE = "ten-segment pulse on a qubit, reverse"
SLOPE = "TavisCummings(6, 6) by g, reverse"


def spins_and_cavity(n):
    """Energy of the spins, exchange, photons' lowering operator, and the first ket."""
    j, levels = n / 2, 2 * n + 1
    m = np.arange(-j, j)
    up = np.kron(np.diag(np.sqrt(j * (j + 1) - m * (m + 1)), -1), np.eye(levels))
    a = np.kron(np.eye(n + 1), np.diag(np.sqrt(np.arange(1.0, levels)), 1))
    spins = np.kron(np.diag(np.arange(n + 1.0)), np.eye(levels))
    return spins, up @ a + up.T @ a.T, a, np.eye(len(a))[n]
