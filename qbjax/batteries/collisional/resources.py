r"""Powers of a stream of qubits, waiting times included.

A run of a `Collisional` battery counts what its qubits spent and brought; its times are those of
the collisions alone. With $\Omega t_0$ between two of them, k collisions take

$$\Omega T_k = \sum_{l \le k}\theta_l + k\,\Omega t_0 .$$
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import ScalarLike
from qbjax.dynamics.record.powers import per
from qbjax.dynamics.record.trajectory import Trajectory


def power_with_waiting(
    run: Trajectory | Any, waiting: ScalarLike, of: str | Any = "ergotropy"
) -> Float[Array, " T"]:
    r"""The average power of a run, waiting times included.

    Args:
        run: of a `Collisional` battery.
        waiting: $\Omega t_0 \ge 0$, its mean if arrivals are random.
        of: "ergotropy" or "energy".

    Returns:
        Power in units of $E_0\Omega$ after each saved collision, NaN at the start.

    Raises:
        TypeError, ValueError: for another run, a negative or non-finite waiting time, another word.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(3))
        >>> run = qb.charge(battery, qb.protocols.Collisions([jnp.pi / 2]))
        >>> power_with_waiting(run, 0.5).round(4).tolist()
        [nan, 0.4829]
    """
    _checks.instance("run", run, Trajectory, "a run of a qb.batteries.Collisional")
    if "collisions" not in run.observables:
        raise ValueError(
            "Argument `run` must count its collisions, as those of a qb.batteries.Collisional do, "
            f"but has {', '.join(run.observables)}."
        )
    name = _checks.choice("of", of, ("ergotropy", "energy"))
    waiting = _checks.scalar("waiting", waiting, low=0)
    stored = jnp.asarray(run.observables[name])
    spent = jnp.asarray(run.times) - run.times[0] + waiting * run.observables["collisions"]
    return per(stored, spent)
