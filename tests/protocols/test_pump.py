"""Pumps: their signal, its edges, the refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.dynamics import Solver
from qbjax.dynamics.solve.integrate import integrate
from qbjax.protocols import Constant, SwitchOff
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
