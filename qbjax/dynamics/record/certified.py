"""The record of a run, made of its observables, with its certificate apart from them."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.dynamics.record.trajectory import Trajectory


def certified(
    motion: Any, times: Float[Array, " T"], seen: dict[str, Array], **ended: Any
) -> Trajectory:
    """Makes a trajectory of the observables of a whole run.

    Args:
        motion: has `units`, `modes`, `picture`, and of a stream `discrete`.
        times: of the observables.
        seen: the observables, and among them the certificate: `trace_defect`, and `truncation`
            where there are modes.
        ended: the other fields of a `Trajectory`.

    Raises:
        TypeError: if the certificate is not complete.
    """
    observables = dict(seen)
    certificate = ("trace_defect", *(["truncation"] if motion.modes else []))
    if not set(certificate) <= observables.keys():
        raise TypeError(
            f"Argument `observe` of a motion must tell {' and '.join(certificate)}, but tells "
            f"{', '.join(observables)}."
        )
    defect = observables.pop("trace_defect")
    truncation = observables.pop("truncation", jnp.zeros((times.shape[0], 0)))
    return Trajectory(
        times=times,
        observables=observables,
        truncation=truncation,
        trace_defect=defect,
        units=motion.units,
        modes=motion.modes,
        picture=motion.picture,
        discrete=getattr(motion, "discrete", False),
        **ended,
    )
