"""How long things take in units of a reference: read as ratios, with a few percent of noise."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from clock import Clock, arithmetic, of_children
from systems import PULSE, cavity, dopo, pulsed, stream

import qbjax as qb

HERE = Path(__file__).parent
WITHIN, WITHOUT = Clock(), Clock(of_children)

within = pytest.mark.benchmark(timer=WITHIN)
without = pytest.mark.benchmark(timer=WITHOUT)


def process(code):
    """Runs code in a fresh process that finds no compiled programs."""
    path = f"{HERE}{os.pathsep}{HERE.parents[1]}"
    environment = os.environ | {"QBJAX_CACHE": "off", "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def solved(function, *given):
    """A call that waits for its answer, of a program of the caller's own."""
    program = jax.jit(function)
    return lambda: jax.block_until_ready(program(*given))


@without
@pytest.mark.parametrize("code", ["import qbjax", "import systems; systems.qubit().energy"])
def test_a_fresh_process_beside_the_import_of_jax(benchmark, code):
    WITHOUT.measure(benchmark, partial(process, code), partial(process, "import jax"), rounds=3)


@within
@pytest.mark.parametrize("function", [dopo, stream])
def test_a_program_beside_arithmetic(benchmark, function):
    WITHIN.measure(benchmark, solved(function), arithmetic, rounds=11)


@within
def test_a_call_beside_arithmetic(benchmark):
    """With all that happens on the way in and out."""
    WITHIN.measure(benchmark, lambda: [cavity() for _ in range(5)], arithmetic, rounds=11)


@within
def test_a_gradient_beside_its_run(benchmark):
    """Of twenty pulses of ten segments, one after the other."""
    pulses = jnp.linspace(0.5, 1.0, 20)[:, None] * PULSE
    value, slope = (
        solved(partial(jax.lax.map, f), pulses) for f in (pulsed, jax.value_and_grad(pulsed))
    )
    WITHIN.measure(benchmark, slope, value, rounds=11)


@within
def test_a_sweep_beside_its_function(benchmark):
    """In memory, the program compiled anew each time, beside five times its 16 points."""
    pumps = np.linspace(0.5, 1.0, 16)
    alone = solved(partial(jax.lax.map, dopo), jnp.asarray(pumps))
    grid = qb.studies.grids.product(amplitude=pumps)

    def five():
        for _ in range(5):
            alone()

    WITHIN.measure(benchmark, lambda: qb.sweep(dopo, grid), five, rounds=3)
