"""The DOPO battery under shaped pulses: QuTiP's `mesolve`, and differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.protocols import Fourier, Function, PiecewiseConstant, Sampled
from tests.helpers import GRADIENT, central_difference, is_complete, tree_allclose
from tests.systems import dopo_merits, qutip_states

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

ACCURACY = 1e-7
"""Both solvers' tolerances: found below 1e-8."""

SIGNAL, PUMP = 6, 4
START, DURATION = 0.2, 1.5
END = START + DURATION
TIMES = np.array([0.0, 0.6, 1.4, 2.0])
BATTERY = qb.batteries.DOPO(SIGNAL, PUMP, coupling=1.5, pump_decay=9.0, frame="lab")

STEPS, COSINES = np.array([1.0, 0.6 - 0.3j, 1.2j]), np.array([0.8, -0.6, 0.3])
KNOTS, VALUES = np.array([START, 0.8, 1.1, END]), np.array([0.2, 1.0, 1.3, 0.4])


def series(t):
    return COSINES @ np.cos(np.arange(3) * np.pi * (t - START) / DURATION)


CASES = {
    "piecewise": (
        PiecewiseConstant(STEPS, DURATION, START),
        np.linspace(START, END, 4),
        list(STEPS),
    ),
    "fourier": (Fourier(COSINES, DURATION, START), [START, END], [series]),
    "sampled": (
        Sampled(KNOTS, VALUES),
        KNOTS,
        [lambda t: np.interp(t, KNOTS, VALUES)] * 3,
    ),
    "function": (
        Function(lambda t: jnp.exp(-(((t - 1.0) / 0.5) ** 2)), DURATION, START),
        [START, END],
        [lambda t: np.exp(-(((t - 1.0) / 0.5) ** 2))],
    ),
}


def pieces(edges, amplitudes):
    """The pump off, the pieces, off again; each with the requested times inside it."""
    edges = [TIMES[0], *edges, TIMES[-1]]
    for amplitude, a, b in zip([0.0, *amplitudes, 0.0], edges[:-1], edges[1:], strict=True):
        yield amplitude, [a, *(t for t in TIMES if a < t < b), b]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == "piecewise" else n for n in CASES]
)
def test_merits_are_qutip_s(name):
    pulse, edges, amplitudes = CASES[name]
    run = qb.charge(BATTERY, pulse, TIMES)
    assert is_complete(run)
    states = qutip_states(BATTERY, pieces(edges, amplitudes), np.diag(np.eye(SIGNAL)[0]))
    for k in (1, 2, 3):
        merits = dopo_merits(states[TIMES[k]], SIGNAL)[1]
        assert merits["ergotropy"] > 1e-3
        for merit, expected in merits.items():
            assert tree_allclose(run.observables[merit][k], expected, rtol=ACCURACY), merit


def test_derivative_with_respect_to_a_segment_and_the_duration():
    @jax.jit
    def ergotropy(x):
        pulse = PiecewiseConstant(jnp.stack([1.0, x[0], 1.5]), x[1], START)
        solver = qb.Solver(rtol=1e-11, atol=1e-13)
        run = qb.charge(BATTERY, pulse, [0.0, 2.0], adjoint="forward", solver=solver)
        return run.ergotropy[-1]

    x = jnp.array([0.7, DURATION])
    for direction in jnp.eye(2):
        slope = jax.jvp(ergotropy, (x,), (direction,))[1]
        assert tree_allclose(
            slope, central_difference(ergotropy, x, direction), rtol=GRADIENT, atol=0
        )
