"""Pumps: their signal, its edges, the refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.dynamics import Solver
from qbjax.dynamics.solve.integrate import integrate
from qbjax.protocols import Constant, SwitchOff, free
from tests.helpers import tree_allclose


def test_constant():
    pump = Constant(3)
    assert float(pump.signal(jnp.array(7.0))) == 3.0
    assert pump.edges() is None
    assert not pump.is_complex
    assert float(Constant(3 + 4j).peak) == 5.0
    assert Constant(1 + 0j).is_complex  # by type, not by value


def test_switch_off():
    pump = SwitchOff(2.0, 1.5)
    assert [float(pump.signal(jnp.array(t))) for t in (0.0, 1.5, 1.5001, 9.0)] == [2, 2, 0, 0]
    assert 1.5 < float(pump.edges()[0]) < 1.5 + 1e-14
    assert float(pump.peak) == 2.0
    assert SwitchOff(2j, 1.5).signal(jnp.array(2.0)).dtype == complex


def test_a_ramp_is_half_down_at_the_switch_off():
    pump = SwitchOff(2.0 + 1.0j, 1.5, ramp=0.4)
    shares = [complex(pump.signal(jnp.array(t))) / (2 + 1j) for t in (0.0, 1.4, 1.5, 1.7, 9.0)]
    assert np.allclose(shares, [1.0, 0.75, 0.5, 0.0, 0.0], rtol=0, atol=1e-15)
    assert np.allclose(pump.edges(), [1.3, 1.7], rtol=1e-15)
    assert not pump.is_piecewise_constant
    assert SwitchOff(2.0, 1.5).is_piecewise_constant


def test_slopes_by_a_ramp():
    """y' = F − y, by off and r: y(T) is F e^{off−T} sinh(r/2)/(r/2), less a constant."""

    def value(u):
        pump = SwitchOff(2.0, u[0], u[1])
        run = integrate(
            lambda t, y: pump.signal(t) - y,
            jnp.array(0.0),
            jnp.array([0.0, 2.0]),
            signals=(),
            save=lambda t, y: y,
            edges=pump.edges(),
            solver=Solver(),
            adjoint="forward",
        )
        return run.final

    off, half = 1.3, 0.2
    slopes = jax.jit(jax.jacfwd(value))(jnp.array([off, 2 * half]))
    falls = 2 * np.exp(off - 2.0) * np.sinh(half) / half
    by_half = 2 * np.exp(off - 2.0) * (np.cosh(half) / half - np.sinh(half) / half**2)
    assert tree_allclose(slopes, np.array([falls, by_half / 2]), rtol=1e-6)


@pytest.mark.parametrize("ramp", [-0.1, np.zeros(()), "1"])
def test_a_ramp_that_is_none(ramp):
    with pytest.raises((TypeError, ValueError), match="`ramp` must be"):
        SwitchOff(2.0, 1.5, ramp)
    with pytest.raises(ValueError, match="`ramp` must be free above 0, but lies in"):
        SwitchOff(2.0, 1.5, free(0.1, 0.0, 1.0))


@pytest.mark.parametrize("lag", [0.0, 0.4])
def test_a_run_may_end_with_the_switch_off(lag):
    """y' = F − y until the end of the pump, or a while longer, with respect to its time."""

    def value(off):
        pump = SwitchOff(2.0, off)
        run = integrate(
            lambda t, y: pump.signal(t) - y,
            jnp.array(0.0),
            jnp.stack([0.0, off + lag]),
            signals=(),
            save=lambda t, y: y,
            edges=pump.edges(),
            solver=Solver(),
            adjoint="forward",
            free_times="later",
        )
        return jnp.stack([run.saved[-1], run.final])

    slopes = jax.jit(jax.jacfwd(value))(1.3)
    assert tree_allclose(slopes, np.full(2, 2 * np.exp(-1.3 - lag)), rtol=1e-7)


@pytest.mark.parametrize("time", [0.9, 3.1])
def test_a_switch_off_outside_the_times(time):
    times = jnp.array([1.0, 3.0])
    SwitchOff(1.0, 3.0).check_times(times)
    with pytest.raises(ValueError, match=r"`time` of SwitchOff must lie within the times \[1, 3\]"):
        SwitchOff(1.0, time).check_times(times)
