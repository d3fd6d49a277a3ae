"""The parts of a function: its code, and the globals, closures and defaults that it uses."""

import argparse
import builtins
import contextlib
import importlib
import sys
import weakref
from collections.abc import Iterator
from importlib.util import find_spec, resolve_name
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

from qbjax.studies import libraries
from qbjax.studies.reach_code import Import, Lookup, instructions, looked_up, names
from qbjax.studies.reach_node import IMPORTED, Installed, Node, Opaque

UNKNOWABLE = {
    id(value): name
    for name, value in {
        "eval": eval,
        "exec": exec,
        "globals": globals,
        "__import__": builtins.__import__,
        "importlib.import_module": importlib.import_module,
        "sys.modules": sys.modules,
        "sys._getframe": sys._getframe,
    }.items()
}
"""Functions that reach things that code does not name."""
BEHIND = {"__globals__", "f_globals", "f_locals", "f_back"}
"""Attributes that reach things that code does not name."""
CHECKERS = ("jaxtyping", "beartype", "typeguard")
"""Libraries whose decorators check types, and change no number."""
SPACES = {ModuleType, SimpleNamespace, argparse.Namespace}
"""Types of objects that count with the attributes that are used of them."""
CACHES = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary)


def function(value: FunctionType) -> Node:
    """Takes a function apart into its code and all that it uses."""
    code = value.__code__
    if libraries.owns_file(code.co_filename):
        return _made_by_library(value)
    marks = sorted(pair for pair in vars(value).items() if pair[0] not in IMPORTED)
    parts = [*_defaults(value).items(), *_closure(value).items(), *marks]
    return Node(instructions(code), [*parts, *_globals(code, value.__globals__)])


def _made_by_library(value: FunctionType) -> Node:
    """Takes a function that a library made around others apart: `jax.vmap`, decorators."""
    # Not its own word, which is that of the function that it wraps.
    place, code = str(value.__globals__.get("__name__")), value.__code__
    kept = {"__wrapped__": value.__wrapped__} if hasattr(value, "__wrapped__") else {}
    if code.co_filename.startswith(libraries.CHECKED) or place.startswith(CHECKERS):
        return Node("checked", list(kept.items()))
    held = [*_defaults(value).items(), *(_closure(value) | kept).items()]
    parts = [part for part in held if not isinstance(part[1], CACHES)]
    # A function may make several lambdas, of one name.
    text = instructions(code) if code.co_name == "<lambda>" else ""
    return Node(f"library {place}.{code.co_qualname} {text}", parts, library=place)


def _closure(value: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(value.__code__.co_freevars, value.__closure__ or ()):
        with contextlib.suppress(ValueError):  # nothing was assigned yet
            found[name] = cell.cell_contents
    return found


def _defaults(value: FunctionType) -> dict[str, Any]:
    given, count = value.__defaults__ or (), value.__code__.co_argcount
    found = dict(zip(value.__code__.co_varnames[count - len(given) : count], given))
    return found | (value.__kwdefaults__ or {})


def _globals(code: CodeType, variables: dict[str, Any]) -> list[tuple[str, Any]]:
    """The globals and imports that code uses, by the path under which it does."""
    if behind := BEHIND & set(names(code)):
        raise Opaque(f"what {min(behind)} gives, which cannot be known")
    found: dict[str, Any] = {}
    for use in looked_up(code):
        pairs = _imported(use, variables) if isinstance(use, Import) else _named(use, variables)
        found |= dict(pairs)
    return sorted(found.items(), key=lambda pair: pair[0])


def _named(use: Lookup, variables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    known = variables.get("__builtins__", builtins)
    for place in (variables, known if isinstance(known, dict) else vars(known)):
        if use.name in place and use.name not in IMPORTED:
            yield _along(use.name, place[use.name], use.attributes)
            return


def _along(name: str, value: Any, attributes: tuple[str, ...]) -> tuple[str, Any]:
    """Goes from a module along attributes: a file counts with what is used of it."""
    space = None
    for step in attributes:
        if type(value) not in SPACES or step.startswith("__") or not hasattr(value, step):
            break
        space, value, name = value, getattr(value, step), f"{name}.{step}"
    if not isinstance(space, ModuleType) or not libraries.owns(space):
        return name, value
    # Of a library only what the project put there.
    known = id(value) in UNKNOWABLE or libraries.is_ours(value)
    return name, value if known else space


def _imported(use: Import, variables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Imports that a function makes itself; the project's are made now as they would be then."""
    try:
        package = variables.get("__package__") or ""
        name = resolve_name("." * use.level + use.name, package) if use.level else use.name
        spec = None if name in sys.modules else find_spec(name)
        if spec is not None and libraries.owns_file(spec.origin or ""):
            yield name, Installed(name)
            return
        module = importlib.import_module(name)
    except Exception:  # it will not be there for the function either
        return
    if libraries.owns(module):
        yield name, Installed(name)
        return
    bound = name.partition(".")[0] if use.top else name
    for attributes in use.uses:
        yield _along(bound, sys.modules[bound], attributes)
