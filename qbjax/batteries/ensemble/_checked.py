"""Numbers of an ensemble that depend on one another: the levels of the cavity, the quanta lost."""

from typing import Any

from qbjax import _checks
from qbjax.batteries.ensemble._model import Model
from qbjax.interface.cavities import USUAL, enough_levels
from qbjax.interface.pumps import pumps_of
from qbjax.protocols import resolve


def levels_of(battery: Any, levels: Any) -> int:
    """The levels of the cavity: those given, or what is exact, or what holds a usual coupling."""
    n, spins = battery.photons, battery.spins
    if levels is not None:
        return _checks.integer("levels", levels, low=n + 1)
    if battery.counter_rotating:
        return enough_levels(spins, n, USUAL)
    grows = not _checks.is_plain_zero(battery.local_pump)
    return n + (2 if grows else 1) * spins + 1


def check_cavity(battery: Any) -> None:
    """Insists that what is said of a cavity is said where there is one."""
    if battery.levels is not None:
        return
    given = {"cavity": battery.cavity is not None}
    given["cavity_decay"] = not _checks.is_plain_zero(battery.cavity_decay)
    for name, there in given.items():
        if there:
            raise ValueError(
                f"Argument `{name}` must be left out without a cavity, which `photons` or "
                f"`levels` make, but is {_checks.show(getattr(battery, name))}."
            )


def check_lost(lost: int | None, model: Model) -> None:
    """Insists that quanta are counted, and that nothing but losses changes their number."""
    conserved = model.levels and not model.counter_rotating and "pump" not in model.jumps
    if lost is not None and not (conserved and set(model.jumps) - {"dephasing"}):
        raise ValueError(
            "Argument `lost` must be left out unless spins and a cavity keep their quanta but for "
            f"losses, but is {lost}."
        )


def check_endless(lost: int | None) -> None:
    """Insists that a battery that is charged for ever may lose all there is."""
    if lost is not None:
        raise ValueError(
            f"Argument `battery` must have no `lost` for a steady state, but has {lost}."
        )


def recommended(battery: Any, model: Model, protocol: Any) -> dict[str, tuple[str, int]]:
    """Half more of what was cut; levels of the cavity that the strongest coupling takes, if known.

    Args:
        battery: a `SpinEnsemble`.
        model: of it.
        protocol: of the run.
    """
    found = {} if battery.lost is None else {"lost": ("lost", more(battery.lost))}
    if not model.cut:
        return found
    levels = more(model.levels)
    cavity = battery.frequency if battery.cavity is None else battery.cavity
    peaks = [pump.peak for pump in pumps_of(resolve(protocol))]
    known = _checks.is_concrete((peaks, cavity))
    if peaks and known and battery.counter_rotating and cavity > 0:
        strongest = float(peaks[0] / cavity)
        levels = max(levels, enough_levels(battery.spins, battery.photons or 0, strongest))
    return found | {"cavity": ("levels", levels)}


def more(count: int) -> int:
    """Adds half to a count, rounded up.

    Example:
        >>> more(3), more(4)
        (5, 6)
    """
    return -(-3 * count // 2)
