"""Versions of all that decides numbers: qbjax, what it computes with, what a function uses."""

import functools
import hashlib
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import jax

COMPUTING = ("jax", "jaxlib", "diffrax", "equinox", "lineax", "numpy", "scipy")
"""Libraries with which qbjax computes; NumPy and SciPy what is constant in a program."""
SETTINGS = ("jax_default_matmul_precision", "jax_default_prng_impl", "jax_threefry_partitionable")
"""Settings of JAX that change numbers as another version does."""


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """Looks up versions: name of a library to its version.

    Returns:
        Also `python`, whose x.y decides what code is compiled to, and for qbjax a digest of its
        own source, which in a checkout changes more often than its version. JAX's settings
        that decide numbers stand among them.

    Example:
        >>> found = versions(["xarray.core", "json"])
        >>> "xarray" in found, "json" in found, found["jax"] == jax.__version__
        (True, False, True)
    """
    names = {*COMPUTING, *(module.partition(".")[0] for module in libraries)}
    found = {name: _version(name) for name in names - sys.stdlib_module_names - {"qbjax"}}
    python = ".".join(platform.python_version_tuple()[:2])
    chosen = {name.removeprefix("jax_"): str(getattr(jax.config, name)) for name in SETTINGS}
    return found | chosen | {"python": python, "qbjax": f"{metadata.version('qbjax')}+{_source()}"}


@functools.cache
def _version(name: str) -> str:
    """The version of a module's distribution, which may be called otherwise."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        declared = getattr(sys.modules.get(name), "__version__", None)
    if isinstance(declared, str):
        return declared
    homes = metadata.packages_distributions().get(name, ())
    return ", ".join(sorted(f"{home} {metadata.version(home)}" for home in set(homes)))


@functools.cache
def _source() -> str:
    """Digests qbjax's files, but for those that show and print."""
    root = Path(__file__).parents[1]
    hasher = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] not in ("views", "cli"):
            hasher.update(f"{path.relative_to(root).as_posix()}\n".encode())
            hasher.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return hasher.hexdigest()[:8]
