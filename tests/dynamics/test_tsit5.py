"""Our Tsit5 takes diffrax's steps to rounding, under every transformation."""

import diffrax
import jax
import jax.numpy as jnp
import pytest

from qbjax.dynamics.tsit5 import Tsit5
from tests.helpers import tree_allclose

ROUNDING = 1e-12
"""The stages are summed in another order, and the equation amplifies that tenfold."""

TIMES = jnp.linspace(0.0, 3.0, 7)
JUMP = 1.3
METHODS = (diffrax.Tsit5(), Tsit5())
CONTROLLER = diffrax.PIDController(rtol=1e-6, atol=1e-8, pcoeff=0.2, icoeff=0.4)
CLIPPED = diffrax.ClipStepSizeController(CONTROLLER, jump_ts=jnp.array([JUMP]))


def field(t, y, rate):
    """A driven Van der Pol oscillator (rejected steps included); the drive stops at JUMP."""
    position, velocity = y
    drive = jnp.where(t < JUMP, 2.0, 0.0)
    return velocity, 5.0 * (1 - position**2) * velocity - rate * position + drive


def solve(method, rate, controller=CLIPPED, adjoint=None):
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
        adjoint=diffrax.RecursiveCheckpointAdjoint() if adjoint is None else adjoint,
    )


def last(method, adjoint=None):
    return lambda rate: solve(method, rate, adjoint=adjoint).ys[0][-1]


@pytest.mark.parametrize("controller", [CONTROLLER, CLIPPED, diffrax.ConstantStepSize()])
def test_values_and_steps_are_diffrax_s(controller):
    theirs, ours = (solve(method, jnp.array(1.0), controller) for method in METHODS)
    for count in ("num_steps", "num_accepted_steps", "num_rejected_steps"):
        assert int(ours.stats[count]) == int(theirs.stats[count])
    assert tree_allclose(ours.ys, theirs.ys, rtol=ROUNDING)
    if controller is not METHODS and not isinstance(controller, diffrax.ConstantStepSize):
        assert int(ours.stats["num_rejected_steps"]) > 0


def test_under_vmap_lanes_stay_apart():
    rates = jnp.array([0.5, 1.0, 4.0])
    theirs, ours = (jax.vmap(lambda r, m=m: solve(m, r))(rates) for m in METHODS)
    assert ours.stats["num_steps"].tolist() == theirs.stats["num_steps"].tolist()
    assert len(set(ours.stats["num_steps"].tolist())) > 1
    assert tree_allclose(ours.ys, theirs.ys, rtol=ROUNDING)
    assert tree_allclose(ours.ys[0][1], solve(METHODS[1], rates[1]).ys[0], rtol=ROUNDING)


@pytest.mark.parametrize("batched", [False, True])
def test_reverse_and_forward_derivatives_are_diffrax_s(batched):
    def derivatives(method):
        def both(rate):
            forward = last(method, diffrax.ForwardMode())
            return jax.grad(last(method))(rate), jax.jvp(forward, (rate,), (1.0,))[1]

        rate = jnp.array([1.0, 2.0]) if batched else jnp.array(1.0)
        return (jax.vmap(both) if batched else both)(rate)

    theirs, ours = map(derivatives, METHODS)
    # Derivatives of a stiff swing are some hundred times its values.
    assert tree_allclose(ours, theirs, rtol=100 * ROUNDING)


def test_order_five():
    """Halving fixed steps divides the error by 2⁵."""

    def error(dt):
        out = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, _: jnp.cos(t) * y), Tsit5(), 0.0, 2.0, dt, jnp.array(1.0)
        )
        return abs(float(out.ys[0] - jnp.exp(jnp.sin(2.0))))

    assert 24 < error(0.1) / error(0.05) < 45
