"""The only validators: a bad argument is answered with "Argument `x` must …, but …."

Values are checked on the host, with NumPy, and only when they are concrete; traced values
get the checks of shape and dtype alone, so a check never enters a compiled program. Every
function returns its argument as a float64 or complex128 JAX array and repairs nothing: what
does not pass is an error. A wrong kind of thing is a `TypeError`, a wrong value or shape a
`ValueError`.
"""

import math
import operator
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Inexact

from qbjax._kinds import axes as axes
from qbjax._kinds import bounds_of
from qbjax._kinds import choice as choice
from qbjax._kinds import flag as flag
from qbjax._kinds import function as function
from qbjax._kinds import instance as instance
from qbjax._kinds import sequence as sequence
from qbjax._kinds import several as several
from qbjax._kinds import show as show
from qbjax._memory import room as room
from qbjax._sizes import size_of_observable
from qbjax._types import Hamiltonian, Ket, Number, Rho, Times

STATE_TOLERANCE = 1e-8
"""How far a state may be from Hermitian, normalised, positive: as far as a solver takes it."""


MOST = 2**63 - 1
"""The largest whole number that an array can hold."""


def x64() -> None:
    """Insists on double precision: a RuntimeError if JAX is in its single-precision default."""
    if not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        raise RuntimeError(
            "qbjax needs double precision: "
            'type `import jax; jax.config.update("jax_enable_x64", True)` first.'
        )


def is_concrete(value: Any) -> bool:
    """Whether no part of `value` is traced, so that its numbers may be looked at."""
    return not any(isinstance(leaf, jax.core.Tracer) for leaf in _leaves(value))


def is_plain_zero(value: Any) -> bool:
    """Whether `value` is the Python number 0: the sign to drop a term from a model."""
    return type(value) in (int, float) and value == 0


def known(name: str, value: Any) -> None:
    """Insists on numbers that are known while a program is traced."""
    if not is_concrete(value):
        raise TypeError(f"Argument `{name}` must be known before compilation, but is traced.")


def scalar(
    name: str,
    value: Any,
    *,
    low: float | int | None = None,
    high: float | int | None = None,
    open_low: bool = False,
    open_high: bool = False,
    complex_ok: bool = False,
    finite: bool = True,
) -> Number:
    """A number that is not NaN, within bounds that are closed unless called open.

    Args:
        name: the argument's name, for the error.
        value: a Python, NumPy or JAX number.
        low, high: bounds, or None for none; a bounded number is real.
        open_low, open_high: whether the bound itself is excluded.
        complex_ok: whether a complex number is welcome.
        finite: whether an infinity is an error.

    Returns:
        a 0-d array, complex128 if `value` is complex, else float64.
    """
    host = _array(name, value, (), complex_ok, finite)
    if isinstance(host, np.ndarray):
        number = host[()]
        too_low = low is not None and (number <= low if open_low else number < low)
        too_high = high is not None and (number >= high if open_high else number > high)
        if too_low or too_high:
            bounds = bounds_of(low, high, open_low, open_high)
            raise ValueError(f"Argument `{name}` must be {bounds}, but is {number}.")
    return _settled(host)


def plain(name: str, value: Any, **bounds: Any) -> float:
    """A real number as `scalar` takes it, known before compilation."""
    if not is_concrete(value):
        raise TypeError(f"Argument `{name}` must be known before compilation, but is traced.")
    with jax.ensure_compile_time_eval():  # also where a caller is being traced
        return float(scalar(name, value, **bounds))


def optional_scalar(name: str, value: Any, **bounds: Any) -> Number | float | int:
    """A number as `scalar` takes it, or the plain number 0 as it is: then its term is dropped."""
    return value if is_plain_zero(value) else scalar(name, value, **bounds)


def array(
    name: str,
    value: Any,
    *,
    shape: tuple[int | str, ...] | None = None,
    low: float | None = None,
    high: float | None = None,
    complex_ok: bool = False,
    finite: bool = True,
) -> Inexact[jax.Array, "..."]:
    """An array of numbers without NaN.

    Args:
        name: the argument's name, for the error.
        value: an array of any library, or nested sequences of numbers.
        shape: sizes, where a word stands for any size, the same word for the same size.
        low, high: closed bounds of every element, or None for none; bounded ones are real.
        complex_ok: whether complex numbers are welcome.
        finite: whether infinities are errors.

    Returns:
        a complex128 array if `value` is complex, else float64.
    """
    host = _array(name, value, shape, complex_ok, finite)
    if isinstance(host, np.ndarray) and (low, high) != (None, None):
        outside = (host < (-np.inf if low is None else low)) | (
            host > (np.inf if high is None else high)
        )
        if outside.any():
            index = tuple(int(i) for i in np.argwhere(outside)[0])
            bounds = bounds_of(low, high, False, False)
            raise ValueError(
                f"Argument `{name}` must be {bounds}, but is {host[index]} at index {index}."
            )
    return _settled(host)


def integer(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """A whole number within closed bounds, known before compilation."""
    known(name, value)
    try:
        # np.asarray for the dtype alone: operator.index would take a bool for a number.
        counts = not isinstance(value, np.ma.MaskedArray) and np.asarray(value).dtype.kind != "b"
        number = operator.index(value) if counts else None
    except Exception:  # __index__ and __array__ are whatever the thing makes of them
        number = None
    if number is None:
        raise TypeError(f"Argument `{name}` must be an integer, but is {show(value)}.")
    if number < low or number > (MOST if high is None else high):
        bounds = bounds_of(low, MOST if high is None and number > MOST else high, False, False)
        raise ValueError(f"Argument `{name}` must be {bounds}, but is {show(number)}.")
    return number


def indices(name: str, value: Any, count: int) -> list[int]:
    """One index below a count, or a list of such."""
    wanted = several(name, value)
    return [integer(name, k, low=0, high=count - 1) for k in wanted]


def doubled(name: str, value: Any, *, low: float | int) -> int:
    """Twice a half-integer 0, 1/2, 1, 3/2, …, known before compilation."""
    number = plain(name, value, low=low)
    if (2 * number) % 1:
        raise ValueError(
            f"Argument `{name}` must be a half-integer 0, 1/2, 1, 3/2, …, but is {number:g}."
        )
    return int(2 * number)


def levels(name: str, value: Any, *, low: int = 1) -> int:
    """A number of levels, of which a matrix fits into the memory."""
    number = integer(name, value, low=low)
    room(name, number, number**2, "one matrix of so many levels")
    return number


def dimensions(name: str, value: Any) -> tuple[int, ...]:
    """Levels of every factor of a product, of which a ket fits into the memory."""
    given = several(name, value)
    if not given:
        raise ValueError(f"Argument `{name}` must hold at least one factor, but is empty.")
    sizes = tuple(integer(f"{name}[{i}]", n, low=1) for i, n in enumerate(given))
    room(name, sizes, 2 * math.prod(sizes), "one ket of so many levels")
    return sizes


def key(name: str, value: Any) -> None:
    """A JAX random key, of either kind."""
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    new = isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
    if not (new and shape == ()) and not (dtype == np.uint32 and shape == (2,)):
        raise TypeError(
            f"Argument `{name}` must be a key such as jax.random.key(0), but is {show(value)}."
        )


def times(name: str, value: Any) -> Times:
    """Instants: one axis, not empty, finite, strictly increasing."""
    host = _array(name, value, ("t",), False, True)
    if host.shape == (0,):
        raise ValueError(f"Argument `{name}` must hold at least one time, but is empty.")
    if isinstance(host, np.ndarray) and (stuck := np.flatnonzero(np.diff(host) <= 0)).size:
        i = int(stuck[0])
        raise ValueError(
            f"Argument `{name}` must increase strictly, "
            f"but goes from {host[i]} to {host[i + 1]} at index {i + 1}."
        )
    return _settled(host)


def density_matrix(name: str, rho: Any, *, dim: int | None = None) -> Rho:
    """A state: Hermitian, of trace one and positive within `STATE_TOLERANCE`."""
    host = _array(name, rho, (dim or "d", dim or "d"), True, True)
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
    return _settled(host)


def ket(name: str, psi: Any, *, dim: int | None = None) -> Ket:
    """A pure state: a vector of norm one within `STATE_TOLERANCE`."""
    host = _array(name, psi, (dim or "d",), True, True)
    if isinstance(host, np.ndarray) and abs(np.linalg.norm(host) - 1) > STATE_TOLERANCE:
        raise ValueError(
            f"Argument `{name}` must have norm 1, but has norm {np.linalg.norm(host):.10g}."
        )
    return _settled(host)


def hermitian(name: str, H: Any, *, dim: int | None = None) -> Rho:
    """A Hermitian matrix, within `STATE_TOLERANCE` of its size (`_sizes`)."""
    host = _array(name, H, (dim or "d", dim or "d"), True, True)
    if isinstance(host, np.ndarray):
        diagonal = np.diagonal(host)
        size = size_of_observable(diagonal, host - np.diag(diagonal))
        _check_hermitian(name, host, STATE_TOLERANCE * size)
    return _settled(host)


def hamiltonian(name: str, H: Any, *, dim: int | None = None) -> Hamiltonian:
    """Real levels (d,), or a Hermitian matrix (d, d)."""
    host = _numbers(name, H, True)
    if host.ndim == 1:
        return array(name, H, shape=(dim or "d",))
    if host.ndim == 2:
        return hermitian(name, H, dim=dim)
    d = dim or "d"
    raise ValueError(
        f"Argument `{name}` must have shape ({d},) or ({d}, {d}), but has shape {host.shape}."
    )


def _array(
    name: str, value: Any, shape: tuple[int | str, ...] | None, complex_ok: bool, finite: bool
) -> Inexact[jax.Array | np.ndarray, "..."]:
    host = _numbers(name, value, complex_ok)
    if shape is not None and not _fits(host.shape, shape):
        listed = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        expected = f"have shape ({listed})" if shape else "be a single number"
        raise ValueError(f"Argument `{name}` must {expected}, but has shape {host.shape}.")
    if shape is not None and host.size == 0:
        raise ValueError(f"Argument `{name}` must hold at least one number, but is empty.")
    if isinstance(host, np.ndarray):
        bad = ~np.isfinite(host) if finite else np.isnan(host)
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            expected = "be finite" if finite else "not be NaN"
            place = f" at index {index}" if index else ""
            raise ValueError(f"Argument `{name}` must {expected}, but is {host[index]}{place}.")
    return host


def _numbers(name: str, value: Any, complex_ok: bool) -> Inexact[jax.Array | np.ndarray, "..."]:
    """`value` in double precision: a NumPy array if concrete, else a traced one."""
    x64()
    if any(isinstance(leaf, np.ma.MaskedArray) for leaf in _leaves(value)):
        raise TypeError(
            f"Argument `{name}` must be an array without a mask, for every element counts, but is "
            "masked: fill or leave out what is missing."
        )
    try:
        raw = np.asarray(value) if is_concrete(value) else jnp.asarray(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(
            f"Argument `{name}` must be an array of numbers, but is {show(value)}."
        ) from None
    # V is bfloat16 and its like, which the next test refuses by name, or a record.
    if raw.dtype.kind not in "iufcV" or raw.dtype.names:
        raise TypeError(f"Argument `{name}` must be made of numbers, but is {show(value)}.")
    leaves = _leaves(value) if isinstance(value, list | tuple) else ()
    if any(isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_ for x in leaves):
        # Among numbers NumPy takes True for 1.
        raise TypeError(f"Argument `{name}` must be made of numbers, but is {show(value)}.")
    if raw.dtype.kind not in "iu" and raw.dtype not in (np.float64, np.complex128):
        raise TypeError(
            f"Argument `{name}` must be in double precision, but has dtype {raw.dtype}."
        )
    if raw.dtype.kind == "c" and not complex_ok:
        raise TypeError(f"Argument `{name}` must be real, but is {show(value)}.")
    return raw.astype(np.complex128 if raw.dtype.kind == "c" else np.float64)


def _settled(host: Any) -> jax.Array:
    with jax.ensure_compile_time_eval():  # else a trace would hide a number that is known
        return jnp.asarray(host)


def _leaves(value: Any) -> list[Any]:
    try:
        return jax.tree.leaves(value, is_leaf=lambda x: isinstance(x, Iterator))
    except (TypeError, ValueError):  # a dictionary whose keys have no order
        return [value]


def _fits(actual: tuple[int, ...], shape: tuple[int | str, ...]) -> bool:
    if len(actual) != len(shape):
        return False
    sizes: dict[int | str, int] = {}
    return all(
        sizes.setdefault(word, word if isinstance(word, int) else n) == n
        for word, n in zip(shape, actual)
    )


def _check_hermitian(name: str, host: Inexact[np.ndarray, "d d"], tolerance: float) -> None:
    defect: Float[np.ndarray, "d d"] = np.abs(host - host.conj().T)
    if defect.size and defect.max() > tolerance:
        i, j = (int(k) for k in np.unravel_index(defect.argmax(), defect.shape))
        raise ValueError(
            f"Argument `{name}` must be Hermitian, but element ({i}, {j}) is {host[i, j]:.6g} "
            f"and element ({j}, {i}) is {host[j, i]:.6g}."
        )
