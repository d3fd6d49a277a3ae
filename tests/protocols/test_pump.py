"""Pumps: their signal, where it jumps, what they refuse."""

import jax.numpy as jnp
import pytest

from qbjax.protocols import Constant, SwitchOff


def test_constant():
    pump = Constant(3)
    assert float(pump.signal(jnp.array(7.0))) == 3.0
    assert pump.edges() is None
    assert not pump.is_complex
    assert float(Constant(3 + 4j).peak) == 5.0
    assert Constant(1 + 0j).is_complex  # by type, not by value


def test_switch_off():
    pump = SwitchOff(2.0, 1.5)
    assert [float(pump.signal(jnp.array(t))) for t in (0.0, 1.4999, 1.5, 9.0)] == [2, 2, 0, 0]
    assert pump.edges().tolist() == [1.5]
    assert float(pump.peak) == 2.0
    assert SwitchOff(2j, 1.5).signal(jnp.array(2.0)).dtype == complex


@pytest.mark.parametrize("time", [-0.1, 2.1])
def test_a_switch_off_outside_the_times(time):
    times = jnp.array([0.0, 2.0])
    SwitchOff(1.0, 2.0).check_times(times)
    with pytest.raises(ValueError, match=r"`time` of SwitchOff must lie within the times \[0, 2\]"):
        SwitchOff(1.0, time).check_times(times)
