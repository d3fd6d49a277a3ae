"""Objectives and a battery whose best protocols are known: hills to climb."""

from typing import Any

import jax.numpy as jnp
import numpy as np

import qbjax as qb
from qbjax import interface

QUBIT = qb.batteries.Lindblad(
    np.zeros((2, 2)),
    [],
    dims=(2,),
    cell=0,
    cell_hamiltonian=np.array([0.0, 1.0]),
    controls=[np.array([[0.0, 1.0], [1.0, 0.0]])],
)


def valley(p):
    """Rosenbrock's, upside down."""
    return -((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2)


def square(p):
    return p[0] ** 2 + p[1] ** 2


def total(p):
    return p[0] + p[1]


def first(p):
    return p[0]


class Cut(interface.Battery):
    """Levels, and no physics: what there is of it is the objective's."""

    shift: Any
    levels: Any  # a number like others here, so that one program has them all
    growth: Any

    def refined(self):
        return cut(np.ceil(self.growth * self.levels), self.shift, self.growth)

    def factors(self):
        return {"cell": (int(self.levels),)}

    def check(self, protocol, times): ...
    def start(self, initial=None): ...
    def motion(self, protocol, state, times): ...
    def idle(self): ...
    def cell(self, state): ...

    cell_hamiltonian = np.zeros(1)


def cut(levels=8, shift=0.0, growth=1.5):
    return Cut(*(jnp.asarray(x, float) for x in (shift, levels, growth)))


def flattering(x, battery):
    """A good hump at 2, which eight levels turn into a hollow, and a bad one at −1 that they lift.

    The good one is .987 high, the bad one .16; with eight levels −.066 and .66.
    """
    n = battery.levels
    good = 0.987 * (1 - 2.9 * jnp.exp(-((n / 8) ** 2)))
    bad = 0.16 + 0.5 * jnp.exp(-(n - 8) / 4)
    return good * jnp.exp(-((x - 2 - battery.shift) ** 2)) + bad * jnp.exp(-4 * (x + 1) ** 2)
