"""The quantities whose law over the size is asked for, named so that none passes for another.

"The power" of a battery is a largest average power for one author, an instantaneous one for
another, of the energy or of the ergotropy; and what is seen at a time depends on which. So a
quantity says what is seen, and when.
"""

import dataclasses
from typing import Any

from qbjax import _checks

FIRST, LARGEST = "first peak", "largest"


@dataclasses.dataclass(frozen=True)
class Quantity:
    r"""A quantity of a run: what is seen, and when.

    Args:
        seen: an observable of the battery; "power", the instantaneous $\dot E$, the slope of its
            energy; or "time".
        when: "first peak", the first maximum in time of `of`; "largest", the highest of its maxima;
            or a number, a fixed time.
        of: the observable whose maximum it is: by default `seen` itself, of the time the energy.

    Raises:
        TypeError, ValueError: for words and numbers that are none of these.

    Example:
        >>> print(Quantity("charging_power"))
        charging_power at its first peak
        >>> print(Quantity("time"))
        time of the first peak of energy
        >>> print(Quantity("work_variance", "largest", of="charging_power"))
        work_variance at the largest charging_power
        >>> print(Quantity("ergotropy", 2.0))
        ergotropy at t = 2
    """

    seen: str | Any
    when: Any = FIRST
    of: str | Any = None

    def __post_init__(self):
        _checks.instance("seen", self.seen, str, "the name of an observable")
        if self.of is not None:
            _checks.instance("of", self.of, str, "the name of an observable")
        if isinstance(self.when, str):
            _checks.choice("when", self.when, (FIRST, LARGEST))
            if self.followed == "time":
                raise ValueError("Argument `of` must be an observable, but is 'time'.")
            return
        _checks.known("when", self.when)
        object.__setattr__(
            self, "when", float(_checks.scalar("when", self.when, low=0, open_low=True))
        )
        if self.of is not None:
            raise ValueError(
                f"Argument `of` must be left out at a fixed time, but is {_checks.show(self.of)}."
            )

    @property
    def followed(self) -> str:
        """The observable whose maximum it is."""
        return self.of or ("energy" if self.seen == "time" else self.seen)

    @property
    def event(self) -> tuple[Any, str]:
        """The moment when it is seen: of two quantities with one event a single search tells."""
        return (self.when, self.followed if isinstance(self.when, str) else "")

    def __str__(self) -> str:
        if not isinstance(self.when, str):
            return f"{self.seen} at t = {self.when:g}"
        if self.seen == "time":
            kind = "largest" if self.when == LARGEST else "first peak of"
            return f"time of the {kind} {self.followed}"
        if self.seen != self.followed:
            kind = "largest" if self.when == LARGEST else "first peak of"
            return f"{self.seen} at the {kind} {self.followed}"
        return f"largest {self.seen}" if self.when == LARGEST else f"{self.seen} at its first peak"


def quantities_of(given: Any) -> list[Quantity]:
    """The quantities that were asked for, by themselves or by the names of observables.

    Raises:
        TypeError, ValueError: for what is none, and for none or the same twice.
    """
    found = [given] if isinstance(given, str | Quantity) else given
    _checks.sequence("quantities", found)
    listed = [Quantity(x) if isinstance(x, str) else x for x in found]
    for each in listed:
        _checks.instance("quantities", each, Quantity, "a list of names or qb.studies.Quantity")
    if not listed or len(set(listed)) < len(listed):
        raise ValueError(
            "Argument `quantities` must hold at least one, and none twice, but is "
            f"{_checks.show(given)}."
        )
    return listed
