"""The verbs and what searches are made of, with arguments that are good, and the kind of each."""

import jax
import optax

import qbjax as qb
from qbjax import protocols
from qbjax.strategies.speed import power_limits
from tests.front_door.doors import CONSTANT, LOAD, QUBIT, TIMES, door

FREE = protocols.Constant(qb.free(0.5, 0.0, 1.0))
STATE = QUBIT.start()
HOW = {
    "save": (None, "callable?"),
    "states": (None, "choice?"),
    "adjoint": ("reverse", "choice"),
    "solver": (None, "solver?"),
}


def concave(x):
    """An objective with a maximum."""
    return -((x.amplitude - 0.5) ** 2)


VERBS = [
    door(
        qb.charge, battery=(QUBIT, "thing"), protocol=(CONSTANT, "thing"), times=(TIMES, "times"),
        initial=(None, "state?"), **HOW,
    ),
    door(qb.store, battery=(QUBIT, "thing"), state=(STATE, "thing"), times=(TIMES, "times"), **HOW),
    door(
        qb.discharge, battery=(QUBIT, "thing"), state=(STATE, "state"), load=(LOAD, "thing"),
        times=(TIMES, "times"), **HOW,
    ),
    door(
        qb.steady_state, battery=(QUBIT, "thing"), protocol=(CONSTANT, "thing"),
        gap=(None, "flag?"),
    ),
    door(
        power_limits, battery=(QUBIT, "thing"), protocol=(CONSTANT, "thing"),
        times=(TIMES, "times"), initial=(None, "state?"), solver=(None, "solver?"),
    ),
    door(
        qb.final, observable=("energy", "choice"), times=(TIMES, "times?"),
        adjoint=("reverse", "choice"),
    ),
    door(
        qb.maximize, objective=(concave, "callable"), protocol=(FREE, "thing"),
        battery=(None, "thing?"), optimizer=(optax.adam(0.1), "optimiser"),
        steps=(2, "positive count"),
        starts=(1, "positive count"), keep=(None, "positive count?"), key=(None, "key?"),
        mode=("reverse", "choice"),
        tolerance=(1e-7, "not negative"), constraints=((), "constraints"),
        ensemble=(None, "thing?"), refine=("after", "choice"), progress=(None, "callable?"),
    ),
    door(
        qb.pareto, objectives=([concave, concave], "members"), protocol=(FREE, "thing"),
        points=(3, "positive count"), battery=(None, "thing?"),
    ),
    door(
        qb.ensemble, batteries=(jax.random.normal, "members"), statistic=("mean", "choice"),
        count=(3, "positive count"), key=(None, "key?"),
    ),
    *(
        door(f, function=(concave, "callable"), value=(1.0, "real"))
        for f in (qb.at_most, qb.at_least, qb.equal)
    ),
    door(qb.free, value=(0.5, "reals"), low=(0.0, "bound"), high=(1.0, "bound")),
    door(
        qb.Solver, rtol=(1e-8, "tight"), atol=(1e-10, "positive"),
        max_steps=(10, "positive count"), method=(None, "thing?"), max_step=(None, "positive?"),
    ),
]  # fmt: skip
