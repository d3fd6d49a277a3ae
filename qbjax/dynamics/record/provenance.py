"""Provenance of numbers: what was asked, with which versions, when; as attributes of a file.

The attributes are text, so that every format takes them. What has fields, such as a battery or a
protocol, is JSON:

| value | JSON |
|---|---|
| battery, protocol, solver, load | `{"class": "qbjax.….DOPO", "fields": {…}}` |
| array | `{"array": […], "dtype": "float64", "shape": […]}`, of a complex one re, im in turn |
| array of more than `MOST` numbers | `{"sha256": …, "dtype": …, "shape": […]}` |
| complex number | `{"complex": [re, im]}` |
| NaN, infinity | `{"float": "nan"}` |
| function | `{"function": "module.name"}` |
| anything else | `{"repr": "…"}` |

Floats are written so that reading gives the same bits.
"""

import dataclasses
import datetime
import functools
import hashlib
import json
import math
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
import scipy.sparse as sp

VERSIONS = ("qbjax", "jax", "diffrax", "numpy")

MOST = 10_000
"""Numbers of an array that are written out; of a larger one a digest is."""


@jax.tree_util.register_pytree_node_class
class Provenance:
    """The question that a run answers, and when it was asked.

    A pytree without leaves that forgets everything when it is taken apart: a run may go through
    `jit`, `vmap` or `tree.map` without compiling anything anew, and one that comes out of them
    claims no origin, rather than that of the run that was traced.

    Attributes:
        asked: name (`verb`, `battery`, `protocol` and so on) to what the verb was given, kept as it
            is: words are made of it only when a file is written. Empty if nothing is known.
        created: the time, in UTC.
    """

    def __init__(self, **asked: Any):
        self.asked = {name: value for name, value in asked.items() if value is not None}
        self.created = datetime.datetime.now(datetime.UTC) if asked else None

    def tree_flatten(self) -> tuple[tuple, None]:
        """Takes the pytree apart, into nothing."""
        return (), None

    @classmethod
    def tree_unflatten(cls, _, __) -> "Provenance":
        """Makes an empty provenance."""
        return cls()

    def called(self, verb: str) -> "Provenance":
        """The provenance under the name of another verb, that called the one that ran."""
        return Provenance(**self.asked | {"verb": verb})

    def __repr__(self):
        return f"Provenance({', '.join(self.asked)})"

    def attributes(self) -> dict[str, str]:
        """Attributes of a file: `verb`, `battery` and so on, then those of `environment`.

        Example:
            >>> Provenance(verb="charge", protocol=[1.0, 2 + 1j]).attributes()["protocol"]
            '[1.0, {"complex": [2.0, 1.0]}]'
        """
        asked = {name: _text(value) for name, value in self.asked.items()}
        made = {} if self.created is None else {"created": stamp(self.created)}
        return asked | made | environment()


def environment() -> dict[str, str]:
    """Versions, platform and precision: attributes of whatever this process computes.

    Example:
        >>> sorted(environment())[:3]
        ['device', 'diffrax_version', 'dtype']
    """
    x64 = jax.config.jax_enable_x64  # type: ignore[attr-defined]
    return _fixed() | {"dtype": "float64" if x64 else "float32"}


def stamp(moment: datetime.datetime | None = None) -> str:
    """Writes a time, by default now, in UTC to the second: 2026-11-30T06:31:04+00:00."""
    now = datetime.datetime.now(datetime.UTC) if moment is None else moment
    return now.isoformat(timespec="seconds")


def described(value: Any) -> Any:
    """Describes a value as JSON takes it, by the table of this module.

    Example:
        >>> described({"theta": np.array([0.5, 1.0])})
        {'theta': {'array': [0.5, 1.0], 'dtype': 'float64', 'shape': [2]}}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, complex | float | np.generic) or _is_array(value):
        return _number(np.asarray(value))
    if isinstance(value, Mapping):
        return {str(name): described(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [described(part) for part in value]
    return _thing(value)


def recalled(written: Any) -> Any:
    """Reads numbers and arrays back out of what `described` made; all else stays as it is.

    Example:
        >>> recalled({"amplitude": {"complex": [3.0, {"float": "inf"}]}})
        {'amplitude': (3+infj)}
    """
    if isinstance(written, list):
        return [recalled(part) for part in written]
    if not isinstance(written, dict):
        return written
    if written.keys() == {"float"}:
        return float(written["float"])
    if written.keys() == {"complex"}:
        return complex(*map(recalled, written["complex"]))
    if written.keys() == {"array", "dtype", "shape"}:
        kind = np.dtype(written["dtype"])
        flat = np.array([recalled(x) for x in written["array"]], kind.type(0).real.dtype)
        return flat.view(kind).reshape(written["shape"])
    return {name: recalled(part) for name, part in written.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(described(value), allow_nan=False)


def _is_array(value) -> bool:
    return isinstance(value, np.ndarray | jax.Array) and not isinstance(value, jax.core.Tracer)


def _number(host: np.ndarray) -> Any:
    if host.dtype.kind not in "biufc":
        return {"repr": repr(host)}
    if host.ndim:
        return _array(host)
    number = host.item()
    if isinstance(number, complex):
        return {"complex": [_number(np.asarray(part)) for part in (number.real, number.imag)]}
    if isinstance(number, float) and not math.isfinite(number):
        return {"float": repr(number)}
    return number


def _array(host: np.ndarray) -> dict[str, Any]:
    kind = {"dtype": host.dtype.name, "shape": list(host.shape)}
    whole = np.ascontiguousarray(host)
    if host.size > MOST:
        return {"sha256": hashlib.sha256(whole.tobytes()).hexdigest(), **kind}
    flat = whole.view(whole.real.dtype).ravel()
    if np.all(np.isfinite(flat)):
        return {"array": flat.tolist(), **kind}
    return {"array": [_number(np.asarray(x)) for x in flat], **kind}


def _thing(value: Any) -> dict[str, Any]:
    if sp.issparse(value):
        entries = value.tocoo()
        parts = {"data": entries.data, "row": entries.row, "column": entries.col}
        return {"sparse": described(parts), "shape": list(value.shape)}
    kind = type(value)
    if kind.__module__.startswith("qbjax.") or dataclasses.is_dataclass(value):
        fields = vars(value)
        if dataclasses.is_dataclass(value):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)} or fields
        return {"class": f"{kind.__module__}.{kind.__qualname__}", "fields": described(fields)}
    if callable(value):
        named = value if hasattr(value, "__qualname__") else kind
        return {"function": f"{named.__module__}.{named.__qualname__}"}
    return {"repr": " ".join(repr(value).split())[:200]}


@functools.cache
def _fixed() -> dict[str, str]:
    device = jax.devices()[0]
    versions = {f"{name}_version": version(name) for name in VERSIONS}
    return versions | {
        "python_version": platform.python_version(),
        "platform": platform.platform(),
        "device": f"{device.platform}: {device.device_kind}",
    }
