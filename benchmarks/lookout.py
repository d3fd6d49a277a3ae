"""What does it cost to look at signals before a run, so that no pulse is stepped over?

Runs in turn, with the look-out and without: processor seconds of a call, the least of nine times
twenty, and the median of nine ratios; steps, rejected ones included; how much the last energies
differ.
"""

import time
from unittest import mock

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb

TIMES = np.linspace(0.0, 10.0, 11)
CALLS, ROUNDS = 20, 5


def qubit(detuning=0.0, decay=0.0):
    """A driven qubit."""
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    return qb.batteries.Lindblad(
        np.diag([0.0, detuning]),
        [(decay, lower)] if decay else [],
        dims=(2,),
        cell=0,
        cell_hamiltonian=np.array([0.0, 1.0]),
        controls=[lower + lower.T],
    )


def sine(t):
    return jnp.sin(jnp.pi * t / 10) ** 2


def gaussian(t):
    return 1.2 * jnp.exp(-(((t - 5.0) / 1.0) ** 2))


def wavy(t):
    return jnp.sin(jnp.pi * t / 10) ** 2 * jnp.cos(3 * t)


def late(t):
    return 40 * jnp.exp(-0.5 * ((t - 8.0) / 0.01) ** 2)


def cases():
    function = lambda f: qb.protocols.Function(f, 10.0)  # noqa: E731
    fourier = qb.protocols.Fourier([1.0, -0.6, 0.3, 0.5, -0.2, 0.1, 0.3, -0.1], 10.0)
    dopo = qb.batteries.DOPO(32, 5)
    return {
        "qubit, sin²": (qubit(), function(sine)),
        "qubit, Gaussian": (qubit(), function(gaussian)),
        "qubit, 9 half-waves": (qubit(), function(wavy)),
        "qubit, Fourier, 8 terms": (qubit(), fourier),
        "detuned, lossy, sin²": (qubit(5.0, 0.1), function(sine)),
        "detuned, lossy, 9 half-waves": (qubit(5.0, 0.1), function(wavy)),
        "DOPO 32×5, 3 sin²": (dopo, function(lambda t: 3 * sine(t))),
        "qubit, late, a thousandth": (qubit(), function(late)),
    }


def run(battery, pulse, solver):
    """A compiled run, and its number of steps and last energy."""
    go = eqx.filter_jit(lambda pulse: qb.charge(battery, pulse, TIMES, solver=solver))

    def energy():
        out = go(pulse)
        return jax.block_until_ready(out.energy[-1]), int(out.steps)

    return energy


def seconds(go):
    """Of processor time: others may be busy."""
    start = time.process_time()
    for _ in range(CALLS):
        go()
    return (time.process_time() - start) / CALLS


if __name__ == "__main__":
    print("| run | steps without | with | seconds without | with | ratio | difference |")
    print("|---|---|---|---|---|---|---|")
    for name, case in cases().items():
        careful = run(*case, qb.Solver())
        careless = run(*case, qb.Solver(max_steps=100_001))  # another program
        with mock.patch("qbjax.dynamics.solve.lookout.ahead", return_value=[]):
            before, steps = careless()
        after, more = careful()
        took = np.array([(seconds(careless), seconds(careful)) for _ in range(ROUNDS)])
        least, ratio = np.min(took, axis=0), np.median(took[:, 1] / took[:, 0])
        print(
            f"| {name} | {steps} | {more} | {least[0]:.2e} | {least[1]:.2e} | {ratio:.2f} "
            f"| {abs(after - before):.0e} |"
        )
