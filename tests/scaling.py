"""Runs in other units: energies and rates times s, times over s."""

import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb
from tests.helpers import REFERENCE, random_unitary

SCALES = (1e-34, 1e-21, 1e-9, 1e-3, 1e6, 1e15)

LEVELS = np.array([0.0, 1.0, 1.0, 3.0])
TURN = random_unitary(2, 4)
FULL = (TURN * LEVELS) @ TURN.conj().T
FULL = (FULL + FULL.conj().T) / 2
"""Degenerate, and diagonal in no basis that anyone writes down."""

LOWER = np.diag([1.0], 1)
SX = LOWER + LOWER.T
NUMBER = np.diag([0.0, 1.0])
ONE = np.eye(2)


def powers(name, energy):
    """With which power of s an observable goes, given that of an energy."""
    if name in ("pump_energy", "pump_photons"):
        return 0
    if name == "energy_variance":
        return 2 * energy
    if "power" in name:
        return energy + 1
    extensive = ("energy", "ergotropy", "capacity", "drive_work")
    return energy if any(word in name for word in extensive) else 0


def seen(run, energy=1):
    """All that a run or a steady state tells, with its powers of s."""
    told = {name: (value, powers(name, energy)) for name, value in run.observables.items()}
    return told | {"status": (run.status, 0), "truncation": (run.truncation, 0)}


def compare(row, scales=SCALES, *, jit=True):
    """Asserts that a row is that of s = 1, scaled."""
    exponents = {}

    def values(s):
        found = row(s)
        exponents.update({name: power for name, (_, power) in found.items()})
        return {name: value for name, (value, _) in found.items()}

    call, kind = (jax.jit(values), jnp.asarray) if jit else (values, float)
    expected = call(kind(1.0))
    for s in scales:
        for name, value in call(kind(s)).items():
            scaled, one = np.asarray(value) / s ** exponents[name], np.asarray(expected[name])
            # What is 0 at s = 1 is small against what counts as one there.
            size = max(0.1, np.max(np.abs(one), initial=0.0, where=~np.isnan(one)))
            np.testing.assert_allclose(
                scaled, one, rtol=0, atol=REFERENCE * size, equal_nan=True, err_msg=f"{name}, {s}"
            )


def dopo(s, signal=8, pump=4, **options):
    """A small battery, its rates in a unit of s."""
    return qb.batteries.DOPO(signal, pump, 0.5 * s, 1.0 * s, 16.0 * s, **options)


def bloch(s, decay):
    """J = s, ω = 3s; without loss for the plain decay 0."""
    return qb.batteries.BlochCharger(1.0 * s, decay * s if decay else 0, 3.0 * s)


def off(s, time=0.9):
    """A pump that stops."""
    return qb.protocols.SwitchOff(0.8 * s, time / s)
