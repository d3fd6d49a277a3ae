"""Objects that belong to a library, and so count with its version instead of their code.

A library is whatever was installed: Python's own modules, all that lies in a `site-packages`, and
qbjax. Every other file, notebook cell or text that was executed belongs to the user's project.
"""

import functools
import os
import sys
import sysconfig
from types import FunctionType, ModuleType
from typing import Any

INSTALLED = {"site-packages", "dist-packages"}
FROZEN, CHECKED = "<frozen ", "<@beartype("
"""Names of code that has no file but comes with Python, or from a checker of types."""


def owns_file(path: str) -> bool:
    """Whether a file of code, by the name in its code objects, is a library's."""
    return path.startswith((FROZEN, CHECKED)) or (not path.startswith("<") and _is_installed(path))


def owns(module: ModuleType) -> bool:
    """Whether a module is a library's.

    Example:
        >>> import math, numpy
        >>> owns(math), owns(numpy), owns(ModuleType("mine"))
        (True, True, False)
    """
    name = module.__name__
    if name == "__main__":  # even if something installed runs it
        return False
    if name in sys.builtin_module_names:
        return True
    if file := getattr(module, "__file__", None):
        return owns_file(file)
    if getattr(module.__spec__, "origin", None) in ("built-in", "frozen"):
        return True
    if folders := list(getattr(module, "__path__", ())):
        return all(_is_installed(folder) for folder in folders)
    above = sys.modules.get(name.rpartition(".")[0])
    return above is not None and owns(above)


def name_of(value: Any) -> str | None:
    """The name by which a library lets a function or class be imported; None if none does.

    Example:
        >>> name_of(os.path.join), name_of(lambda: 0)
        ('posixpath.join', None)
    """
    if isinstance(value, ModuleType):
        return value.__name__ if owns(value) else None
    path, home = _said(value, "__qualname__"), sys.modules.get(_said(value, "__module__"))
    if not path or home is None or not owns(home):
        return None
    try:
        found = functools.reduce(getattr, path.split("."), home)
        known = found is value or getattr(found, "__func__", None) is value
    except Exception:  # also a warning that the name is old
        return None
    return f"{home.__name__}.{path}" if known else None


def is_ours(value: Any) -> bool:
    """Whether a library's attribute was put there by the user's project."""
    if isinstance(value, ModuleType):
        return not owns(value)
    if isinstance(value, FunctionType):
        return not owns_file(value.__code__.co_filename)
    cls = value if isinstance(value, type) else type(value)
    return name_of(cls) is None and not owns_class(cls)


def owns_class(cls: type) -> bool:
    """Whether a class says that it comes from a library, if only from inside a function of it."""
    home = sys.modules.get(_said(cls, "__module__"))
    return home is not None and home.__name__ != "builtins" and owns(home)


def holder(value: Any) -> str | None:
    """The name under which a library keeps an object of its own; None if none does.

    Example:
        >>> holder(os.environ), holder(sys.float_info)
        ('os.environ', 'sys.float_info')
    """
    top = type(value).__module__.partition(".")[0]
    home, _, name = _held(top, len(sys.modules)).get(id(value), "").rpartition(".")
    # An id may have passed to another object since.
    known = home in sys.modules and vars(sys.modules[home]).get(name) is value
    return f"{home}.{name}" if known else None


@functools.lru_cache(maxsize=64)
def _held(top: str, modules: int) -> dict[int, str]:
    """Objects that a library keeps, by id, under the shortest path, which is the public one."""
    names = [name for name in list(sys.modules) if name == top or name.startswith(f"{top}.")]
    found: dict[int, str] = {}
    for home in sorted(names, key=lambda name: (len(name), name), reverse=True):
        module = sys.modules[home]
        if isinstance(module, ModuleType) and owns(module):
            found |= {id(part): f"{home}.{name}" for name, part in list(vars(module).items())}
    return found


def _said(value: Any, name: str) -> str:
    """Reads a text that an object says of itself; empty if it says none."""
    try:
        text = getattr(value, name, "")
    except Exception:  # from a `__getattr__` of the user
        return ""
    return text if isinstance(text, str) else ""


@functools.cache
def _is_installed(path: str) -> bool:
    path = os.path.normcase(os.path.abspath(path))
    if INSTALLED & set(path.split(os.sep)):
        return True
    return any(path.startswith(root + os.sep) for root in _roots())


@functools.cache
def _roots() -> tuple[str, ...]:
    """Folders of Python's own modules and of qbjax."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}  # not of an environment
    own = [sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib")]
    return tuple(os.path.normcase(os.path.abspath(path)) for path in [here, *own])
