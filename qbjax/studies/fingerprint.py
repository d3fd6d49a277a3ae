"""What a sweep computes, as digests: so that a store is only ever continued by its own sweep.

Each part has a digest of its own, and a refusal can name what differs. The function counts with
its source, its defaults and everything it uses: numbers, arrays, batteries, protocols, and in the
same way the functions of its own module; those of others count with their name.
What cannot be looked into (a compiled extension, an open file) counts with its type alone;
`configuration` is for such.
"""

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np

from qbjax.studies.grids import Grid


def fingerprint(
    function: Callable, grid: Grid, configuration: Mapping[str, Any] | None
) -> dict[str, str]:
    """Name of a part to its digest.

    Args:
        function: of the sweep.
        grid: its points.
        configuration: more that identifies the sweep, JSON-able.

    Returns:
        Parts such as "function", "function.battery", "grid.F".
    """
    parts = {f"grid.{name}": _of(values.values) for name, values in grid.coordinates.items()}
    parts["grid"] = _of((list(grid.names), grid.sizes))
    parts |= _function("function", function)
    if configuration is not None:
        parts["configuration"] = _digest(json.dumps(configuration, sort_keys=True, default=str))
    return parts


def _function(name: str, function: Callable, above: tuple = ()) -> dict[str, str]:
    """A function with what it uses; a callable object with its fields."""
    inner = inspect.unwrap(function)
    if hasattr(inner, "func") and hasattr(inner, "keywords"):  # functools.partial
        bound = {f"{name}.{i}": _of(x) for i, x in enumerate(inner.args)}
        bound |= {f"{name}.{key}": _of(x) for key, x in inner.keywords.items()}
        return _function(name, inner.func, above) | bound
    if not inspect.isroutine(inner):
        return {name: _of(inner)}
    try:
        source = inspect.getsource(inner)
    except (OSError, TypeError):
        source = getattr(inner, "__qualname__", repr(type(inner)))
    parts = {name: _digest(source)}
    try:
        around = inspect.getclosurevars(inner)
    except TypeError:
        return parts
    named = {**around.globals, **around.nonlocals}
    for key, parameter in inspect.signature(inner).parameters.items():
        if parameter.default is not parameter.empty:
            named[key] = parameter.default
    for key, value in sorted(named.items()):
        if inspect.isfunction(value) and value.__module__ == inner.__module__:
            if value not in above:
                parts |= _function(f"{name}.{key}", value, (*above, inner))
        elif not inspect.ismodule(value):
            parts[f"{name}.{key}"] = _of(value)
    return parts


def _of(value: Any) -> str:
    """Digest of a value: a pytree by its structure and leaves."""
    if inspect.isroutine(value) or inspect.isclass(value):
        return _digest(f"{value.__module__}.{value.__qualname__}")
    dynamic, static = eqx.partition(value, eqx.is_array_like)
    # Addresses of static functions are no part of what is computed.
    shape = re.sub(r"0x[0-9a-f]+", "", str(jax.tree.structure(value)))
    hasher = hashlib.sha256(shape.encode())
    for leaf in jax.tree.leaves(dynamic):
        array = np.asarray(leaf)
        hasher.update(
            f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()
        )
    for leaf in jax.tree.leaves(static):
        hasher.update(leaf.encode() if isinstance(leaf, str) else str(type(leaf)).encode())
    return hasher.hexdigest()[:16]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
