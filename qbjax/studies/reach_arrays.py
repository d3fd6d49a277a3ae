"""The parts of arrays: their bytes, and what else decides how they compute."""

import hashlib
from typing import Any

import jax
import numpy as np

from qbjax.studies.reach_node import Node, Opaque, numbered

ARRAYS = (np.ndarray, np.generic, jax.Array)


def array(value: Any) -> Node:
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
