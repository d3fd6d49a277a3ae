"""An objective that says what it is: what a charge has given at its end."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.cycle import charge
from qbjax.dynamics.solve.integrate import Adjoint

ENERGIES = ("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy")
"""Observables that are never more than the energy."""

POWERS = ("charging_power", "ergotropic_power")
"""Observables that are never more than the energy over the time."""


@dataclass(frozen=True)
class Final:
    """The last value of an observable; made by `final`.

    Attributes:
        observable: one of `ENERGIES` and `POWERS`.
        times: of the charge; None where the collisions have their own.
        adjoint: how it is differentiated.
    """

    observable: str
    times: tuple[float, ...] | None
    adjoint: str

    def __call__(self, protocol: Any, battery: Any) -> Float[Array, ""]:
        times = None if self.times is None else list(self.times)
        run = charge(battery, protocol, times, adjoint=self.adjoint)
        return getattr(run, self.observable)[-1]

    @property
    def __name__(self) -> str:
        return self.observable

    def worth(self, energy: float) -> float | str:
        """The most that a largest energy leaves to the observable, or why that is not known."""
        if self.observable in ENERGIES:
            return energy
        if self.times is None:
            return "a power has a bound only where its time is given"
        return energy / (self.times[-1] - self.times[0])


def final(
    observable: str | Any, times: Any = None, *, adjoint: Adjoint | str | Any = "reverse"
) -> Final:
    """Makes the objective of `qb.maximize` that reads what a charge has given at its end.

    A function of one's own can do the same; but of this one the search knows what it is, so that
    it can say how far from the best possible the answer is: `best.bound`, `best.gap`.

    Args:
        observable: "energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy",
            "charging_power" or "ergotropic_power".
        times: of the charge, from its start to its end; None for collisional batteries.
        adjoint: as of `qb.charge`; "forward" for `mode="forward"`.

    Raises:
        ValueError: for another observable or adjoint, times in disorder, or only one. TypeError:
            for times that are no numbers, or traced.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> pair = qb.batteries.TavisCummings(spins=1, photons=1)
        >>> pulse = qb.protocols.PiecewiseConstant(qb.free([0.1, 0.2], 0.0, 0.5), 2.0)
        >>> best = qb.maximize(qb.final("energy", [0.0, 2.0]), pulse, battery=pair)
        >>> round(best.bound, 6), best.bound_name, abs(best.gap) < 1e-6
        (0.708073, 'angle', True)
    """
    _checks.choice("observable", observable, (*ENERGIES, *POWERS))
    _checks.choice("adjoint", adjoint, ("reverse", "forward", "direct"))
    if times is None:
        return Final(observable, None, adjoint)
    if not _checks.is_concrete(times):
        raise TypeError("Argument `times` must be known numbers, but is traced.")
    known = np.asarray(_checks.times("times", times))
    if known.size < 2:
        raise ValueError(f"Argument `times` must hold a start and an end, but is {known.tolist()}.")
    return Final(observable, tuple(known.tolist()), adjoint)
