"""A reservoir as an argument of a program, and the programs of several."""

import equinox as eqx
import jax
import pytest

import qbjax as qb
from tests.batteries.reservoir.test_reservoir import EVERYWHERE, TIMES, lorentzian
from tests.helpers import EXACT, central_difference


def test_a_battery_may_be_an_argument_of_a_program():
    """The default mesh is that of its numbers when it was made, which a program's own ones are."""
    battery = qb.batteries.Reservoir(lorentzian, [1.0, 1.2], [0.5, 0.4], band=EVERYWHERE)

    def energy(battery):
        return qb.charge(battery, None, TIMES).energy[-1]

    value, slopes = eqx.filter_jit(eqx.filter_value_and_grad(energy))(battery)
    assert float(value) == pytest.approx(float(energy(battery)), rel=EXACT)

    def at(shift):
        moved = [0.5 + shift, 0.4]
        return energy(
            qb.batteries.Reservoir(lorentzian, [1.0, 1.2], moved, band=EVERYWHERE, step=0.5)
        )

    assert float(slopes.couplings[0]) == pytest.approx(float(central_difference(at, 0.0)), rel=1e-6)


def test_other_frequencies_need_no_other_program():
    def battery(frequency):
        made = qb.batteries.Reservoir(lorentzian, [frequency], [0.5], band=EVERYWHERE)
        return jax.tree.structure(made.prepared(TIMES))

    assert battery(1.0) == battery(0.9)
