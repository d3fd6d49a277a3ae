r"""`trajectories`: many runs of a battery whose environment is watched, and what watching is worth.

Each run has a record of its own, and a state $\rho_c$ that is conditional on it. The mean of all
states is that of the master equation. The mean of their ergotropies is the **daemonic ergotropy**,

$$\overline{W(\rho_c)} \ge W(\overline{\rho_c}),$$

what is extracted by who reads the record first: Francica et al., npj Quantum Information 3, 12
(2017), Eq. (4); of continuous measurements Morrone et al., Quantum Sci. Technol. 8, 035007 (2023).
"""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qbjax import _checks, _memory
from qbjax.dynamics.record.trajectory import BreakdownWarning
from qbjax.interface.battery import Battery, Monitorable
from qbjax.protocols import resolve
from qbjax.studies.sweep import sweep
from qbjax.studies.trajectories_kernels import named
from qbjax.studies.trajectories_point import Point
from qbjax.studies.trajectories_runs import Trajectories, gathered

MOST = 2**32
"""Trajectories that one key can tell apart."""

LEAST = 64
"""Bytes that the bookkeeping of a trajectory takes at least."""


def trajectories(
    battery: Battery | Any,
    protocol: Any,
    times: Any,
    count: int | Any,
    key: Any,
    *,
    initial: Any = None,
    unravelling: str | Any = "jumps",
    efficiency: Any = 1.0,
    store: str | Path | Any = None,
    chunk: int | Any = None,
    devices: Sequence[jax.Device] | Any = None,
    lanes: int | Any = None,
    client: Any = None,
    task: tuple[int, int] | Any = None,
    configuration: Mapping[str, Any] | Any = None,
    accept: str | Collection[str] | Any = (),
    progress: Callable | Any = None,
) -> Trajectories:
    r"""Charges a battery many times while its environment is watched.

    The daemonic ergotropy depends on the unravelling, on what is watched and how, where the mean
    state does not: it is of the measurement as much as of the battery. With `efficiency=1` states
    that begin pure stay pure, and a cell that is all there is then yields all of its energy.

    Trajectory i uses the key `jax.random.fold_in(key, i)`. On a CPU the same call has the same
    records to the last bit, whatever `chunk`, `lanes`, `devices` and workers are, and however often
    it was killed; on an accelerator other lanes may round differently.

    Args:
        battery: one with a Lindblad equation, and jumps in it.
        protocol, times, initial: as of `qb.charge`; of a mixed start every trajectory draws one of
            the eigenvectors, unless `efficiency` is less than 1.
        count: of trajectories, from 1 to 2³².
        key: such as `jax.random.key(0)`.
        unravelling: "jumps", the environment's quanta are counted; "diffusive", their field is
            measured, by `qb.dynamics.Homodyne()` or, given itself, any detector: of another phase,
            or a `Heterodyne`. Currents have steps: `runs.records["step_error"]` estimates what
            those add to the energy.
        efficiency: share of them that is seen, from 0 to 1; of all jumps, or of each, shape (J,).
            Below 1 conditional states are density matrices.
        store, chunk, devices, lanes, client, task, configuration, accept, progress: as of
            `qb.sweep`, whose points are the trajectories; a hundredth of them share a chunk by
            default, 256 at most.

    Returns:
        The `Trajectories`: means with standard errors, and every record.

    Raises:
        RuntimeError: if double precision is off.
        ValueError, TypeError: for a bad argument, before anything is compiled; a battery that
            cannot be monitored, or has no jumps; rows that do not fit into the memory; as
            `qb.sweep`.

    Warns:
        BreakdownWarning: if trajectories ended early: these are left out of all means.
        TruncationWarning, TraceWarning: as `qb.sweep`.

    Example:
        >>> import jax, numpy as np, qbjax as qb
        >>> lower = np.array([[0.0, 1.0], [0.0, 0.0]])
        >>> qubit = qb.batteries.Lindblad(
        ...     np.zeros((2, 2)), [(0.5, lower)], dims=(2,), cell=0,
        ...     cell_hamiltonian=np.array([0.0, 1.0]), controls=[lower + lower.T],
        ... )
        >>> drive, times = qb.protocols.Constant(1.0), [0.0, 1.0, 2.0]
        >>> runs = qb.trajectories(qubit, drive, times, 20, jax.random.key(0))
        >>> bool((runs.daemonic_ergotropy >= runs.ergotropy).all())
        True

    References:
        F. Francica et al., npj Quantum Information 3, 12 (2017); D. Morrone, M. A. C. Rossi, M. G.
        Genoni, Phys. Rev. Applied 20, 044073 (2023).
    """
    given = {"battery": battery, "protocol": protocol, "times": times, "initial": initial}
    point = _point(given, key, unravelling, efficiency)
    count = _checks.integer("count", count, low=1, high=MOST)
    _memory.check_room("count", LEAST * count, f"{count} trajectories")
    data = sweep(
        point,
        {"trajectory": np.arange(count)},
        store,
        chunk=chunk, devices=devices, client=client, lanes=lanes, task=task,
        configuration=configuration, accept=accept, progress=progress,
    )  # fmt: skip
    runs = gathered(point.monitored, np.asarray(point.times), data)
    if ended := int(np.count_nonzero(runs.lost & (runs.status >= 0))):
        warnings.warn(
            f"{ended} of {count} trajectories ended early and are left out of the means: see "
            "runs.status.",
            BreakdownWarning,
            stacklevel=2,
        )
    return runs


def _point(given: dict[str, Any], key: Any, unravelling: Any, efficiency: Any) -> Point:
    """Checks the question, and makes the function of a trajectory's number."""
    _checks.x64()
    battery: Any = given["battery"]
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    if not isinstance(battery, Monitorable):
        raise TypeError(
            f"Argument `battery` must have a Lindblad equation to be monitored, as "
            f"{', '.join(_monitorable())} has, but {type(battery).__name__} has none."
        )
    for name, value in (given | {"efficiency": efficiency, "key": key}).items():
        _checks.known(name, value)
    _checks.key("key", key)
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.wrap_key_data(key)
    kind, detection = named(unravelling)
    battery, protocol = given["battery"], resolve(given["protocol"])
    times = battery.check(protocol, given["times"])
    battery.start(given["initial"])
    point = Point(battery, protocol, given["initial"], times, key, kind, detection, None)
    count = len(point.monitored.jumps)
    point.efficiency = _share(efficiency, count)
    if detection is not None and np.shape(detection.phase) not in ((), (count,)):
        raise ValueError(
            f"Argument `unravelling` must have one phase or one per jump, {count}, but has "
            f"{np.size(detection.phase)}."
        )
    return point


def _share(efficiency: Any, jumps: int) -> np.ndarray | None:
    """Checks the share that is seen: one for every jump, None if all is."""
    several = np.ndim(efficiency) == 1
    if several:
        efficiency = _checks.array("efficiency", efficiency, shape=(jumps,))
    seen = [_checks.scalar("efficiency", x, low=0, high=1) for x in np.atleast_1d(efficiency)]
    found = np.broadcast_to(np.asarray(seen, float), (jumps,)).copy()
    return None if np.all(found == 1) else found


def _monitorable(kind: type = Battery) -> list[str]:
    """Names of the batteries that can be monitored."""
    kinds: list[type] = kind.__subclasses__()
    if not kinds:
        return [kind.__name__] if hasattr(kind, "monitored") else []
    return sorted(name for each in kinds for name in _monitorable(each))
