"""The only validators: a bad argument is answered with "Argument `x` must …, but …."

Values are checked on the host, with NumPy, and only when they are concrete; traced values
get the checks of shape and dtype alone, so a check never enters a compiled program. Every
function returns its argument as a float64 or complex128 JAX array and repairs nothing: what
does not pass is an error. A wrong kind of thing is a `TypeError`, a wrong value or shape a
`ValueError`.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Inexact

from qbjax._counts import dimensions, doubled, indices, integer, key, levels
from qbjax._kinds import axes, choice, flag, function, instance, meant, sequence, several, show
from qbjax._memory import room
from qbjax._numbers import (
    array,
    array_module,
    host_array,
    host_numbers,
    is_concrete,
    is_plain_zero,
    known,
    on_host,
    optional_scalar,
    plain,
    scalar,
    settled,
    x64,
)
from qbjax._sizes import size_of_observable
from qbjax._types import Hamiltonian, Ket, Rho, Times

__all__ = [
    "STATE_TOLERANCE", "array", "array_module", "axes", "choice", "density_matrix", "dimensions",
    "doubled", "flag", "function", "hamiltonian", "hermitian", "indices", "instance", "integer",
    "is_concrete", "is_plain_zero", "ket", "key", "known", "levels", "meant", "on_host",
    "optional_scalar", "plain", "room", "scalar", "sequence", "settled", "several", "show", "times",
    "x64",
]  # fmt: skip

STATE_TOLERANCE = 1e-8
"""Distance of a state from Hermitian, normalised and positive that passes: the accuracy of the
default solver."""


def times(name: str, value: Any) -> Times:
    """Checks instants: one axis, not empty, finite, strictly increasing; returns their array."""
    if axes(value) == 1 and len(value) == 0:
        raise ValueError(f"Argument `{name}` must hold at least one time, but is empty.")
    host = host_array(name, value, ("t",), False, True)
    if isinstance(host, np.ndarray) and (stuck := np.flatnonzero(np.diff(host) <= 0)).size:
        i = int(stuck[0])
        raise ValueError(
            f"Argument `{name}` must increase strictly, "
            f"but goes from {host[i]} to {host[i + 1]} at index {i + 1}."
        )
    return settled(host)


def density_matrix(name: str, rho: Any, *, dim: int | None = None) -> Rho:
    """Checks a density matrix: Hermitian, of trace one, positive, within `STATE_TOLERANCE`."""
    host = host_array(name, rho, (dim or "d", dim or "d"), True, True)
    if isinstance(host, np.ndarray):
        _check_hermitian(name, host, STATE_TOLERANCE)
        if abs(np.trace(host) - 1) > STATE_TOLERANCE:
            raise ValueError(
                f"Argument `{name}` must have trace 1, but has trace {np.trace(host).real:.10g}."
            )
        lowest = np.linalg.eigvalsh(host)[0]
        if lowest < -STATE_TOLERANCE:
            raise ValueError(
                f"Argument `{name}` must be positive, but has the eigenvalue {lowest:.4g}."
            )
    return settled(host)


def ket(name: str, psi: Any, *, dim: int | None = None) -> Ket:
    """Checks a pure state: a vector of norm one within `STATE_TOLERANCE`."""
    host = host_array(name, psi, (dim or "d",), True, True)
    if isinstance(host, np.ndarray) and abs(np.linalg.norm(host) - 1) > STATE_TOLERANCE:
        raise ValueError(
            f"Argument `{name}` must have norm 1, but has norm {np.linalg.norm(host):.10g}."
        )
    return settled(host)


def hermitian(name: str, H: Any, *, dim: int | None = None) -> Rho:
    """Checks a matrix: Hermitian within `STATE_TOLERANCE` of its size (`_sizes`)."""
    host = host_array(name, H, (dim or "d", dim or "d"), True, True)
    if isinstance(host, np.ndarray):
        diagonal = np.diagonal(host)
        size = size_of_observable(diagonal, host - np.diag(diagonal))
        _check_hermitian(name, host, STATE_TOLERANCE * size)
    return settled(host)


def hamiltonian(name: str, H: Any, *, dim: int | None = None) -> Hamiltonian:
    """Checks a Hamiltonian: real levels (d,), or a Hermitian matrix (d, d)."""
    host = host_numbers(name, H, True)
    if host.ndim == 1:
        return array(name, H, shape=(dim or "d",))
    if host.ndim == 2:
        return hermitian(name, H, dim=dim)
    d = dim or "d"
    raise ValueError(
        f"Argument `{name}` must have shape ({d},) or ({d}, {d}), but has shape {host.shape}."
    )


def _check_hermitian(name: str, host: Inexact[np.ndarray, "d d"], tolerance: float) -> None:
    defect: Float[np.ndarray, "d d"] = np.abs(host - host.conj().T)
    if defect.size and defect.max() > tolerance:
        i, j = (int(k) for k in np.unravel_index(defect.argmax(), defect.shape))
        raise ValueError(
            f"Argument `{name}` must be Hermitian, but element ({i}, {j}) is {host[i, j]:.6g} "
            f"and element ({j}, {i}) is {host[j, i]:.6g}."
        )
