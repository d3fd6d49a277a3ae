r"""Room for neighbours: small batteries are padded to sizes that others have, too.

A program is compiled for shapes. Planes, levels and cells of a stack are rounded up to a power of
two or one and a half of it, with coefficients zero: what is added never fills, and its energies lie
at the top of the cell's. Only where a run takes milliseconds; nothing is seen of it outside.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks, _sizes
from qbjax.batteries.lindblad._model import Model
from qbjax.dynamics.chebyshev.reading import SHARE
from qbjax.dynamics.generator.structure import Structure
from qbjax.dynamics.solve.automatic import IMPLICIT, WORK
from qbjax.interface import State

MOST = 1600
"""Real numbers in a stack beyond which it is not padded: its run would take longer."""


class Room(NamedTuple):
    """Sizes of a padded battery: planes and levels of its stack, levels of cell and rest."""

    planes: int
    levels: int
    cell: int
    rest: int

    @property
    def stack(self) -> tuple[int, int]:
        """Planes and levels."""
        return self.planes, self.levels


def room_of(model: Model, structure: Structure) -> Room | None:
    """The room that a stack is given; None if it is moved as it is."""
    planes, levels = structure.room
    cell, rest = model.joint().shape if model.cell else (0, 0)
    padded = Room(
        _sizes.rounded(planes), _sizes.rounded(levels), _sizes.rounded(cell), _sizes.rounded(rest)
    )
    size, after = planes * levels**2, padded.planes * padded.levels**2
    if size > MOST or model.dimension**2 <= IMPLICIT or size**3 <= WORK:
        return None
    # Steps of Chebyshev must end where they would without.
    seen = len(model.watched) + len(model.observables) + 2
    passes = {(n**2 + seen) * SHARE <= s for n, s in ((cell, size), (padded.cell, after))}
    return padded if len(passes) == 1 else None


def roomy(state: State, room: Room) -> State:
    """A state padded by zeros, on the host."""
    count, n = room.stack
    content = _sizes.padded(np.asarray(state.content), (count, n, n))
    return State(content, state.origin, state.layout, state.made)


def levels_in(hamiltonian: Float[Array, " c"], room: Room) -> Float[Array, " more"]:
    """Levels of a cell, with those that are added at their top."""
    levels = np.asarray(hamiltonian)
    more = np.full(max(room.cell - levels.size, 0), levels.max())
    return _checks.settled(np.concatenate([levels, more]))
