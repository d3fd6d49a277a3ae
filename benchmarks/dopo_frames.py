"""What do the displaced frame and a gradient cost? Error and time together, in one run.

F = 3, κ = 0.5, γ_p = 16, 32 signal levels, to γt = 40; errors against 32×8 displaced levels
at ten times tighter tolerances. Then the cost of a gradient with respect to the switch-off
time, 44×5 levels, W at t_off + 0.5, as a multiple of the value's own time.

Run: python benchmarks/dopo_frames.py   (about four minutes on two cores)
"""

import os
import statistics
import time
import warnings

import jax
import jax.numpy as jnp

import qbjax as qb
from qbjax.strategies import switch_off

REPEATS = 5


def timed(function, *args):
    """Median seconds of a warm call, and its answer."""
    answer = jax.block_until_ready(function(*args))
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        jax.block_until_ready(function(*args))
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), answer


def frames():
    times, pump = jnp.array([0.0, 10.0, 40.0]), qb.protocols.Constant(3.0)

    @jax.jit
    def ergotropy(battery, solver):
        run = qb.charge(battery, pump, times, solver=solver)
        return run.ergotropy, run.steps

    def measure(levels, frame, solver=None):
        battery = qb.batteries.DOPO(32, levels, frame=frame)
        return timed(lambda: ergotropy(battery, solver or qb.Solver(method=qb.dynamics.Tsit5())))

    _, (truth, _) = measure(8, "displaced", qb.Solver(rtol=1e-9, atol=1e-11))
    print("frame      pump levels   steps   seconds   error W(10)   error W(40)")
    for frame, levels in (("lab", 9), *(("displaced", n) for n in (3, 4, 5, 6))):
        seconds, (values, steps) = measure(levels, frame)
        errors = jnp.abs(values - truth)[1:]
        print(
            f"{frame:10} {levels:11} {steps:7} {seconds:9.2f} {errors[0]:13.1e} {errors[1]:13.1e}"
        )


def gradients():
    battery, pump = qb.batteries.DOPO(44, 5), qb.protocols.SwitchOff

    def split(t):  # two runs: only the end of the first moves
        plan = switch_off.Plan(pump(3.0, t), jnp.array(0.5), jnp.array(2))
        return switch_off.figure_of_merit(plan, battery)

    def through(adjoint):  # one run with the edge inside
        def value(t):
            run = qb.charge(battery, pump(3.0, t), [0.0, t + 0.5], adjoint=adjoint)
            return run.ergotropy[-1] / (t + 0.5)

        return value

    t, one = jnp.array(10.672), jnp.ones(())
    base, _ = timed(jax.jit(through("forward")), t)
    cases = {
        "value": jax.jit(through("forward")),
        "forward, two runs": jax.jit(lambda t: jax.jvp(split, (t,), (one,))),
        "forward, edge inside": jax.jit(lambda t: jax.jvp(through("forward"), (t,), (one,))),
        "reverse, edge inside": jax.jit(jax.value_and_grad(through("reverse"))),
    }
    print("\ngradient               seconds   multiple")
    for name, function in cases.items():
        seconds, _ = timed(function, t)
        print(f"{name:22} {seconds:7.2f} {seconds / base:10.1f}")


if __name__ == "__main__":
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}, {os.cpu_count()} cores, float64")
    warnings.simplefilter("ignore", qb.dynamics.TruncationWarning)
    frames()
    gradients()
