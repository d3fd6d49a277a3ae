"""Derivatives of a DOPO run against central differences, and one mode against the other."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import pytest

import qbjax as qb
from tests.helpers import GRADIENT, central_difference, slope_and_value, tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore:Too few levels")

TIGHT = qb.Solver(rtol=1e-11, atol=1e-13)
"""So that the noise of a difference stays below the 1e-6 that is asked for."""

MODES = 1e-9
"""Forward and reverse differentiate the same steps; they differ by rounding."""

NUMBERS = {
    "amplitude": 1.1,
    "coupling": 0.5,
    "signal_decay": 1.0,
    "pump_decay": 9.0,
    "signal_thermal": 0.1,
    "pump_thermal": 0.05,
    "detuning": 0.3,
}


AT = jnp.array(list(NUMBERS.values()))

BOTH_FRAMES = pytest.mark.parametrize("frame", ["displaced", "lab"])
SLOW = pytest.mark.slow  # twenty seconds to compile each reverse mode


def ergotropy(numbers, frame, adjoint="forward"):
    """W(1.3) of a small battery; sorted eigenvalues stay apart here."""
    amplitude, *rest = numbers
    battery = qb.batteries.DOPO(7, 4, *rest, frame=frame)
    pump = qb.protocols.Constant(amplitude)
    run = qb.charge(battery, pump, jnp.array([0.0, 0.5, 1.3]), adjoint=adjoint, solver=TIGHT)
    return run.ergotropy[-1]


@cache
def slopes(frame):
    return jax.jit(jax.jacfwd(partial(ergotropy, frame=frame)))(AT)


@pytest.mark.parametrize("frame", ["lab", pytest.param("displaced", marks=SLOW)])
def test_every_number_of_the_model(frame):
    value = jax.jit(partial(ergotropy, frame=frame))
    for index, name in enumerate(NUMBERS):
        direction = jnp.zeros(len(NUMBERS)).at[index].set(1.0)
        numeric = central_difference(value, AT, direction)
        assert tree_allclose(slopes(frame)[index], numeric, rtol=GRADIENT), name


@pytest.mark.slow
@pytest.mark.parametrize("frame", ["lab", pytest.param("displaced", marks=SLOW)])
def test_reverse_mode_for_every_number(frame):
    reverse = jax.jit(jax.grad(partial(ergotropy, frame=frame, adjoint="reverse")))(AT)
    assert tree_allclose(reverse, slopes(frame), rtol=MODES)


@pytest.mark.slow  # a minute of compiling
def test_direct_adjoint_takes_both_modes():
    def value(amplitude):
        battery = qb.batteries.DOPO(6, 3)
        pump = qb.protocols.Constant(amplitude)
        return qb.charge(battery, pump, [0.0, 0.5], adjoint="direct").energy[-1]

    x = jnp.array(1.1)
    slope = jax.jvp(value, (x,), (jnp.ones(()),))[1]
    assert tree_allclose(jax.grad(value)(x), slope, rtol=MODES)


GRID = jnp.array([0.0, 0.4, 0.8, 1.2])
WEIGHTS = jnp.array([1.0, 0.5, -2.0])


OFF_TIMES = (0.8, 0.61, 0.8 + 1e-7)
"""On the grid, between its times, just after one."""


def after_switch_off(time, frame, adjoint="forward"):
    battery, pump = qb.batteries.DOPO(7, 4, frame=frame), qb.protocols.SwitchOff(1.4, time)
    run = qb.charge(battery, pump, GRID, adjoint=adjoint, solver=TIGHT)
    return jnp.stack([run.ergotropy[-1], run.coherent_ergotropy[-1], run.energy[-1]])


@cache
def moved_switch_off(frame):
    return slope_and_value(jax.jacfwd, partial(after_switch_off, frame=frame))


@cache
def switch_off_slopes(frame):
    return [moved_switch_off(frame)(jnp.array(off))[0] for off in OFF_TIMES]


@pytest.mark.slow
@BOTH_FRAMES
def test_the_switch_off_time_on_and_off_the_grid(frame):
    for off, slope in zip(OFF_TIMES, switch_off_slopes(frame), strict=True):
        assert jnp.all(jnp.abs(slope) > 1e-2)
        numeric = central_difference(lambda x: moved_switch_off(frame)(x)[1], jnp.array(off))
        assert tree_allclose(slope, numeric, rtol=GRADIENT, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("frame", ["lab", pytest.param("displaced", marks=SLOW)])
def test_reverse_mode_for_the_switch_off_time(frame):
    reverse = jax.jit(jax.grad(lambda time: after_switch_off(time, frame, "reverse") @ WEIGHTS))
    for off, slope in zip(OFF_TIMES, switch_off_slopes(frame), strict=True):
        assert tree_allclose(reverse(jnp.array(off)), slope @ WEIGHTS, rtol=MODES)


def after_storage(off, adjoint="forward"):
    """What the switch-off strategies maximise: the end of a run, and of a storage."""
    battery, options = qb.batteries.DOPO(7, 4), {"adjoint": adjoint, "solver": TIGHT}
    run = qb.charge(battery, qb.protocols.Constant(1.4), [0.0, off], **options)
    kept = qb.store(battery, run.final_state, jnp.stack([off, off + 0.3]), **options)
    return jnp.stack([run.ergotropic_power[-1], kept.ergotropy[-1], run.coherent_ergotropy[-1]])


moved_storage = slope_and_value(jax.jacfwd, after_storage)


@pytest.mark.slow
def test_the_end_of_a_run_and_of_a_storage():
    numeric = central_difference(lambda off: moved_storage(off)[1], jnp.array(0.9))
    assert tree_allclose(moved_storage(jnp.array(0.9))[0], numeric, rtol=GRADIENT)


@SLOW
def test_reverse_mode_for_the_end_of_a_storage():
    reverse = jax.jit(jax.grad(lambda off: after_storage(off, "reverse") @ WEIGHTS))
    assert tree_allclose(
        reverse(jnp.array(0.9)), moved_storage(jnp.array(0.9))[0] @ WEIGHTS, rtol=MODES
    )


def test_the_initial_cell():
    battery = qb.batteries.DOPO(5, 3)

    def value(angle):
        ket = jnp.stack([jnp.cos(angle), jnp.sin(angle), 0.0, 0.0, 0.0])
        run = qb.charge(
            battery, qb.protocols.Constant(1.0), [0.0, 0.6], initial=ket, adjoint="forward",
            solver=TIGHT,
        )  # fmt: skip
        return run.ergotropy[-1]

    at, both = jnp.array(0.4), slope_and_value(jax.jacfwd, value)
    numeric = central_difference(lambda angle: both(angle)[1], at)
    assert tree_allclose(both(at)[0], numeric, rtol=GRADIENT)


def test_the_gradient_on_the_vacuum_is_finite():
    battery = qb.batteries.DOPO(6, 3)

    def value(amplitude):
        pump = qb.protocols.Constant(amplitude)
        return qb.charge(battery, pump, [0.0, 0.3], adjoint="forward").ergotropy.sum()

    assert jnp.isfinite(jax.jit(jax.jacfwd(value))(jnp.array(0.0)))
