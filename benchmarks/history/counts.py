"""What a run needs, counted: the same on every machine, so that one more is too many."""

import jax
import numpy as np
import pytest
from systems import TIMES, cavity, pulsed_slope, qubit, stored

import qbjax as qb
from qbjax.dynamics import programs

happened = {"programs": 0, "steps": 0}


def so_far() -> int:
    """A clock of things that have happened."""
    return sum(happened.values())


def _compiled(event: str, seconds: float, **others) -> None:
    happened["programs"] += event == "/jax/core/compile/backend_compile_duration"


jax.monitoring.register_event_duration_secs_listener(_compiled)
pytestmark = pytest.mark.benchmark(timer=so_far)


def forgetful(function):
    """A function that compiles all that it needs."""

    def run():
        jax.clear_caches()
        programs.forget()
        function()

    return run


def stepping(function):
    """A function that counts the steps of its run."""

    def run():
        before = dict(happened)
        steps = int(np.sum(function().steps))
        happened.update(before, steps=before["steps"] + steps)

    return run


@pytest.mark.parametrize("function", [qubit, cavity, pulsed_slope])
def test_programs_of_a_first_answer(benchmark, function):
    benchmark.pedantic(forgetful(function))


def test_programs_of_a_family(benchmark):
    """Another coupling, rate and time, a neighbouring size, storage: of one structure."""

    def family():
        for numbers in ({}, {"g": 1.2}, {"loss": 0.2}, {"n": 5}, {"times": 2 * TIMES}):
            cavity(**numbers)
        stored()

    benchmark.pedantic(forgetful(family))


def test_steps(benchmark):
    """Of spins in a lossy cavity, by Tsit5."""
    solver = qb.Solver(method=qb.dynamics.Tsit5())
    benchmark.pedantic(stepping(lambda: cavity(solver=solver)))
