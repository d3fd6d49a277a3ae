"""Room for neighbours: a small DOPO is padded to a number of signal levels that others have, too.

Its program is that of the larger one; operators that end where they should are arguments of it.
The levels that are added never fill, and are not seen outside.
"""

import math
from typing import Any

import equinox as eqx
import jax
import numpy as np

from qbjax import _sizes
from qbjax.batteries.dopo import _motion as motions
from qbjax.batteries.dopo import _terms as terms
from qbjax.batteries.dopo._equation import Equation
from qbjax.batteries.dopo._readings import Readings, readings
from qbjax.batteries.dopo._terms import Layout, Numbers
from qbjax.dynamics.generator.action import Action, is_banded
from qbjax.dynamics.generator.pattern import Shifts, shifts_of
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.solve.automatic import WORK
from qbjax.interface.states import State

MOST = 4000
"""Real numbers in a stack beyond which it is not padded: its run would take longer."""


class Mover(eqx.Module):
    """A DOPO as a program takes it: the numbers of its operators, too, are arguments.

    Attributes:
        numbers: of the battery.
        form: of the generator.
        readings: of the states.
        layout: of the stack, with the levels that were added.
        real: whether the density matrix is real.
    """

    numbers: Numbers
    form: Shifts
    readings: Readings
    layout: Layout = eqx.field(static=True)
    real: bool = eqx.field(static=True)

    def motion(self, protocol, state: State, times) -> Flow:
        """The motion of a padded state from `times[0]`."""
        action = Action(self.form, *terms.strengths(self.layout, self.numbers))
        equation = Equation(self.numbers, self.layout, action, self.readings, protocol, self.real)
        return motions.motion(equation, state, times)


def mover(
    battery: Any, numbers: Numbers, layout: Layout, state: State, exact: bool
) -> tuple[Any, State]:
    """The mover of a state, and the state padded for it; both as they are where it is large.

    Args:
        battery: of the state.
        numbers: of the battery.
        layout: of the run.
        state: to be moved.
        exact: whether the state is to be seen as it is.
    """
    structure = terms.structure(layout)
    size = math.prod(structure.room) * structure.room[1]
    if exact or size > MOST or size**3 <= WORK or not is_banded(structure):
        return battery, state
    wide = layout._replace(signal_levels=_sizes.rounded(layout.signal_levels))
    real = state.layout.real and not structure.imaginary
    n = terms.sizes(wide)
    blocks, displacement = jax.device_get(state.content)
    padded: Any = tuple(
        np.pad(block, (0, k - len(block))) for block, k in zip(blocks, n, strict=True)
    )
    mover = Mover(
        numbers=numbers,
        form=shifts_of(structure, (len(n), max(n))),
        readings=readings(layout, real, wide.signal_levels),
        layout=wide,
        real=real,
    )
    return mover, State(
        motions.Content(padded, displacement), state.origin, state.layout, state.made
    )
