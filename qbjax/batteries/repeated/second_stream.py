r"""Discharge by a second stream: ancillas that come with little, and leave with what was stored.

A first stream charges, a second takes the energy along. Each outgoing ancilla is used by itself:
what counts are the ergotropies of their reduced states,

$$\eta = \frac{\sum_\text{second}(W_\text{left} - W_\text{spent})}
  {\sum_\text{first}W_\text{spent} + \text{switching work of both}} .$$

Correlations between them, and what the first stream's ancillas left with, count as lost:
`unused_ergotropy` tells the latter.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.repeated.battery import RepeatedInteractions
from qbjax.cycle import charge
from qbjax.interface.states import State
from qbjax.protocols import Ancillas


class Cycle(NamedTuple):
    """Energies of a charge and a discharge by streams.

    Attributes:
        spent_ergotropy: of the charging ancillas, as they came.
        unused_ergotropy: of the charging ancillas, as they left.
        stored_ergotropy: of the cells between both streams, all together.
        delivered_ergotropy: what the discharging ancillas gained, each by itself.
        delivered_energy: what those gained in energy.
        switching_work: of both streams.
        remaining_ergotropy: of the cells at the end.
        efficiency: η, of what was spent; NaN where nothing was.
        state: at the end, to begin the next cycle with.
    """

    spent_ergotropy: Scalar
    unused_ergotropy: Scalar
    stored_ergotropy: Scalar
    delivered_ergotropy: Scalar
    delivered_energy: Scalar
    switching_work: Scalar
    remaining_ergotropy: Scalar
    efficiency: Scalar
    state: State


def cycle(
    battery: RepeatedInteractions | Any,
    charging: Ancillas | Any,
    discharging: Ancillas | Any,
    *,
    initial: Any = None,
) -> Cycle:
    r"""Charges a battery by one stream of ancillas and discharges it by another.

    Args:
        battery: of the cells.
        charging: the first stream.
        discharging: the second, mostly of ancillas in their ground state.
        initial: as in `qb.charge`; the `state` of a cycle goes on.

    Returns:
        A `Cycle`, traceable and differentiable by all angles and states.

    Raises:
        TypeError, ValueError: as `qb.charge`; for another battery.

    Example:
        What three excited qubits bring, three others take away again:

        >>> import numpy as np, qbjax as qb
        >>> ladder, qubit = qb.algebra.ladders.oscillator(5), qb.algebra.ladders.spin(1 / 2)
        >>> cavity = qb.batteries.repeated.cascade(ladder, qubit)
        >>> full = np.pi / 2 / np.sqrt([1.0, 2.0, 3.0])
        >>> excited, empty = ([0.0, 1.0], [1.0, 0.0])
        >>> done = cycle(cavity, qb.protocols.Ancillas(full, excited),
        ...              qb.protocols.Ancillas(full[::-1], empty))
        >>> round(float(done.delivered_ergotropy), 6), round(float(done.efficiency), 6)
        (3.0, 1.0)
    """
    expected = "a qb.batteries.RepeatedInteractions"
    _checks.instance("battery", battery, RepeatedInteractions, expected)
    for name, stream in (("charging", charging), ("discharging", discharging)):
        _checks.instance(name, stream, Ancillas, "qb.protocols.Ancillas(theta, state)")
    first = charge(battery, charging, initial=initial)
    second = charge(battery, discharging, initial=first.final_state)
    work = first.switching_work[-1] + second.switching_work[-1]
    delivered = second.left_ergotropy[-1] - second.spent_ergotropy[-1]
    paid = first.spent_ergotropy[-1] + work
    some = paid > 0
    return Cycle(
        spent_ergotropy=first.spent_ergotropy[-1],
        unused_ergotropy=first.left_ergotropy[-1],
        stored_ergotropy=first.ergotropy[-1],
        delivered_ergotropy=delivered,
        delivered_energy=second.left_energy[-1] - second.spent_energy[-1],
        switching_work=work,
        remaining_ergotropy=second.ergotropy[-1],
        efficiency=jnp.where(some, delivered / jnp.where(some, paid, 1.0), jnp.nan),
        state=second.final_state,
    )


def cycle_efficiency(streams: tuple[Ancillas, Ancillas], battery: RepeatedInteractions) -> Scalar:
    """The efficiency of a cycle by two streams: an objective for `qb.maximize`.

    Where no discharging ancilla leaves with any ergotropy it is flat: start a search elsewhere, at
    full swaps and the same in reverse order, or at the best of one angle for each stream.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> qubit, swap = qb.algebra.ladders.spin(1 / 2), [np.pi / 2]
        >>> pair = qb.batteries.repeated.cascade(qubit, qubit)
        >>> excited, empty = (qb.protocols.Ancillas(swap, psi) for psi in ([0.0, 1.0], [1.0, 0.0]))
        >>> round(float(cycle_efficiency((excited, empty), pair)), 6)
        1.0
    """
    return cycle(battery, *streams).efficiency
