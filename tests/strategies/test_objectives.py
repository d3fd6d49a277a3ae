"""Objectives of the scripts in optimize/ have the slopes that differences have, at no optimum."""

import sys
from pathlib import Path

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.collisional.advantage import best_lead
from qbjax.batteries.collisional.purity import best_pure_energy
from qbjax.batteries.collisional.swap_angles import best_energy, best_power
from qbjax.batteries.repeated import cascade, cycle_efficiency
from qbjax.batteries.waveguide import designs, front, position
from qbjax.protocols import Ancillas
from qbjax.strategies.pump_pulse import best_pulse
from qbjax.strategies.search import Problem
from qbjax.strategies.switch_off import best_switch_off
from tests.helpers import central_difference

sys.path.append(str(Path(__file__).parents[2] / "optimize"))

LADDER = qb.algebra.ladders.oscillator(14)
PLAIN = qb.batteries.Collisional(LADDER)
LOSSY = qb.batteries.Collisional(LADDER, loss=0.03)
SMALL = qb.batteries.DOPO(8, 3)


def at_one_angle(chosen, battery):
    """As in the script, but with a pair instead of a list, on which types insist here."""
    angles, ones, states = chosen
    return cycle_efficiency(tuple(Ancillas(x * ones, s) for x, s in zip(angles, states)), battery)


def second_stream(one_angle):
    battery = cascade(LADDER, qb.algebra.ladders.spin(0.5), loss=np.asarray(0.01))
    ones = np.ones(3)
    states = [Ancillas.with_weights(ones, [0.3, 0.7], 1.0).state, np.diag([1.0, 0.0j])]
    if one_angle:
        chosen = tuple(qb.free(x, 0.0, np.pi) for x in (0.75, 0.7)), ones, states
        return qb.maximize(at_one_angle, chosen, battery=battery)
    streams = tuple(Ancillas(qb.free(0.7 * ones, 0.0, np.pi), s) for s in states)
    return qb.maximize(cycle_efficiency, streams, battery=battery)


def envelope():
    from bloch_envelope import Config, charger

    def energy(protocol, battery):
        return qb.charge(battery, protocol, np.array([0.0, Config.duration])).energy[-1]

    start = charger(qb.free(np.array([0.5, -0.2, 0.7]), -1.0, 1.0), Config())
    return qb.maximize(energy, start, battery=qb.batteries.BlochCharger(detuning=3.0))


SEARCHES = {
    "swap_angles, power": lambda: best_power(PLAIN, 3),
    "swap_angles, coherent": lambda: best_energy(LOSSY, 2.0, 3, coherent=True),
    "waveguide_position, energy": lambda: position.best_steady_energy(distance=0.1),
}
SLOW = {
    "swap_angles, energy": lambda: best_energy(PLAIN, 2.0, 3),
    "swap_angles_lossy": lambda: best_lead(LOSSY, 4),
    "swap_angles_lossy, lossy": lambda: best_lead(LOSSY, 4, against="lossy"),
    "micromaser_purity": lambda: best_pure_energy(qb.batteries.micromaser(12, 1e-3, 0.15), 6),
    "second_stream, one angle": lambda: second_stream(True),
    "second_stream": lambda: second_stream(False),
    "bloch_envelope": envelope,
    "pump_pulse": lambda: best_pulse(SMALL, 4.0, 2.0, 1.0, segments=3),
    "pump_pulse, cosines": lambda: best_pulse(SMALL, 4.0, 2.0, 1.0, fourier=3),
    "pump_switch_off": lambda: best_switch_off("power", SMALL, 1.0, start=4.0, low=2.0, high=8.0),
    "waveguide_position": lambda: position.best_steady_ergotropy(distance=0.1),
    "waveguide_position, power": lambda: position.best_power(distance=0.1),
    "waveguide_position, continuum": lambda: designs.continuum_designs(orders=1),
    "waveguide_front": lambda: front.best_in_time(46.6, 0.1),
}


class Asked(Exception):
    """A search that is about to begin: its problem and battery."""


@pytest.mark.parametrize(
    "search",
    [*SEARCHES.values(), *[pytest.param(x, marks=pytest.mark.slow) for x in SLOW.values()]],
    ids=[*SEARCHES, *SLOW],
)
@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")  # in small
def test_slopes_are_those_of_differences(search, monkeypatch):
    def stop(problem, battery):
        raise Asked(problem, battery)

    monkeypatch.setattr(Problem, "check_scalar", stop)
    with pytest.raises(Asked) as caught:
        search()
    monkeypatch.undo()
    problem, battery = jax.tree.map(
        lambda x: jnp.asarray(x) if isinstance(x, np.ndarray) else x, caught.value.args
    )
    us, rebuilt = jax.flatten_util.ravel_pytree(qb.protocols.coordinates(problem.template)[0])
    rng = np.random.default_rng(0)
    us, along = us + 0.02 * rng.normal(size=us.size), rng.normal(size=us.size)
    value = jax.jit(lambda x: problem.value(rebuilt(x), battery))
    if problem.mode == "forward":
        slope = jax.jit(lambda x: jax.jvp(value, (x,), (jnp.asarray(along),))[1])(us)
    else:
        slope = jax.jit(jax.grad(value))(us) @ along
    expected = central_difference(value, us, along, step=1e-3)
    assert abs(expected) > 1e-4
    assert float(slope) == pytest.approx(float(expected), rel=1e-5)
