r"""The result of `trajectories`: means over runs, their standard errors, and every run's record.

A merit f of the mean state is no mean. Its standard error is that of its linear part, the mean of
$f'(\overline{\rho})[\rho_i]$ (the delta method): right for many runs, as long as f is smooth there.
"""

import json
from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from qbjax.dynamics.programs import Way, program_of
from qbjax.dynamics.record import doubt
from qbjax.dynamics.record.observed import POWERS, Observed
from qbjax.dynamics.record.powers import powers
from qbjax.dynamics.unravelling.monitored import Monitored
from qbjax.interface.info import Info

ENDED = (doubt.STEP_LIMIT, doubt.NON_FINITE, doubt.BREAKDOWN)
"""Statuses of trajectories that are left out of the means, as are those yet to be computed (−1)."""

RECORDS = ("jump_times", "jump_channels", "jump_counts", "currents", "step_error")
"""Names of the records in a row."""


class Trajectories(Observed):
    """Many runs of a battery that is watched; observables of the mean are attributes.

    Attributes:
        times: shape (T,).
        observables: name to array (T,): those of the mean state, what is known without the record,
            as `qb.charge` has them; and means over the runs of the merits of their conditional
            states: `daemonic_ergotropy` of `ergotropy`, likewise of other ergotropies, and
            `conditional_purity`.
        standard_error: of every observable but powers, by its name; NaN of a single run.
        records: name to array, a row per trajectory. Of jumps `jump_times` and `jump_channels` in
            their order, filled with NaN and −1, `jump_counts` of each until every time, (N, T, J),
            and `waiting_times`, the first since the start. Of diffusive ones `currents`, the mean
            of each over every interval of the times, (N, T − 1, C), and `step_error`, (N, T).
        status: of every trajectory, as of a run (`qb.dynamics.Trajectory`); −1 yet to be computed.
        truncation: of every trajectory, the most in the top levels of any mode.
        data: every trajectory, as `qb.sweep` has it.
        channels: names of the jumps.
        units: name to unit, for labels.
    """

    _called: ClassVar[str] = "set of trajectories"

    times: Float[np.ndarray, " T"]
    observables: dict[str, Array]
    standard_error: dict[str, np.ndarray]
    records: dict[str, np.ndarray]
    status: Int[np.ndarray, " N"]
    truncation: Float[np.ndarray, " N"]
    data: xr.Dataset = eqx.field(static=True)
    channels: tuple[str, ...] = eqx.field(static=True, default=())
    units: tuple[tuple[str, str], ...] = eqx.field(static=True, default=())

    @property
    def lost(self) -> Bool[np.ndarray, " N"]:
        """Whether a trajectory is left out of the means: it ended early, or is yet to come."""
        return _lost(self.status)

    @property
    def overfull(self) -> Bool[np.ndarray, " N"]:
        """Whether a trajectory had more jumps than its record has places; all else is right."""
        if "jump_counts" not in self.records:
            return np.zeros(len(self.status), bool)
        total = np.sum(self.records["jump_counts"][:, -1], axis=1)
        return ~self.lost & (total > self.records["jump_times"].shape[1])

    def summary(self) -> Info:
        """Facts of the end of the runs: a dictionary that prints as a table."""
        kept, count = int(np.count_nonzero(~self.lost)), len(self.status)
        rows: dict[str, Any] = {"trajectories": f"{kept} of {count}", "time": f"{self.times[-1]:g}"}
        for name, error in self.standard_error.items():
            rows[name] = f"{float(self.observables[name][-1]):.6g} ± {error[-1]:.1g}"
        if "jump_counts" in self.records:
            counts = self.records["jump_counts"][~self.lost, -1]
            rows["jumps"] = f"{np.mean(np.sum(counts, axis=1)):.3g} per trajectory"
            if full := int(np.count_nonzero(self.overfull)):
                rows["records"] = f"{full} without the last jumps, which found no place"
        if "step_error" in self.records:
            errors = np.mean(self.records["step_error"][~self.lost], axis=0)
            rows["steps"] = f"add {np.max(np.abs(errors)):.1g} to the mean energy, by an estimate"
        rows["truncation"] = f"{doubt.worst(self.truncation):.1e}"
        values, counts = np.unique(self.status, return_counts=True)
        rows["status"] = ", ".join(f"{n} {_said(int(s))}" for s, n in zip(values, counts))
        return Info(rows)

    def to_xarray(self) -> xr.Dataset:
        """A labelled dataset: means, `NAME_error`, and what every trajectory has.

        Those are `trajectory_NAME`, records by their names, `status` and `truncation`.
        """
        units = dict(self.units)

        def variable(name, dims, values):
            found = {"units": units[name]} if name in units else {}
            return dims, np.asarray(values), found

        found = {name: variable(name, "time", x) for name, x in self.observables.items()}
        for name, values in self.standard_error.items():
            found[f"{name}_error"] = variable(name, "time", values)
        for name in self.observables.keys() & self.data.data_vars.keys():
            each = variable(name, ("trajectory", "time"), self.data[name].values)
            found[f"trajectory_{name}"] = each
        for name, values in self.records.items():
            axes = [f"{name}_{i}" for i in range(1, values.ndim)]
            found[name] = (("trajectory", *axes), values)
        found["status"] = ("trajectory", self.status)
        found["truncation"] = ("trajectory", self.truncation)
        coords = {
            "time": variable("time", "time", self.times),
            "trajectory": np.arange(len(self.status)),
        }
        return xr.Dataset(found, coords, self.data.attrs)

    def plot(
        self,
        *observables: str | Any,
        ax: Any = None,
        label: str | Any = None,
        path: str | Path | Any = None,
    ) -> Any:
        """Draws means over time with bands of their standard errors, as `Trajectory.plot` does.

        Without names these are energy, ergotropy and daemonic ergotropy, and the powers below.

        Args:
            observables, ax, label, path: as of `qb.dynamics.Trajectory.plot`.

        Returns:
            The matplotlib axes of the first panel.

        Raises:
            ValueError, TypeError: as of `qb.dynamics.Trajectory.plot`.
        """
        # Imported late: matplotlib takes as long as a first run.
        from qbjax.dynamics.record import pictures

        own = (("energy", "ergotropy", "daemonic_ergotropy"), POWERS)
        data = self.to_xarray().assign_attrs(picture=json.dumps(own))
        return pictures.picture(data, observables, ax=ax, label=label, path=path)


def gathered(
    monitored: Monitored, times: Float[np.ndarray, " T"], data: xr.Dataset
) -> Trajectories:
    """Gathers the rows of trajectories.

    Args:
        monitored: what was watched.
        times: that were saved.
        data: rows, as `qb.sweep` has them.
    """
    status, rows = data["status"].values, {str(n): x.values for n, x in data.data_vars.items()}
    kept = ~_lost(status)
    linear = set(jax.eval_shape(monitored.observe, monitored.kets[0])) & set(rows)
    seen = {name: rows[name][kept] for name in linear - {"truncation"}}
    mean = {name: _mean(x) for name, x in seen.items()}
    merits, slopes = jax.tree.map(np.asarray, _merits(monitored, mean))
    error = {
        name: np.where(np.isnan(value), np.nan, _error(_linear(slopes[name], seen)))
        for name, value in merits.items()
    }
    own = {name: x[kept] for name, x in rows.items() if name in merits and name not in linear}
    for name, values in own.items():
        called = f"{'daemonic' if name.endswith('ergotropy') else 'conditional'}_{name}"
        merits[called], error[called] = _mean(values), _error(values)
    merits = {name: jnp.asarray(x) for name, x in merits.items()}
    if "ergotropy" in merits:
        merits |= powers(jnp.asarray(times), merits)
    records = {name: x for name, x in rows.items() if name in RECORDS}
    if "jump_times" in records:
        records["waiting_times"] = np.diff(records["jump_times"], axis=1, prepend=times[0])
    return Trajectories(
        times=times, observables=merits, standard_error=error, records=records, status=status,
        truncation=rows["truncation"], data=data, channels=monitored.jumps, units=monitored.units,
    )  # fmt: skip


def _lost(status: Int[np.ndarray, " N"]) -> Bool[np.ndarray, " N"]:
    return (status < 0) | np.isin(status, ENDED)


def _said(status: int) -> str:
    return "to come" if status < 0 else doubt.STATUS_NAMES[status]


def _mean(values: Float[np.ndarray, "N *rest"]) -> Float[np.ndarray, "*rest"]:
    """The mean over trajectories, NaN of none."""
    count = len(values)
    return np.sum(values, axis=0) / count if count else np.full(values.shape[1:], np.nan)


def _error(values: Float[np.ndarray, "N *rest"]) -> Float[np.ndarray, "*rest"]:
    """The standard error of the mean over trajectories, NaN of one."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return np.std(values, axis=0, ddof=1) / np.sqrt(len(values))


def _linear(slopes: dict[str, np.ndarray], seen: dict[str, np.ndarray]) -> np.ndarray:
    """The linear part of a merit of the mean, at every trajectory, (N, T)."""
    parts = [
        np.einsum(
            "tk,ntk->nt", s.reshape(len(s), -1), seen[name].reshape(*seen[name].shape[:2], -1)
        )
        for name, s in slopes.items()
        if np.any(s)
    ]
    return sum(parts, np.zeros(next(iter(seen.values())).shape[:2]))


def _of_mean(monitored: Monitored, mean: dict[str, Array]) -> Any:
    """Merits of the mean state at every time, and their slopes by what was seen."""
    # One moment after the other: batches of eigenvalues may hang where threads are few.
    slopes = jax.jacrev(monitored.merits)
    return lax.map(monitored.merits, mean), lax.map(slopes, mean)


_merits = program_of(lambda given: Way(_of_mean))
