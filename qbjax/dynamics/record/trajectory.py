"""The trajectory: the one record that every motion returns."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Complex, Float, Int, PyTree

from qbjax import _checks
from qbjax.dynamics.record import doubt, witness
from qbjax.dynamics.record.observed import Observed
from qbjax.dynamics.record.provenance import Provenance
from qbjax.dynamics.record.qutip_result import qutip_result


class TruncationWarning(UserWarning):
    """Top levels of a mode are populated: the result depends on where the mode was cut."""


class BreakdownWarning(UserWarning):
    """A run ended early; values that it had reached are kept, the rest are NaN."""


class TraceWarning(UserWarning):
    """A run's trace is not 1: no state has such populations."""


class Trajectory(Observed):
    """A run of a battery: observables over time, and whether to believe them.

    Observables are attributes: `run.ergotropy` is `run.observables["ergotropy"]`.

    Attributes:
        times: shape (T,).
        observables: name to array, leading axis T.
        saved: what the caller's own `save` returned, leading axis T; None without.
        status: 0 ok; 1 step limit, 2 not finite, 3 breakdown: later values are NaN; 4 truncated, 5
            trace lost: the numbers stand, but are not to be believed (`dynamics.record.doubt`).
        truncation: population of the top levels of each truncated mode, shape (T, modes).
            Two where parity may empty every other level, one for a ladder of collisions (0 as
            long as the qubits met cannot have brought so many quanta).
        trace_defect: |Tr ρ − 1|, shape (T,).
        steps: solver steps taken, rejected ones included.
        final_state: opaque; give it back to the same battery.
        units: name to unit, for labels.
        modes: names of the truncated modes.
        picture: names of the observables in each panel of the run's own picture; empty for energies
            and powers.
        discrete: whether it went by steps, such as collisions, with nothing in between.
        states: density matrices (T, d, d) of the cell or of everything, if they were asked for
            (`qb.charge(..., states="cell")`); None without.
        dims: levels of their factors; empty without.
        provenance: what was asked for it, and when; forgotten where a run goes through `jit`,
            `vmap` or `tree.map` (`dynamics.record.provenance`).
    """

    _called: ClassVar[str] = "trajectory"

    times: Float[Array, " T"]
    observables: dict[str, Array]
    saved: PyTree[Array] | None
    status: Int[Array, ""]
    truncation: Float[Array, "T modes"]
    trace_defect: Float[Array, " T"]
    steps: Int[Array, ""]
    final_state: Any
    units: tuple[tuple[str, str], ...] = eqx.field(static=True, default=())
    modes: tuple[str, ...] = eqx.field(static=True, default=())
    picture: tuple[tuple[str, ...], ...] = eqx.field(static=True, default=())
    discrete: bool = eqx.field(static=True, default=False)
    states: Complex[Array, "T d d"] | None = None
    dims: tuple[int, ...] = eqx.field(static=True, default=())
    provenance: Provenance = eqx.field(default_factory=Provenance)

    def summary(self) -> dict[str, Array]:
        """Status, worst truncation and trace defect, and steps: scalars for a sweep."""
        return {
            "status": self.status,
            "truncation": doubt.worst(self.truncation),
            "trace_defect": doubt.worst(self.trace_defect),
            "steps": self.steps,
        }

    def to_xarray(self) -> Any:
        """The run as a labelled `xarray.Dataset`: coordinate `time`, units in the attributes.

        States have a last dimension `part`, real and imaginary: netCDF knows no complex numbers.
        Where nothing is truncated there is no `truncation`. The attributes say how the run ended,
        and where it is from: `battery`, `protocol` and such (`provenance`), versions, the time.
        """
        # Imported late: xarray and pandas take as long as a first run.
        from qbjax.dynamics.record import tables

        return tables.dataset(self)

    def plot(
        self,
        *observables: str | Any,
        ax: Any = None,
        label: str | Any = None,
        path: str | Path | Any = None,
    ) -> Any:
        """Draws observables over time, with units; without names the battery's own picture.

        That is what the battery says, else energy, ergotropy and its parts, and the powers below. A
        new figure is as wide as a journal's column, in its style; on axes of yours, yours stands.
        Curves that the axes have already keep their colours: the next run gets others.

        Args:
            observables: names, also of what was saved (`saved_…`), `truncation` and
                `trace_defect`. There is a panel for every unit; rows of many numbers are a map.
            ax: axes of matplotlib to draw on; None makes a figure.
            label: text behind the names in the legend, to tell runs apart.
            path: of a file to save the figure in, by its ending a PNG, SVG, PDF, … (300 dots per
                inch, text that stays text, and where the numbers are from).

        Returns:
            The matplotlib axes of the first panel; all are in `ax.figure.axes`.

        Raises:
            ValueError, TypeError: for an observable that there is not, several units on one `ax`, a
                file that cannot be written, a run that is traced or a batch of runs.

        Example:
            >>> import numpy as np, qbjax as qb
            >>> battery, excited = qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(np.pi)
            >>> run = qb.charge(battery, excited, [0.0, np.pi / 4, np.pi / 2])
            >>> run.plot("ergotropy", "purity").get_ylabel()
            'energy  ($\\\\omega_b$)'
        """
        if not _checks.is_concrete(self) or np.ndim(self.times) != 1:
            found = f"has times of shape {np.shape(self.times)}"
            raise ValueError(
                "Argument `run` must be one run with known numbers to be drawn, outside of jit, "
                f"grad and vmap, but {found if _checks.is_concrete(self) else 'is traced'}."
            )
        # Imported late: matplotlib takes as long as a first run.
        from qbjax.dynamics.record import pictures

        return pictures.picture(self.to_xarray(), observables, ax=ax, label=label, path=path)

    def verdict(self) -> str:
        """Whether to believe the run, in a few words: "ok", how it failed, or where it was cut."""
        worst = doubt.worst(np.asarray(self.truncation), axis=0)
        over = [f"{w:.1e} ({m})" for m, w in zip(self.modes, worst) if w > doubt.TRUNCATION_LIMIT]
        held = f"the top levels hold {', '.join(over)}, limit {doubt.TRUNCATION_LIMIT:.0e}"
        return "; ".join([doubt.STATUS_NAMES[int(self.status)], *([held] if over else [])])

    def to_dataframe(self) -> Any:
        """The run as a `pandas.DataFrame`: a row for every time, the index, for every battery.

        Quantities with more axes than time are spread over columns: `truncation_signal`,
        `populations_0`, `saved_cell_1_2`. Attributes are those of `to_xarray`.

        Example:
            >>> import numpy as np, qbjax as qb
            >>> battery, excited = qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(np.pi)
            >>> table = qb.charge(battery, excited, [0.0, np.pi / 2]).to_dataframe()
            >>> table["energy"].round(6).tolist(), table.index.name
            ([0.0, 1.0], 'time')
        """
        from qbjax.dynamics.record import tables

        return tables.dataframe(self)

    def to_csv(self, path: str | Path) -> None:
        """Writes the table of `to_dataframe`, below its attributes as lines that begin with #.

        Read it with `pandas.read_csv(path, comment="#", index_col="time")`.

        Args:
            path: of the file, replaced if there is one.

        Raises:
            OSError: if it cannot be written.
        """
        from qbjax.dynamics.record import tables

        Path(path).write_text(tables.csv(self), encoding="utf-8")

    def to_qutip(self) -> Any:
        """The run as a `qutip.solver.result.Result`.

        `e_data` holds every observable by its name, `expect` the same in their order, `stats` the
        summary; `states` and `final_state` are `Qobj`s with the dimensions of their factors if the
        run kept its states.

        Raises:
            ImportError: if QuTiP is not installed.

        Example:
            >>> import numpy as np, qbjax as qb
            >>> battery, excited = qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(np.pi)
            >>> run = qb.charge(battery, excited, [0.0, np.pi / 2], states="all")
            >>> result = run.to_qutip()
            >>> round(float(result.e_data["energy"][-1]), 6), result.states[-1].dims
            (1.0, [[2, 2], [2, 2]])
        """
        return qutip_result(self)


def warn_if_unreliable(run: Trajectory, recommended: Callable[[], dict]) -> None:
    """Warns of a concrete run that ended early, lost its trace, or was truncated.

    Under `jit`, `vmap` or `grad` nothing is known and nothing is said: there `run.status` carries
    the news, and whoever listens is told (`dynamics.record.witness`). `recommended` gives mode name
    to (constructor argument, levels to use instead).
    """
    witness.tell(run, recommended)
    if not _checks.is_concrete((run.status, run.truncation)):
        return
    status = int(run.status)
    if status == doubt.OK:
        return
    if status == doubt.TRACE_LOST:
        warnings.warn(
            f"The trace is off by {doubt.worst(np.asarray(run.trace_defect)):.1e} (limit "
            f"{doubt.TRACE_LIMIT:.0e}), so these are the numbers of no state. Start from one of "
            "trace 1, or use a smaller rtol.",
            TraceWarning,
            stacklevel=3,
        )
    elif status != doubt.TRUNCATED:
        warnings.warn(
            f"The run ended early ({doubt.STATUS_NAMES[status]}, after {int(run.steps)} "
            "steps); values that were not reached are NaN.",
            BreakdownWarning,
            stacklevel=3,
        )
    worst = doubt.worst(np.asarray(run.truncation), axis=0)
    warn_of_truncation(worst, run.modes, recommended, stacklevel=4)


def warn_of_truncation(
    populations: Float[np.ndarray, " modes"],
    modes: tuple[str, ...],
    recommended: Callable[[], dict],
    stacklevel: int,
) -> None:
    """Warns of populated top levels, and says how many levels to use (`recommended`)."""
    limit = doubt.TRUNCATION_LIMIT
    over = {m: w for m, w in zip(modes, populations, strict=True) if w > limit}
    if over:
        advice = recommended()
        use = ", ".join(f"{advice[mode][0]}={advice[mode][1]}" for mode in over)
        found = ", ".join(f"{value:.1e} in the {mode} mode" for mode, value in over.items())
        warnings.warn(
            f"Too few levels: the top ones hold {found} (limit {limit:.0e}), so "
            f"the result depends on where the ladder was cut. Use {use}.",
            TruncationWarning,
            stacklevel=stacklevel,
        )
