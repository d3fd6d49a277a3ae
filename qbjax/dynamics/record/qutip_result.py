"""A run as QuTiP's `Result`, for plots, comparisons and archives that read those."""

from typing import Any

import numpy as np

from qbjax.dynamics.record.doubt import STATUS_NAMES


class Recorded:
    """An observable that was recorded, as the function f(t, state) that QuTiP expects of an `e_op`.

    Its value is that of the run at the time, whatever the state.
    """

    def __init__(self, times: np.ndarray, values: np.ndarray):
        self.times, self.values = times, values

    def __call__(self, time: float, state: Any) -> Any:
        return self.values[int(np.argmin(np.abs(self.times - time)))]


def qutip_result(run: Any) -> Any:
    """Makes a `qutip.solver.result.Result` of a `Trajectory` (`Trajectory.to_qutip`)."""
    try:
        import qutip
        from qutip.solver.result import Result
    except ImportError as error:
        raise ImportError(
            "to_qutip needs QuTiP, which is not installed: pip install qutip"
        ) from error
    times = np.asarray(run.times)
    observables = {name: np.asarray(values) for name, values in run.observables.items()}
    kept = run.states is not None
    found = Result(
        {name: Recorded(times, values) for name, values in observables.items()},
        {"store_states": kept, "store_final_state": kept},
        solver="qbjax",
        stats={name: np.asarray(value).item() for name, value in run.summary().items()}
        | {"status_name": STATUS_NAMES[int(run.status)]},
    )
    axes = [list(run.dims)] * 2
    for i, time in enumerate(times):
        state = qutip.Qobj(np.asarray(run.states[i]), dims=axes) if kept else None
        found.add(float(time), state)
    return found
