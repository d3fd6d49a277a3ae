"""Our Tsit5 takes diffrax's steps to rounding, under every transformation."""

import diffrax
import jax
import jax.numpy as jnp
import pytest

from qbjax.dynamics.solve.tsit5 import Tsit5
from tests.helpers import EXACT, tree_allclose

ROUNDING = 1e-9
"""The error estimate is a small difference: rounding moves the steps, and the steps the
values, a thousandth of the truncation error."""

TIMES = jnp.linspace(0.0, 3.0, 7)
EDGE = 1.3
THEIRS, OURS = diffrax.Tsit5(), Tsit5()
CONTROLLER = diffrax.ClipStepSizeController(
    diffrax.PIDController(rtol=1e-6, atol=1e-8, pcoeff=0.2, icoeff=0.4), jump_ts=jnp.array([EDGE])
)
REVERSE, FORWARD = diffrax.RecursiveCheckpointAdjoint(), diffrax.ForwardMode()


def field(t, y, rate):
    """A Van der Pol oscillator (some steps are rejected) whose drive stops at EDGE."""
    position, velocity = y
    drive = jnp.where(t < EDGE, 2.0, 0.0)
    return velocity, 3.0 * (1 - position**2) * velocity - rate * position + drive


def solve(method, rate, controller=CONTROLLER, adjoint=REVERSE):
    return diffrax.diffeqsolve(
        diffrax.ODETerm(field),
        method,
        t0=0.0,
        t1=3.0,
        dt0=0.01,
        y0=(jnp.array(1.0), jnp.array(0.0)),
        args=rate,
        saveat=diffrax.SaveAt(ts=TIMES),
        stepsize_controller=controller,
        adjoint=adjoint,
    )


def last(method, adjoint):
    return lambda rate: solve(method, rate, adjoint=adjoint).ys[0][-1]


@pytest.mark.parametrize("controller", [CONTROLLER, diffrax.ConstantStepSize()])
def test_values_and_steps_are_diffrax_s(controller):
    theirs, ours = (solve(method, jnp.array(1.0), controller) for method in (THEIRS, OURS))
    for count in ("num_steps", "num_accepted_steps", "num_rejected_steps"):
        assert int(ours.stats[count]) == int(theirs.stats[count])
    assert (int(ours.stats["num_rejected_steps"]) > 0) == (controller is CONTROLLER)
    assert tree_allclose(ours.ys, theirs.ys, rtol=ROUNDING)


@pytest.mark.slow
def test_batched_values_and_derivatives_are_diffrax_s():
    rates = jnp.array([0.5, 1.0, 4.0])

    def forward(method):
        slope = jax.vmap(lambda rate: jax.jvp(last(method, FORWARD), (rate,), (1.0,)))
        return jax.jit(slope)(rates)

    ours = forward(OURS)
    assert tree_allclose(ours, forward(THEIRS), rtol=ROUNDING)
    reverse = jax.jit(jax.vmap(jax.value_and_grad(last(OURS, REVERSE))))(rates)
    assert tree_allclose(reverse, ours, rtol=EXACT)


def test_lanes_with_other_step_counts_leave_each_other_alone():
    lanes = jax.vmap(lambda rate: solve(OURS, rate))(jnp.array([0.5, 1.0, 4.0]))
    assert len(set(lanes.stats["num_steps"].tolist())) > 1
    alone = solve(OURS, jnp.array(1.0))
    assert int(lanes.stats["num_steps"][1]) == int(alone.stats["num_steps"])
    assert tree_allclose(lanes.ys[0][1], alone.ys[0], rtol=ROUNDING)


@pytest.mark.slow
def test_the_derivative_without_batch():
    reverse = jax.jit(jax.value_and_grad(last(OURS, REVERSE)))(1.0)
    forward = jax.jit(lambda rate: jax.jvp(last(THEIRS, FORWARD), (rate,), (1.0,)))(1.0)
    assert tree_allclose(reverse, forward, rtol=ROUNDING)
