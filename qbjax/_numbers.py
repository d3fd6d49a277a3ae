"""Checks of real and complex numbers, and of arrays of them; part of `_checks`."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Inexact

from qbjax._kinds import bounds_of, show
from qbjax._types import Number


def x64() -> None:
    """Insists on double precision: JAX's default is single."""
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


def settled(host: Any) -> jax.Array:
    """Makes an array whose numbers stay known even while something else is being traced."""
    with jax.ensure_compile_time_eval():
        # Unlike `asarray`, which compiles a program per shape. Copied: the caller may write to it.
        ours = isinstance(host, np.ndarray | np.generic | float | int | complex)
        return jax.device_put(np.array(host)) if ours else jnp.asarray(host)


def on_host(value: Any) -> Any:
    """Turns a known array into NumPy's; a traced one stays as it is."""
    return np.asarray(value) if is_concrete(value) else value


def array_module(*values: Any) -> Any:
    """NumPy if all values are its arrays, else jax.numpy.

    The latter would compile a program for every small operation outside of `jit`.
    """
    return np if all(isinstance(value, np.ndarray) for value in values) else jnp


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
    """Checks a number: not NaN, within bounds that are closed unless called open.

    A bounded number is real. The array is complex128 if `value` is complex, else float64.
    """
    bounds = (low, high, open_low, open_high)
    return settled(_host_scalar(name, value, *bounds, complex_ok, finite))


def _host_scalar(
    name, value, low=None, high=None, open_low=False, open_high=False, complex_ok=False, finite=True
):
    host = host_array(name, value, (), complex_ok, finite)
    if isinstance(host, np.ndarray):
        number = host[()]
        too_low = low is not None and (number <= low if open_low else number < low)
        too_high = high is not None and (number >= high if open_high else number > high)
        if too_low or too_high:
            bounds = bounds_of(low, high, open_low, open_high)
            raise ValueError(f"Argument `{name}` must be {bounds}, but is {number}.")
    return host


def plain(name: str, value: Any, **bounds: Any) -> float:
    """Checks a real number as `scalar` does, known before compilation; returns a Python float."""
    known(name, value)
    return float(_host_scalar(name, value, **bounds))


def optional_scalar(name: str, value: Any, **bounds: Any) -> Number | float | int:
    """Checks a number as `scalar` does; the plain number 0, which drops a term, stays as it is."""
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
    """Checks an array of numbers: no NaN, a shape, closed bounds.

    In a shape, a word stands for any size, the same word for the same size. Bounded numbers are
    real. The array is complex128 if `value` is complex, else float64.
    """
    host = host_array(name, value, shape, complex_ok, finite)
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
    return settled(host)


def host_array(
    name: str, value: Any, shape: tuple[int | str, ...] | None, complex_ok: bool, finite: bool
) -> Inexact[jax.Array | np.ndarray, "..."]:
    """Checks shape, size and finiteness of what `host_numbers` makes of a value; returns that."""
    host = host_numbers(name, value, complex_ok)
    if shape is not None and not _fits(host.shape, shape):
        listed = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        expected = f"have shape ({listed})" if shape else "be a single number"
        raise ValueError(f"Argument `{name}` must {expected}, but has shape {host.shape}.")
    if shape is not None and host.size == 0 and 0 not in shape:
        raise ValueError(f"Argument `{name}` must hold at least one number, but is empty.")
    if isinstance(host, np.ndarray):
        bad = ~np.isfinite(host) if finite else np.isnan(host)
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            expected = "be finite" if finite else "not be NaN"
            place = f" at index {index}" if index else ""
            raise ValueError(f"Argument `{name}` must {expected}, but is {host[index]}{place}.")
    return host


def host_numbers(name: str, value: Any, complex_ok: bool) -> Inexact[jax.Array | np.ndarray, "..."]:
    """Returns a value in double precision: a NumPy array if concrete, else a traced one."""
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
