r"""Ladders that exchange quanta with ancillas, which are ladders, too.

$$G = A\otimes B^\dagger + A^\dagger\otimes B$$

conserves the sum of both levels, so that each of its sectors holds one state per level of the
ancilla. Of a qubit, `ladders.spin(1/2)`, it is the collision of `Collisional`.
"""

from typing import Any

import numpy as np

from qbjax import _checks
from qbjax._types import Operator
from qbjax.algebra.jumps import Jumps
from qbjax.algebra.ladders import Ladder
from qbjax.batteries.repeated.battery import RepeatedInteractions


def exchange(ladder: Ladder | Any, ancilla: Ladder | Any) -> Operator:
    r"""The interaction by which a ladder and an ancilla exchange quanta, (Nd, Nd).

    Args:
        ladder: of the cell.
        ancilla: of the ancilla, such as `qb.algebra.ladders.spin(1)` for a qutrit.

    Raises:
        TypeError: for what is no ladder.

    Example:
        >>> import qbjax as qb
        >>> qubit = qb.algebra.ladders.spin(1 / 2)
        >>> exchange(qubit, qubit).tolist()[1]
        [0.0, 0.0, 1.0, 0.0]
    """
    A, B = _ladder("ladder", ladder).lowering, _ladder("ancilla", ancilla).lowering
    return np.kron(A, B.T) + np.kron(A.T, B)


def cascade(
    ladder: Ladder | Any,
    ancilla: Ladder | Any,
    *,
    cells: int | Any = 1,
    loss: Any = 0,
    thermal: Any = 0,
) -> RepeatedInteractions:
    r"""Equal ladders in a row, each of which exchanges quanta with every ancilla of one stream.

    $$\dot\rho = \kappa(\bar n + 1)D[A]\rho + \kappa\bar nD[A^\dagger]\rho$$

    is the loss of every ladder, for the waiting time $t_0$ after each ancilla.

    Args:
        ladder: of every cell.
        ancilla: of every ancilla.
        cells: how many there are.
        loss: $\kappa t_0$.
        thermal: occupation $\bar n$ of the baths.

    Raises:
        TypeError, ValueError: for what is no ladder, a number out of range.

    Example:
        Two cavities and one excited qubit, which the first takes half of:

        >>> import numpy as np, qbjax as qb
        >>> cavity, qubit = qb.algebra.ladders.oscillator(3), qb.algebra.ladders.spin(1 / 2)
        >>> pair = cascade(cavity, qubit, cells=2)
        >>> one = qb.protocols.Ancillas([[np.pi / 4, np.pi / 2]], [0.0, 1.0])
        >>> run = qb.charge(pair, one)
        >>> run.energy.round(6).tolist(), run.negativity.round(6).tolist()
        ([0.0, 1.0], [0.0, 0.5])
    """
    G = exchange(ladder, ancilla)
    lost = _checks.optional_scalar("loss", loss, low=0)
    heat = _checks.optional_scalar("thermal", thermal, low=0)
    A = ladder.lowering
    jumps: Jumps = []
    if not _checks.is_plain_zero(lost):
        jumps.append((lost * (heat + 1), A))
        if not _checks.is_plain_zero(heat):
            jumps.append((lost * heat, A.T))
    # Ancillas that give all of their quanta at once may leave every other level empty.
    top = 0 if ladder.is_whole else min(ladder.size, max(1, ancilla.size - 1))
    return RepeatedInteractions(
        ladder.levels, ancilla.levels, G, jumps=jumps, cells=cells, top_levels=top
    )


def _ladder(name: str, given: Any) -> Ladder:
    _checks.instance(name, given, Ladder, "a ladder such as qb.algebra.ladders.spin(1)")
    _checks.room(name, given, given.size**2, "one matrix of so many levels")
    return given
