"""Best pulses as data and as a table."""

from collections.abc import Sequence

import jax
import numpy as np
import xarray as xr

from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.protocols import Pulse
from qbjax.strategies.gradient import Best
from qbjax.views import report
from qbjax.views.report import Sheet

MIDDLES = (np.arange(200) + 0.5) / 200
"""Times at which pulses are looked at, in units of their duration."""


def with_pump(run: Trajectory, pulse: Pulse) -> xr.Dataset:
    """Labels a run's data, with the variable `pump` over time beside the observables."""
    pump = np.asarray(jax.vmap(pulse.signal)(run.times))
    return run.to_xarray().assign(pump=("time", pump, {"long_name": "pump amplitude F"}))


def optima(bests: Sequence[Best], names: Sequence[str]) -> xr.Dataset:
    """Gathers pulses that `best_pulse` found, the first to compare with, as data over `case`.

    Returns:
        Variables `value`, `verified_value`, `gain` (verified over the first's), `energy`,
        `peak`, `converged`, `pump` over (case, fraction) of the duration, and `history` over
        (case, step), NaN after the last step; coordinate `pulse`, the names.
    """
    pulses = [best.protocol for best in bests]
    found = report.outcomes(bests)
    verified = found["verified_value"][1]
    pump = [jax.vmap(p.signal)(p.span[0] + MIDDLES * (p.span[1] - p.span[0])) for p in pulses]
    return xr.Dataset(
        {
            **found,
            "gain": ("case", verified / verified[0]),
            "energy": ("case", [float(p.energy) for p in pulses]),
            "peak": ("case", [float(p.peak) for p in pulses]),
            "pump": (("case", "fraction"), np.stack(pump)),
        },
        coords={"pulse": ("case", list(names)), "fraction": MIDDLES},
    )


def sheet(data: xr.Dataset) -> Sheet:
    """Makes a table of pulses; their amplitudes are the means of ten equal parts."""
    rows = []
    for i in range(data.sizes["case"]):
        one = data.isel(case=i)
        tenths = one["pump"].values.reshape(10, -1).mean(axis=1)
        rows.append(
            (
                str(one["pulse"].values),
                *(f"{float(one[name]):.5f}" for name in ("value", "verified_value")),
                f"{float(one['gain']):.3f}",
                report.effort(one),
                " ".join(f"{amplitude:.2f}" for amplitude in tenths),
            )
        )
    columns = ("pulse", "W", "verified", "gain", "steps", "mean F in each tenth of the time")
    return Sheet("Which pulse of this energy charges best", columns, rows)
