"""Light of the DOPO's modes in a run: identities, limits, derivatives. QuTiP's: test_dopo_qutip."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import GRADIENT, central_difference, tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

TIMES = np.array([0.0, 0.4, 1.0])


def charge(pump=1.2, initial=None, frame="displaced", **numbers):
    battery = qb.batteries.DOPO(8, 5, frame=frame, **numbers)
    return battery, qb.charge(battery, qb.protocols.Constant(pump), TIMES, initial=initial)


@pytest.mark.parametrize("initial", [None, np.array([0.8, 0.6j] + [0.0] * 6)])
def test_a_run_s_light_is_that_of_its_cell(initial):
    """By parity the cell has no amplitude; from a superposition of 0 and 1 it has."""
    battery, run = charge(initial=initial)
    cell = battery.cell(run.final_state)
    for name in ("squeezing", "g2", "parity"):
        alone = getattr(qb.merit, name)(cell)
        assert tree_allclose(run.observables[name][-1], alone, rtol=1e-9), name
    for name, angle in (("x_variance", 0.0), ("p_variance", np.pi / 2)):
        alone = qb.merit.quadrature_variance(cell, angle)
        assert tree_allclose(run.observables[name][-1], alone, rtol=1e-9), name
    assert tree_allclose(run.signal_photons, run.energy, rtol=1e-12)
    W = qb.algebra.phase_space.wigner(cell, [0.0], [0.0])
    assert tree_allclose(np.pi * W[0, 0], run.parity[-1], rtol=1e-9)


def test_the_vacuum_at_first():
    _, run = charge()
    first = {name: float(values[0]) for name, values in run.observables.items()}
    assert (first["x_variance"], first["p_variance"], first["squeezing"]) == (0.5, 0.5, 0.0)
    assert (first["parity"], first["pump_squeezing"]) == (1.0, 0.0)
    assert np.isnan(first["g2"])
    assert np.isnan(first["pump_g2"])


@pytest.mark.parametrize("detuning", [0, 0.3])
def test_without_coupling_the_pump_is_coherent(detuning):
    _, run = charge(coupling=0.0, detuning=detuning)
    assert tree_allclose(run.pump_g2[1:], np.ones(2), rtol=1e-8)
    assert tree_allclose(run.pump_squeezing, np.zeros(3), rtol=1e-8)


def test_derivatives():
    names = ("squeezing", "g2", "parity", "p_variance", "pump_g2", "pump_squeezing")

    @jax.jit
    def light(F):
        battery = qb.batteries.DOPO(6, 4)
        solver = qb.Solver(rtol=1e-11, atol=1e-13)
        pump = qb.protocols.Constant(F)
        run = qb.charge(battery, pump, TIMES, adjoint="forward", solver=solver)
        return jnp.stack([run.observables[name][-1] for name in names])

    slopes = jax.jacfwd(light)(1.2)
    assert tree_allclose(slopes, central_difference(light, 1.2, step=1e-2), rtol=GRADIENT)
