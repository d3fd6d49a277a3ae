"""The catalogue's entries of ladders that a stream of qubits charges."""

import jax
import jax.numpy as jnp

from qbjax import _checks
from qbjax.algebra import ladders
from qbjax.batteries.collisional.battery import Collisional, micromaser
from qbjax.batteries.collisional.classical import full_swap, greedy, in_time
from qbjax.interface.catalogue import Entry, Example, Maker
from qbjax.protocols import Collisions, Scatter


def collisional(
    ladder="oscillator", levels=None, spin=None, loss=0, thermal=0, counter_rotating=0,
    clock="restarts", collision_loss=0, modulation=0, modulation_frequency=None,
) -> Collisional:  # fmt: skip
    """Makes a battery whose ladder is given by name and size: levels, or the j of a spin."""
    _checks.choice("ladder", ladder, ("oscillator", "spin", "uniform"))
    wanted, other = ("spin", "levels") if ladder == "spin" else ("levels", "spin")
    size, excess = (spin, levels) if ladder == "spin" else (levels, spin)
    if size is None:
        raise ValueError(f"Argument `{wanted}` must be given for the ladder, but is left out.")
    if excess is not None:
        raise ValueError(f"Argument `{other}` must be left out for the ladder, but is {excess!r}.")
    made = {"oscillator": ladders.oscillator, "spin": ladders.spin, "uniform": ladders.uniform}
    # Inside a trace even a plain j = 2.5 would be traced.
    with jax.ensure_compile_time_eval():
        whole = made[ladder](size)
    more = collision_loss, modulation, modulation_frequency
    return Collisional(whole, loss, thermal, counter_rotating, clock, *more)


def collisions(
    theta, count, ground_population=0, coherence=0, phase=0, looks=None, detuning=0, missed=0,
    theta_scatter=0, population_scatter=0, phase_scatter=0, detuning_scatter=0, waiting="regular",
) -> Collisions:  # fmt: skip
    """Makes `count` collisions that are all alike but for scatter, saved `looks` times in all."""
    angle = _checks.scalar("theta", theta, low=0)
    number = _checks.integer("count", count, low=1)
    every = 1 if looks is None else max(1, number // looks)
    spread = (missed, theta_scatter, population_scatter, phase_scatter, detuning_scatter)
    sharp = waiting == "regular" and all(map(_checks.is_plain_zero, spread))
    return Collisions(
        jnp.full(number, angle), ground_population, coherence, phase, every, detuning=detuning,
        scatter=None if sharp else Scatter(*spread, waiting),
    )  # fmt: skip


STREAMS = {"collisions": Maker(collisions, sizes=("count",), words=("waiting",), stream=True)}
QUBITS = {"theta": 0.3, "count": 8, "ground_population": 0.2, "coherence": 0.5}

ENTRIES = (
    Entry(
        name="collisional",
        battery=Maker(collisional, sizes=("levels",), words=("ladder", "spin", "clock")),
        protocols=STREAMS,
        example=Example(
            {"ladder": "spin", "spin": 2.5, "loss": 0.1}, "collisions", QUBITS, None, "loss"
        ),
        recipes={"full_swap": full_swap, "greedy": greedy, "in_time": in_time},
    ),
    Entry(
        name="micromaser",
        battery=Maker(micromaser, sizes=("levels",)),
        protocols=STREAMS,
        example=Example({"levels": 16, "loss": 0.1}, "collisions", QUBITS, None, "loss"),
    ),
)
