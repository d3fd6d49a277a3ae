"""The memory of a gradient in reverse mode does not grow with the run: states are kept at so many
places, and what lies between is run again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import central_difference

LEVELS = 6
LOWER = np.diag(np.sqrt(np.arange(1.0, LEVELS)), 1)
BATTERY = qb.batteries.Lindblad(
    np.zeros((LEVELS, LEVELS)),
    [0.5 * LOWER],
    dims=(LEVELS,),
    cell=0,
    cell_hamiltonian=np.arange(float(LEVELS)),
    controls=[LOWER + LOWER.T],
)


def slopes(segments, saved):
    """A compiled gradient of the last energy by all amplitudes; its duration is an argument."""

    def energy(amplitudes, duration):
        pulse = qb.protocols.PiecewiseConstant(amplitudes, duration)
        times = duration * jnp.linspace(0.0, 1.0, saved)
        run = qb.charge(BATTERY, pulse, times, solver=qb.Solver(method=qb.dynamics.Tsit5()))
        return run.energy[-1], run.steps

    both = jax.value_and_grad(energy, has_aux=True)
    return jax.jit(both).lower(jnp.full(segments, 0.1), 1.0).compile()


def memory(program):
    return program.memory_analysis().temp_size_in_bytes


def test_one_program_of_bounded_memory_serves_runs_of_any_length():
    program, amplitudes = slopes(4, 2), jnp.array([0.1, 0.15, 0.05, 0.1])
    assert memory(program) < 10e6
    (_, few), _ = program(amplitudes, jnp.asarray(1.0))
    (_, many), slope = program(amplitudes, jnp.asarray(6000.0))
    assert int(many) > 64 * 32 > int(few)  # more than the places that are kept
    along = central_difference(
        lambda x: program(x, jnp.asarray(6000.0))[0][0], amplitudes, jnp.eye(4)[3], step=1e-3
    )
    assert slope[3] == pytest.approx(float(along), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("segments", "saved"), [(4, 200), (40, 2)])
def test_saved_times_and_free_numbers_need_little_memory(segments, saved):
    assert memory(slopes(segments, saved)) < 1.1 * memory(slopes(4, 2))
