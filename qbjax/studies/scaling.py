r"""The law of a battery's quantities over its size: `scaling`, and the `Scaling` that it finds.

$$Q(N) \propto N^\alpha$$

A quantity is named by what is seen and when (`quantities`), its maxima are roots of derivatives
(`peaks`), its exponent is a regression with an interval, beside the exponents between neighbouring
sizes (`power_law`): an exponent without these is the word of whoever chose the sizes.

References: D. Ferraro et al., Phys. Rev. Lett. 120, 117702 (2018); F. Campaioli et al., Rev. Mod.
Phys. 96, 031001 (2024), on what is called an advantage.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int

from qbjax import _checks
from qbjax.interface import Battery
from qbjax.protocols import Pump, resolve
from qbjax.studies import peaks
from qbjax.studies.power_law import PowerLaw, power_law
from qbjax.studies.quantities import FIRST, Quantity, quantities_of

UNTIL = "a time by which the maximum has come"


@dataclasses.dataclass(frozen=True)
class Scaling:
    """Quantities over the size, and their laws; it prints as a table.

    Attributes:
        sizes: N, shape (n,).
        values: name of each quantity to its numbers, shape (n,); NaN where it has none.
        laws: name of each quantity to its `PowerLaw`.
        verdicts: for every size "ok", or why not to believe it.
        truncation: the most that the top levels of a mode held, for every size.
        confidence: of the intervals.
    """

    sizes: Int[np.ndarray, " n"]
    values: dict[str, Float[np.ndarray, " n"]]
    laws: dict[str, PowerLaw]
    verdicts: tuple[str, ...]
    truncation: Float[np.ndarray, " n"]
    confidence: float

    def to_xarray(self) -> xr.Dataset:
        """The numbers over `quantity` and `size`, the laws over `quantity`.

        Local exponents stand over `pair`, the geometric means of neighbouring sizes.
        """
        names, laws = list(self.values), [self.laws[name] for name in self.values]
        variables: dict[str, Any] = {
            "value": (("quantity", "size"), np.array([self.values[name] for name in names])),
            "local_exponent": (("quantity", "pair"), np.array([law.local for law in laws])),
            "verdict": ("size", list(self.verdicts)),
            "truncation": ("size", self.truncation),
        }
        numbers = {"exponent": "exponent", "exponent_low": "low", "exponent_high": "high"}
        numbers |= {x: x for x in ("prefactor", "trend", "trend_low", "trend_high")}
        for name, field in numbers.items():
            variables[name] = ("quantity", np.array([getattr(law, field) for law in laws]))
        pairs = np.sqrt(self.sizes[1:] * self.sizes[:-1].astype(float))
        coordinates = {"quantity": names, "size": self.sizes, "pair": pairs}
        return xr.Dataset(variables, coordinates, {"confidence": self.confidence})

    def to_dataframe(self) -> pd.DataFrame:
        """A row for every quantity and size, with the local exponent from the size before."""
        rows = []
        for name, numbers in self.values.items():
            local = [np.nan, *self.laws[name].local]
            for row in zip(self.sizes, numbers, local, self.verdicts, strict=True):
                rows.append((name, *row))
        return pd.DataFrame(
            rows, columns=["quantity", "size", "value", "local_exponent", "verdict"]
        )

    def to_csv(self, path: str | Path) -> None:
        """Writes the table of `to_dataframe`, below the laws as lines that begin with #.

        Read it with `pandas.read_csv(path, comment="#")`.

        Args:
            path: of the file, replaced if there is one.

        Raises:
            OSError: if it cannot be written.
        """
        head = "".join(f"# {self._said(name)}\n" for name in self.values)
        Path(path).write_text(head + self.to_dataframe().to_csv(index=False), encoding="utf-8")

    def __str__(self) -> str:
        head = [self._said(name) for name in self.values]
        table = pd.DataFrame(self.values, index=pd.Index(self.sizes, name="N")).T
        said = table.to_string(float_format="%.7g", na_rep="–")
        doubts = [f"N = {n}: {x}" for n, x in zip(self.sizes, self.verdicts) if x != "ok"]
        return "\n".join([*head, said, *doubts])

    def _said(self, name: str) -> str:
        """The law of a quantity in a sentence."""
        law = self.laws[name]
        said = f"{name}: N^{law.exponent:.4f}"
        if np.isfinite(law.low):
            said += f", {100 * self.confidence:g} % within {law.low:.4f} … {law.high:.4f}"
        if law.local.size > 1:
            said += f"; local {law.local[0]:.4f} … {law.local[-1]:.4f}"
        return said + (f", {bending}" if (bending := law.bending()) else "")


def scaling(
    function: Callable | Any,
    sizes: Any,
    quantities: Any = "charging_power",
    *,
    protocol: Any = None,
    until: Any = None,
    confidence: float | Any = 0.95,
) -> Scaling:
    """Finds how quantities of a battery grow with its size.

    Sizes are looked at one after another, for each has a program of its own: some seconds. Peaks
    are those of a run's own derivative by its times, to eight digits where they are smooth.

    Args:
        function: N to a battery, for which `quantities` are found; or to a number, or a dictionary
            of numbers, whatever they mean: no other argument but `confidence` is needed then.
        sizes: whole numbers N, increasing, two or more.
        quantities: `qb.studies.Quantity`s, or names of observables, whose first peak is meant;
            "charging_power" is the largest average power.
        protocol: of the battery; or a function of N to it.
        until: latest time at which a maximum is looked for; or a function of N to it.
        confidence: of the intervals of the exponents, less than 1.

    Returns:
        a `Scaling`. A battery whose maximum never came has NaN there, and says so.

    Raises:
        TypeError, ValueError: for bad arguments; what the battery refuses.

    Example:
        A spin and a photon for each: the largest average power grows faster than N, its time falls.

        >>> import qbjax as qb
        >>> law = scaling(
        ...     lambda N: qb.batteries.SpinEnsemble(N, N), [1, 2],
        ...     ["charging_power", Quantity("time", of="charging_power")],
        ...     protocol=qb.protocols.Constant(1.0), until=2.0,
        ... )
        >>> [round(x.exponent, 3) for x in law.laws.values()]
        [1.291, -0.61]
    """
    _checks.function("function", function, "function(N)")
    N = _sizes(sizes)
    confidence = float(_checks.scalar("confidence", confidence, low=0, high=1, open_high=True))
    wanted = quantities_of(quantities)
    rows = [_row(function(int(n)), int(n), wanted, protocol, until) for n in N]
    names = rows[0][0].keys()
    for n, (row, *_) in zip(N, rows):
        if row.keys() != names:
            raise ValueError(
                f"Argument `function` must give the same quantities for all sizes, but for {n} "
                f"gives {', '.join(row)} in place of {', '.join(names)}."
            )
    values = {name: np.array([row[name] for row, *_ in rows]) for name in names}
    laws = {name: power_law(N, x, confidence) for name, x in values.items()}
    verdicts, truncation = tuple(row[1] for row in rows), np.array([row[2] for row in rows])
    return Scaling(N, values, laws, verdicts, truncation, confidence)


def _sizes(given: Any) -> Int[np.ndarray, " n"]:
    _checks.sequence("sizes", given)
    found = [_checks.integer("sizes", n, low=1) for n in given]
    if len(found) < 2 or np.any(np.diff(found) <= 0):
        raise ValueError(
            "Argument `sizes` must be two or more, and increase strictly, but is "
            f"{_checks.show(given)}."
        )
    return np.array(found)


def _row(made: Any, n: int, wanted, protocol, until) -> tuple[dict[str, float], str, float]:
    """Numbers of one size, whether to believe them, and its truncation."""
    if isinstance(made, Battery):
        plan = protocol if isinstance(protocol, Pump) or not callable(protocol) else protocol(n)
        return _of_battery(made, resolve(plan), wanted, _time(until, n, wanted))
    named = made if isinstance(made, dict) else {"value": made}
    if not named:
        raise ValueError("Argument `function` must give at least one number, but gives none.")
    return {
        str(name): float(_checks.scalar("function", x)) for name, x in named.items()
    }, "ok", 0.0  # fmt: skip


def _time(until: Any, n: int, wanted) -> float:
    """The latest time to look at."""
    latest = [x.when for x in wanted if not isinstance(x.when, str)]
    if len(latest) == len(wanted):
        return max(latest)
    given = until(n) if callable(until) else until
    if given is None:
        raise ValueError(f"Argument `until` must be given, {UNTIL}, but is None.")
    _checks.known("until", given)
    return float(_checks.scalar("until", given, low=0, open_low=True))


def _of_battery(battery, protocol, wanted, until: float) -> tuple[dict[str, float], str, float]:
    battery.check(protocol, [0.0, until])  # now, while all is known
    names = {name for x in wanted for name in (x.seen, x.followed)} - {"time"}
    watched = peaks.Watched(battery, protocol, tuple(names))
    moments, found = {}, {}
    for each in wanted:
        if each.event not in moments:
            moments[each.event] = _moment(watched, each, until)
        found[str(each)] = moments[each.event].values[each.seen]
    bad = [x.verdict for x in moments.values() if x.verdict != "ok"]
    worst = max(x.truncation for x in moments.values())
    return found, "; ".join(dict.fromkeys(bad)) or "ok", worst


def _moment(watched: peaks.Watched, quantity: Quantity, until: float) -> peaks.Moment:
    if not isinstance(quantity.when, str):
        return peaks.at_time(watched, quantity.when)
    search = peaks.first_peak if quantity.when == FIRST else peaks.largest
    return search(watched, quantity.followed, until)
