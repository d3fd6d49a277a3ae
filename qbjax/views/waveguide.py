"""The waveguide battery in tables and pictures: states that stay, the first charge, designs."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qbjax.batteries.waveguide.continuum import ContinuumStates
from qbjax.batteries.waveguide.designs import Design
from qbjax.batteries.waveguide.peak import Peak
from qbjax.batteries.waveguide.spectrum import BoundStates
from qbjax.dynamics.record.pictures import legend_above, over_time
from qbjax.views.plot import (
    BLACK,
    BLUE,
    GREY,
    VERMILION,
    axes_or_new,
    label_of,
    side_by_side,
)  # fmt: skip
from qbjax.views.report import Sheet

STATES = ("E+", "E−", "continuum +", "continuum −")
"""Names of the states, those below the band first."""


def states(below: BoundStates, inside: ContinuumStates) -> xr.Dataset:
    """Tabulates the states that stay, below the band and in it, and the resonances nearest to such.

    Returns:
        Variables `energy`, `residue`, `rate`, `detuning`, `exists` over `state`; a state below
        the band has rate and detuning 0.
    """
    none = np.zeros(2)
    columns = {
        "energy": (below.energies, inside.energies),
        "residue": (below.residues, inside.residues),
        "rate": (none, inside.rates),
        "detuning": (none, inside.detunings),
        "exists": (below.exists, inside.exists),
    }
    data = {name: np.concatenate([np.asarray(x) for x in pair]) for name, pair in columns.items()}
    data["exists"] = data["exists"].astype(int)
    unit = {"units": "omega_11"}
    return xr.Dataset(
        {name: ("state", x, {} if name in ("residue", "exists") else unit)
         for name, x in data.items()},
        coords={"state": list(STATES)},
    )  # fmt: skip


def states_sheet(data: xr.Dataset) -> Sheet:
    """Makes a table of the states that stay."""
    rows = []
    for name in data["state"].values:
        one = data.sel(state=name)
        missing = str(name) in STATES[:2] and not int(one["exists"])
        values = [float(one[key]) for key in ("energy", "residue", "rate", "detuning")]
        numbers = ["—" if missing or np.isnan(x) else f"{x:.6g}" for x in values]
        rows.append((str(name), "yes" if int(one["exists"]) else "no", *numbers))
    columns = ("state", "bound", "E", "Z", "rate", "detuning")
    return Sheet("Bound states, and resonances nearest to one in the continuum", columns, rows)


def keeping_sheet(
    energies: Sequence[float], ergotropies: Sequence[float], ageing: float, beat: float, peak: Peak
) -> Sheet:
    """Tabulates what is stored, first and (least and most that come back) for ever."""
    rows = [
        ("energy for ever", f"{energies[0]:.6f} to {energies[1]:.6f}"),
        ("ergotropy for ever", f"{ergotropies[0]:.6f} to {ergotropies[1]:.6f}"),
        ("beat of the states below the band", f"{beat:.6g}"),
        ("ageing-free time (to 90 %)", f"{ageing:.6g}"),
        ("first charge at", f"{float(peak.time):.6f}"),
        ("its energy", f"{float(peak.energy):.6f}"),
        ("its power", f"{float(peak.power):.6f}"),
    ]
    return Sheet("What is stored", ("what", "units of ω₁₁, 1/ω₁₁"), rows)


def designs(found: Sequence[Design]) -> xr.Dataset:
    """Gathers designs with a state in the continuum, as data over `design`."""
    columns = {name: [getattr(each, name) for each in found] for name in Design._fields}
    return xr.Dataset({name: ("design", np.asarray(x)) for name, x in columns.items()})


def designs_sheet(data: xr.Dataset) -> Sheet:
    """Tabulates the designs, in their order."""
    names = ["frequency", "distance", "residue", "energy", "ergotropy", "width"]
    numbers = zip(data["order"].values, *(data[name].values for name in names), strict=True)
    rows = [(f"{int(order)}", *(f"{x:.6f}" for x in others)) for order, *others in numbers]
    columns = ("order", "ω₀", "Δ_z/λ₁₁", "Z", "most E", "most W", "width (rate 10⁻³)")
    return Sheet("States in the continuum", columns, rows)


def stored(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws energy and ergotropy over time, beside `markov_energy`, that without memory."""
    ax = axes_or_new(ax)
    ax.plot(data["time"], data["energy"], color=GREY, label="energy")
    ax.plot(data["time"], data["ergotropy"], color=BLACK, label="ergotropy $W$")
    dash = (0, (5, 1.5))
    label = "energy, no memory"
    ax.plot(data["time"], data["markov_energy"], color=VERMILION, ls=dash, label=label)
    over_time(ax, data)
    ax.set_ylabel(label_of("energy", data["energy"]))
    legend_above(ax)
    return ax


def shared(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws who holds the excitation: charger, battery or field."""
    ax = axes_or_new(ax)
    charger, battery = data["charger_population"], data["battery_population"]
    ax.plot(data["time"], charger, color=BLUE, ls=(0, (5, 1.5, 1, 1.5)), label="charger")
    ax.plot(data["time"], battery, color=BLACK, label="battery")
    ax.plot(data["time"], data["field_population"], color=GREY, ls=(0, (1, 1.2)), label="field")
    over_time(ax, data)
    ax.set_ylabel("population")
    legend_above(ax)
    return ax


def figure(data: xr.Dataset, title: str) -> Figure:
    """Draws what is stored, and who holds the excitation, side by side."""
    return side_by_side(data, title, stored, shared)
