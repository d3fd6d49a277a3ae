"""Runs of the DOPO battery: charged, kept, discharged, at rest; units of γ_s and ω_s."""

import numpy as np

import qbjax as qb
from qbjax.figures.entry import Columns

PARTS = {
    "W": "ergotropy", "Wc": "coherent_ergotropy", "Wi": "incoherent_ergotropy",
    "power": "ergotropic_power",
}  # fmt: skip


def charges(
    signal: int, pump: int, frame: str, amplitudes: tuple[float, ...], until: float, points: int
) -> Columns:
    """Charges with every constant pump amplitude.

    Returns:
        `time`; for each amplitude F over it `W F`, `Wc F`, `Wi F`, `power F`; over `amplitude` the
        `last W` and `last Wc`, the `largest power` and its `time of power`.
    """
    battery, times = qb.batteries.DOPO(signal, pump, frame=frame), np.linspace(0.0, until, points)
    columns: dict[str, np.ndarray] = {"time": times, "amplitude": np.array(amplitudes)}
    ends = []
    for F in amplitudes:
        run = qb.charge(battery, qb.protocols.Constant(F), times)
        seen = {name: np.asarray(getattr(run, word)) for name, word in PARTS.items()}
        columns |= {f"{name} {F:g}": values for name, values in seen.items()}
        best = int(np.nanargmax(seen["power"]))
        ends.append((seen["W"][-1], seen["Wc"][-1], seen["power"][best], times[best]))
    names = ("last W", "last Wc", "largest power", "time of power")
    return columns | dict(zip(names, np.array(ends).T, strict=True))


def kept(
    signal: int, pump: int, frame: str, amplitude: float, off: float, until: float, points: int,
    coupling: float = 0.5, pump_decay: float = 16.0, unit: float = 1.0,
) -> Columns:  # fmt: skip
    """Charges until the pump goes off, and stores.

    Returns:
        `time` and `W`, `Wc`, `Wi` over both; `after` and `W after`, … over the storage alone. Times
        are in `unit`s of 1/γ_s, `off` and `until` in 1/γ_s.
    """
    battery = qb.batteries.DOPO(signal, pump, coupling=coupling, pump_decay=pump_decay, frame=frame)
    first = qb.charge(battery, qb.protocols.Constant(amplitude), np.linspace(0.0, off, points))
    after = np.linspace(0.0, until, points)
    second = qb.store(battery, first.final_state, after)
    columns = {
        "time": np.concatenate([np.asarray(first.times), off + after]) / unit,
        "after": (off + after) / unit,
    }
    for name in ("W", "Wc", "Wi"):
        both = [np.asarray(getattr(run, PARTS[name])) for run in (first, second)]
        columns |= {name: np.concatenate(both), f"{name} after": both[1]}
    return columns


def steady(signal: int, pump: int, amplitudes: tuple[float, float, int]) -> Columns:
    """Finds the steady state in the lab frame, by amplitude.

    Returns:
        over `amplitude` the `W` and the `Wc`, and the `slope` of the latter.
    """
    battery, F = qb.batteries.DOPO(signal, pump, frame="lab"), np.linspace(*amplitudes)
    found = [qb.steady_state(battery, qb.protocols.Constant(x), gap=False) for x in F]
    W, Wc = (np.array([float(getattr(one, PARTS[name])) for one in found]) for name in ("W", "Wc"))
    return {"amplitude": F, "W": W, "Wc": Wc, "slope": np.gradient(Wc, F)}


def discharges(
    signal: int, pump: int, frame: str, amplitude: float, off: float, couplings: tuple[float, ...],
    until: float, points: int,
) -> Columns:  # fmt: skip
    """Charges, and lets the cell meet a two-level load of every coupling, which loses 0.1.

    Returns:
        `time`; for each coupling g over it `cell g` and `load g`, the ergotropies κ_s and κ_a.
    """
    battery, times = qb.batteries.DOPO(signal, pump, frame=frame), np.linspace(0.0, until, points)
    full = qb.charge(battery, qb.protocols.Constant(amplitude), [0.0, off]).final_state
    columns = {"time": times}
    for g in couplings:
        run = qb.discharge(battery, full, qb.loads.TwoLevel(g, decay=0.1), times)
        columns[f"cell {g:g}"] = np.asarray(run.ergotropy)
        columns[f"load {g:g}"] = np.asarray(run.load_ergotropy)
    return columns


def exponential(slope: float, start: float, first: float, last: float) -> Columns:
    """Evaluates a fit of the paper, exp(slope·x + start), between two points."""
    x = np.linspace(first, last, 21)
    return {"x": x, "y": np.exp(slope * x + start)}


def logistic(height: float, rate: float, middle: float, first: float, last: float) -> Columns:
    """Evaluates the logistic function of the paper's Eq. (13), and its slope."""
    x = np.linspace(first, last, 101)
    y = height / (1 + np.exp(-rate * (x - middle)))
    return {"x": x, "y": y, "slope": rate * y * (1 - y / height)}
