"""Derivatives of a DOPO run against central differences, and one mode against the other."""

import jax
import jax.numpy as jnp
import pytest

import qbjax as qb
from tests.helpers import GRADIENT, central_difference, tree_allclose

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


def ergotropy(numbers, frame, adjoint):
    """W(1.3) of a small battery; sorted eigenvalues stay apart here."""
    amplitude, *rest = numbers
    battery = qb.batteries.DOPO(7, 4, *rest, frame=frame)
    pump = qb.protocols.Constant(amplitude)
    run = qb.charge(battery, pump, jnp.array([0.0, 0.5, 1.3]), adjoint=adjoint, solver=TIGHT)
    return run.ergotropy[-1]


@pytest.mark.parametrize("frame", ["displaced", "lab"])
def test_every_number_of_the_model(frame):
    at = jnp.array(list(NUMBERS.values()))
    forward = jax.jit(jax.jacfwd(lambda x: ergotropy(x, frame, "forward")))(at)
    reverse = jax.jit(jax.grad(lambda x: ergotropy(x, frame, "reverse")))(at)
    assert tree_allclose(reverse, forward, rtol=MODES)
    value = jax.jit(lambda x: ergotropy(x, frame, "forward"))
    for index, name in enumerate(NUMBERS):
        direction = jnp.zeros(len(NUMBERS)).at[index].set(1.0)
        numeric = central_difference(value, at, direction)
        assert tree_allclose(forward[index], numeric, rtol=GRADIENT), name


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


@pytest.mark.parametrize("frame", ["displaced", "lab"])
def test_the_switch_off_time_on_and_off_the_grid(frame):
    battery = qb.batteries.DOPO(7, 4, frame=frame)

    def left(time, adjoint="forward"):
        pump = qb.protocols.SwitchOff(1.4, time)
        run = qb.charge(battery, pump, GRID, adjoint=adjoint, solver=TIGHT)
        return jnp.stack([run.ergotropy[-1], run.coherent_ergotropy[-1], run.energy[-1]])

    value, forward = jax.jit(left), jax.jit(jax.jacfwd(left))
    reverse = jax.jit(jax.grad(lambda time: left(time, "reverse") @ WEIGHTS))
    for off in (0.8, 0.61, 0.8 + 1e-7):
        slopes = forward(jnp.array(off))
        assert jnp.all(jnp.abs(slopes) > 1e-2)
        numeric = central_difference(value, jnp.array(off))
        assert tree_allclose(slopes, numeric, rtol=GRADIENT, atol=0)
        assert tree_allclose(reverse(jnp.array(off)), slopes @ WEIGHTS, rtol=MODES)


def test_the_end_of_a_run_and_of_a_storage():
    battery = qb.batteries.DOPO(7, 4)
    pump = qb.protocols.Constant(1.4)

    def figures(off, adjoint="forward"):
        options = {"adjoint": adjoint, "solver": TIGHT}
        run = qb.charge(battery, pump, [0.0, off], **options)
        kept = qb.store(battery, run.final_state, jnp.stack([off, off + 0.3]), **options)
        return jnp.stack([run.ergotropic_power[-1], kept.ergotropy[-1], run.energy[-1]])

    at = jnp.array(0.9)
    slopes = jax.jit(jax.jacfwd(figures))(at)
    assert tree_allclose(slopes, central_difference(jax.jit(figures), at), rtol=GRADIENT)
    reverse = jax.jit(jax.grad(lambda off: figures(off, "reverse") @ WEIGHTS))(at)
    assert tree_allclose(reverse, slopes @ WEIGHTS, rtol=MODES)


def test_the_initial_cell():
    battery = qb.batteries.DOPO(5, 3)

    def value(angle):
        ket = jnp.stack([jnp.cos(angle), jnp.sin(angle), 0.0, 0.0, 0.0])
        run = qb.charge(
            battery, qb.protocols.Constant(1.0), [0.0, 0.6], initial=ket, adjoint="forward",
            solver=TIGHT,
        )  # fmt: skip
        return run.ergotropy[-1]

    at = jnp.array(0.4)
    slope = jax.jit(jax.jacfwd(value))(at)
    assert tree_allclose(slope, central_difference(jax.jit(value), at), rtol=GRADIENT)


def test_the_gradient_on_the_vacuum_is_finite():
    battery = qb.batteries.DOPO(6, 3)

    def value(amplitude):
        pump = qb.protocols.Constant(amplitude)
        return qb.charge(battery, pump, [0.0, 0.3], adjoint="forward").ergotropy.sum()

    assert jnp.isfinite(jax.jit(jax.jacfwd(value))(jnp.array(0.0)))
