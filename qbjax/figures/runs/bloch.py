"""Runs of a qubit charged by a qubit that was prepared on its Bloch sphere; units of J and ω_b."""

import numpy as np

import qbjax as qb
from qbjax.batteries.bloch import approximations, exact, optima
from qbjax.figures.entry import Columns


def charged(theta_over_pi: float, until: float, points: int) -> Columns:
    """Charges from a polar angle.

    Returns:
        `time` and all observables over it; and, as two points each over `height`, the best times:
        `best time of energy`, `… ergotropy`, `… charging power`, `… ergotropic power`.
    """
    battery, theta = qb.batteries.BlochCharger(), theta_over_pi * np.pi
    times = np.linspace(0.0, until, points)
    run = qb.charge(battery, qb.protocols.BlochPreparation(theta), times)
    seen = {name: np.asarray(values) for name, values in run.observables.items()}
    best = {
        "energy": optima.best_energy(battery, theta),
        "ergotropy": optima.best_ergotropy(battery, theta),
        "charging power": optima.best_charging_power(battery, theta),
        "ergotropic power": optima.best_ergotropic_power(battery, theta),
    }
    lines = {f"best time of {name}": np.full(2, float(each.time)) for name, each in best.items()}
    return {"time": times, "height": np.array([-1.0, 2.0]), **seen, **lines}


def best(points: int) -> Columns:
    """Evaluates the best times and values by angle, with the paper's approximations.

    Returns:
        `theta_over_pi`; `time of …` and `largest …` of the four merits; `sigmoid` and `tanh`, Eqs.
        (43) and (45); `fluctuation`, the standard deviation of the energy at its best time; `share`
        of the largest charging power that the south pole has.
    """
    battery, over_pi = qb.batteries.BlochCharger(), np.linspace(0.0, 1.0, points)
    theta = over_pi * np.pi
    found = {
        "energy": optima.best_energy(battery, theta),
        "ergotropy": optima.best_ergotropy(battery, theta),
        "charging power": optima.best_charging_power(battery, theta),
        "ergotropic power": optima.best_ergotropic_power(battery, theta),
    }
    powers = np.asarray(found["charging power"].value)
    variance = exact.energy_variance(battery, theta, found["energy"].time)
    columns = {
        **{f"time of {name}": np.asarray(each.time) for name, each in found.items()},
        **{f"largest {name}": np.asarray(each.value) for name, each in found.items()},
        "sigmoid": np.asarray(approximations.ergotropic_power_time(battery, theta).value),
        "tanh": np.asarray(approximations.ergotropic_power(battery, theta).value),
        "fluctuation": np.sqrt(np.asarray(variance)),
        "share": powers / powers[-1],
    }
    whole = {name: np.broadcast_to(column, theta.shape) for name, column in columns.items()}
    return {"theta_over_pi": over_pi, **whole}
