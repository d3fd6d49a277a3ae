"""Numbers that are known stay known while something else is traced: what is checked or chosen by
them does not stumble over the trace."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.strategies.discharge import first_maximum

B, P = qb.batteries, qb.protocols
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
TIMES = np.linspace(0.0, 1.0, 3)
CELL = {"dims": (2,), "cell": 0, "cell_hamiltonian": np.array([0.0, 1.0])}


def qubit(*jumps, hamiltonian=None):
    given = np.zeros((2, 2)) if hamiltonian is None else hamiltonian
    controls = [LOWER + LOWER.T] if hamiltonian is None else []
    return B.Lindblad(given, list(jumps), controls=controls, **CELL)


def charged(protocol, battery=None, times=TIMES):
    return qb.charge(qubit((0.1, LOWER)) if battery is None else battery, protocol, times).energy


def turning():
    """As QuTiP has it: σ₋ sin t, turned by a phase, and its partner."""
    up, down = (lambda t, s=s: s * jnp.sin(t).astype(complex) for s in (1j, -1j))
    terms = [[LOWER, up], [LOWER.T, down]]
    return charged(None, qubit(hamiltonian=terms))


CASES = {
    "switched off": lambda: charged(P.SwitchOff(1.0, 0.5)),
    "function": lambda: charged(P.Function(jnp.sin, 1.0, edges=[0.5], resolution=0.01)),
    "pulse": lambda: charged(P.PiecewiseConstant([1.0, 2.0], 1.0)),
    "pulse of an energy": lambda: charged(
        P.Fourier.with_energy([1.0, 2.0], 4.0, energy=8, peak=1.5)
    ),
    "rate that steps": lambda: charged(
        P.Constant(1.0), qubit((P.PiecewiseConstant([0.1, 0.2], 1.0), LOWER))
    ),
    "rate that moves": lambda: charged(
        P.Constant(1.0), qubit((P.Function(lambda t: t, 1.0), LOWER))
    ),
    "terms of QuTiP": turning,
    "many times": lambda: charged(
        P.Constant(1.0), B.TavisCummings(2, 3, cavity_decay=0.1), np.linspace(0.0, 1.0, 400)
    ),
    "share": lambda: P.share([1.0, 2.0], 2.0).value,
    "two levels": lambda: qb.merit.two_level.ergotropy(0.5, 0.1),
    "first maximum": lambda: first_maximum(
        B.DOPO(4, 2), np.eye(4)[1], qb.loads.TwoLevel(2.0), until=1.0
    ).time,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_within_a_trace(case):
    jax.eval_shape(lambda x: x * jnp.sum(case()), 1.0)


def test_a_state_is_handed_over_within_a_trace():
    state = qb.charge(qubit((0.1, LOWER)), P.Constant(1.0), TIMES).final_state
    jax.eval_shape(lambda x: x * qb.store(qubit((0.1, LOWER)), state, [1.0, 2.0]).energy, 1.0)
