"""The parts of a value that is no code: numbers, arrays, containers, objects.

An object of the project counts with its class, its attributes and slots. One of a library counts
with what it gives to `pickle`, which is what decides it, less what it only remembers.
"""

import contextlib
import copyreg
import functools
import hashlib
import inspect
import logging
import threading
import types
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from qbjax.studies import libraries
from qbjax.studies.reach_code import constant
from qbjax.studies.reach_node import HEAP, IMPORTED, PICKLED, Node, Opaque, home, numbered

ARRAYS = (np.ndarray, np.generic, jax.Array)
ATOMS = {type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented)}
INERT = {
    type(threading.Lock()), type(threading.RLock()), logging.Logger, logging.RootLogger,
    jax.Device, inspect.Signature,
}  # fmt: skip
"""Types of objects that decide no number."""
ELSEWHERE = {"ctypes", "_ctypes", "zarr", "h5py", "netCDF4", "dask", "distributed"}
"""Libraries whose objects say only where something lies: in memory, in a file, on a cluster."""
UNSEEN = {"jax._src.core.Primitive", "jax.extend.core.Primitive"}
"""Classes whose objects have their code in tables elsewhere."""


def node_of(value: Any) -> Node:
    """Takes a value that is no code apart."""
    cls = type(value)
    if cls in ATOMS:
        return Node(constant(value))
    if cls in INERT:
        return Node(f"inert {cls.__name__}")
    if issubclass(cls, jax.core.Tracer):
        raise Opaque("a value that is being traced")
    content = _content(value)
    if libraries.owns_class(cls) or cls.__flags__ & HEAP == 0:
        # An array of another library than these may have more to it, such as a unit.
        known = (libraries.name_of(cls) or "").partition(".")[0]
        if content is None or cls in _BUILT or known in ("numpy", "jaxlib", "jax"):
            return content or _of_library(value)
    kept = [("class", cls), *state(value)]
    if content is None and _inherits_from_c(cls):
        content = _pickled(value)
    if content is None:
        return Node("object", kept)
    return content._replace(parts=[*kept, *content.parts])


def state(value: Any) -> list[tuple[str, Any]]:
    """Attributes and slots of an object, sorted, without those that are computed from others."""
    cls: type = type(value)
    found: dict[str, Any] = {}
    for base in cls.__mro__:
        if "__slots__" in vars(base):
            for name, slot in vars(base).items():
                if isinstance(slot, types.MemberDescriptorType):
                    with contextlib.suppress(AttributeError):  # nothing was assigned yet
                        found[f"{base.__name__}.{name}"] = slot.__get__(value)
    with contextlib.suppress(AttributeError):
        found |= object.__getattribute__(value, "__dict__")
    return _own(cls, found)


def _array(value: Any) -> Node:
    """Takes a NumPy or JAX array or number apart."""
    if issubclass(type(value), jax.Array):
        return _of_jax(value)
    if issubclass(type(value), np.ma.MaskedArray):
        kept = [("data", value.data), ("mask", np.ma.getmaskarray(value))]
        return Node("masked", [*kept, ("fill_value", value.fill_value)])
    whole = np.asarray(value)
    kind = whole.dtype
    label = (
        f"{type(value).__name__} {kind.name} {kind.descr if kind.names else kind.str} {whole.shape}"
    )
    if whole.dtype.hasobject:
        return Node(label, numbered(whole.ravel().tolist()))
    return Node(f"{label} {_bytes(whole)}")


def _of_jax(value: jax.Array) -> Node:
    if jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
        return Node(f"key {jax.random.key_impl(value)}", [("", jax.random.key_data(value))])
    try:
        whole = np.asarray(value)
    except RuntimeError:  # it was given away, or lies on another machine
        raise Opaque("an array whose numbers are not here") from None
    return Node(f"jax {value.weak_type} {whole.dtype} {whole.shape} {_bytes(whole)}")


def _bytes(whole: np.ndarray) -> str:
    flat = np.ascontiguousarray(whole).reshape(-1)
    hasher = hashlib.blake2b(digest_size=16)
    if flat.nbytes:
        hasher.update(flat.view(np.uint8).data)
    return hasher.hexdigest()


def _content(value: Any) -> Node | None:
    """Takes arrays and what Python itself makes apart, subclasses of the project included."""
    if issubclass(type(value), ARRAYS):
        return _array(value)
    exact = type(value) in _BUILT or not libraries.owns_class(type(value))
    for kind, made in _BUILT.items() if exact else ():
        if issubclass(type(value), kind):
            return made(value)
    return None


def _own(cls: type, found: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    kept = [(str(n), part) for n, part in found.items() if n not in IMPORTED]
    return sorted((p for p in kept if not _is_remembered(cls, p[0])), key=lambda part: part[0])


def _is_remembered(cls: type, name: str) -> bool:
    """Whether an attribute appears only when it is first asked for."""
    if isinstance(inspect.getattr_static(cls, name, None), functools.cached_property):
        return True
    flag = name.startswith("_has_") and cls.__module__.startswith("scipy.sparse")
    return flag or (cls is np.vectorize and name == "_ufunc")


def _inherits_from_c(cls: type) -> bool:
    """Whether a class of the project has a base, other than `object`, that only C can read."""
    return any(not base.__flags__ & HEAP and base is not object for base in cls.__mro__)


def _of_library(value: Any) -> Node:
    cls = type(value)
    if cls.__module__.partition(".")[0] in ELSEWHERE:
        raise Opaque(f"a {home(cls)}")
    for kind, made in _HELD.items():
        if issubclass(cls, kind):
            return made(value)
    if (name := libraries.holder(value)) is not None:
        return Node(f"library {name}", library=name)
    if home(cls) in UNSEEN:
        raise Opaque(f"a {home(cls)}")
    content = _CONTENTS.get(home(cls))
    return Node(home(cls), content(value), library=home(cls)) if content else _pickled(value)


def _pickled(value: Any) -> Node:
    """Takes an object apart into what it gives to `pickle`."""
    cls = type(value)
    try:
        reduce = copyreg.dispatch_table.get(cls)
        made: Any = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception:
        raise Opaque(f"a {home(cls)}") from None
    if isinstance(made, str):
        return Node(f"named {made}", [("class", cls), *state(value)])
    maker, arguments, *rest = made
    held, items, pairs = (*rest, None, None, None)[:3]
    named = isinstance(held, Mapping) and all(isinstance(key, str) for key in held)
    parts = [*(_own(cls, held) if named else [("state", held)])]
    parts += [("class", cls), ("maker", maker), ("arguments", arguments)]
    return Node(PICKLED, [*parts, ("items", list(items or ())), ("pairs", list(pairs or ()))])


def _mapping(value: Mapping) -> Node:
    pairs = list(dict.items(value)) if isinstance(value, dict) else list(value.items())
    named = all(type(key) is str for key, _ in pairs)
    return Node(f"mapping {len(pairs)}", pairs if named else numbered(pairs))


def _set(value: frozenset | set) -> Node:
    return Node(f"set {len(value)}", [("", part) for part in value], ordered=False)


def _sequence(kind: Any) -> Callable[[Any], Node]:
    def made(value: Any) -> Node:
        parts = list(kind.__iter__(value))
        if ATOMS.issuperset(map(type, parts)):  # a million numbers are no million objects
            return Node(f"{kind.__name__}({', '.join(map(constant, parts))})")
        return Node(kind.__name__, numbered(parts))

    return made


def _number(kind: Any) -> Callable[[Any], Node]:
    return lambda value: Node(constant(kind.__new__(kind, kind.__getnewargs__(value)[0])))


def _ufunc(value: np.ufunc) -> Node:
    """Names a ufunc of NumPy's own; refuses one that may hide a function of the project."""
    import scipy.special

    for place in (np, scipy.special):
        if getattr(place, value.__name__, None) is value:
            return Node(f"library {place.__name__}.{value.__name__}", library=place.__name__)
    raise Opaque(f"the compiled function {value.__name__}")


def _numbers(data: Any) -> Any:
    """The numbers of QuTiP's data: a sparse matrix of SciPy, or an array."""
    return data.as_scipy() if hasattr(data, "as_scipy") else data.to_array()


_BUILT: dict[type, Callable[[Any], Node]] = {
    dict: _mapping,
    types.MappingProxyType: _mapping,
    list: _sequence(list),
    tuple: _sequence(tuple),
    set: _set,
    frozenset: _set,
    **{kind: _number(kind) for kind in (int, float, complex, str, bytes)},
}
_HELD: dict[Any, Callable[[Any], Node]] = {
    types.SimpleNamespace: lambda value: Node("namespace", state(value)),
    # Not by `pickle`: Dask and others teach it exceptions of their own kind.
    BaseException: lambda value: Node("error", [("args", value.args), *state(value)]),
    weakref.ref: lambda value: Node("reference", [("", value())]),
    types.CellType: lambda value: Node("cell", [("", value.cell_contents)]),
    (type({}.keys()), type({}.values()), type({}.items())): lambda value: Node(
        "view", numbered(value)
    ),
    memoryview: lambda value: Node("memory", [("", value.tobytes())]),
    np.ufunc: _ufunc,
    type(jax.tree.structure(0)): lambda value: Node(
        "tree", [("node", value.node_data()), ("children", value.children())]
    ),
}
_CONTENTS: dict[str, Callable[[Any], list[tuple[str, Any]]]] = {
    "qutip.core.qobj.Qobj": lambda value: [
        ("dims", value.dims), ("data", _numbers(value.data)), ("superrep", value.superrep)
    ],
    "xarray.core.dataarray.DataArray": lambda value: [("", value.to_dict(data="array"))],
    "xarray.core.dataset.Dataset": lambda value: [("", value.to_dict(data="array"))],
}  # fmt: skip
"""Parts of objects that remember more than they are, in their own words."""
