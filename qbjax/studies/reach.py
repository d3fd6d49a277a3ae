"""The parts of an object, one level deep: a label, and parts with names.

All that a function can reach counts: its code, the globals, closures and defaults it uses, methods
and attributes of classes, the state of objects. Nothing is taken from `repr`, which holds
addresses and leaves things out.
"""

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import jax

from qbjax.studies import libraries
from qbjax.studies.reach_code import instructions
from qbjax.studies.reach_function import UNKNOWABLE, function
from qbjax.studies.reach_node import HEAP, IMPORTED, Installed, Node, Opaque, home, numbered
from qbjax.studies.reach_state import ARRAYS, ATOMS, node_of, state

JITTED = type(jax.jit(lambda: None))
FUNCTIONS = (
    types.FunctionType, types.MethodType, functools.partial, JITTED, functools._lru_cache_wrapper
)  # fmt: skip
DESCRIPTORS = (
    types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType,
    types.MethodDescriptorType, types.ClassMethodDescriptorType,
)  # fmt: skip
PLACE = IMPORTED | {
    "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__", "__parameters__",
    "__orig_bases__", "__annotate__", "__annotate_func__", "__annotations_cache__",
    "__abstractmethods__", "_abc_impl", "__type_params__", "_value2member_map_",
    "_hashable_values_", "_unhashable_values_", "__signature__", "__pydantic_core_schema__",
    "__pydantic_validator__", "__pydantic_serializer__", "__pydantic_parent_namespace__",
}  # fmt: skip
"""Attributes of a class that say where it stands, or that Python and Pydantic derive."""


def node(value: Any) -> Node:
    """Takes a value apart into a label and its parts."""
    cls = type(value)  # not `isinstance`, to which an object may lie
    if cls in ATOMS or issubclass(cls, ARRAYS):
        return node_of(value)
    if cls is Installed:
        return Node(f"library {value.name}", library=value.name)
    if id(value) in UNKNOWABLE:
        raise Opaque(f"what {UNKNOWABLE[id(value)]} gives, which cannot be known")
    if (name := libraries.name_of(value)) is not None:
        return Node(f"library {name}", library=name)
    for kind, made in _CODE.items():
        if issubclass(cls, kind):
            return made(value)
    return node_of(value)


def is_function(value: Any) -> bool:
    """Whether a value is a function of the project, bare, bound, jitted or partly applied."""
    return issubclass(type(value), FUNCTIONS) and libraries.name_of(value) is None


def _class(value: type) -> Node:
    owned = libraries.owns_class(value)
    if not value.__flags__ & HEAP:
        _refuse_compiled(value, f"the compiled class {value.__name__}")
        return Node(f"library {home(value)}", library=home(value))
    parts = sorted(
        (name, part)
        for name, part in vars(value).items()
        if name not in PLACE and not (owned and _comes_with(part))
    )
    return Node(
        f"class {value.__name__}",
        [("bases", value.__bases__), ("metaclass", type(value)), *parts],
    )


def _comes_with(part: Any) -> bool:
    """Whether a method of a class that a library made belongs to the library, too."""
    if isinstance(part, property | staticmethod | classmethod):
        part = part.fget if isinstance(part, property) else part.__func__
    known = isinstance(part, types.FunctionType)
    return known and libraries.owns_file(part.__code__.co_filename)


def _descriptor(value: Any) -> Node:
    """Takes a method or an attribute that is written in C apart."""
    owner = value.__objclass__
    if isinstance(value, types.MemberDescriptorType) and owner.__flags__ & HEAP:
        return Node(f"slot {value.__name__}")
    _refuse_compiled(owner, f"the compiled method {value.__qualname__}")
    return Node(f"library {home(owner)}.{value.__name__}", library=home(owner))


def _builtin(value: Any) -> Node:
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        raise Opaque(f"the compiled function {value.__name__}")
    return Node(f"method {value.__name__}", [("__self__", owner)])


def _refuse_compiled(cls: type, what: str) -> None:
    module = sys.modules.get(cls.__module__)
    if module is None or not libraries.owns(module):
        raise Opaque(what)


def _partial(value: functools.partial) -> Node:
    parts = [("class", type(value)), ("func", value.func), *state(value)]
    return Node("partial", [*parts, *numbered(value.args), *value.keywords.items()])


def _parts(*names: str) -> Callable[[Any], Node]:
    """Makes a function that takes an object apart into some of its attributes."""
    return lambda value: Node(type(value).__name__, [(n, getattr(value, n)) for n in names])


_CODE: dict[Any, Callable[[Any], Node]] = {
    types.FunctionType: function,
    types.CodeType: lambda value: Node(instructions(value)),
    type: _class,
    types.ModuleType: lambda value: Node(
        "module", sorted((n, part) for n, part in vars(value).items() if n not in IMPORTED)
    ),
    types.MethodType: _parts("__self__", "__func__"),
    (staticmethod, classmethod): _parts("__func__"),
    (JITTED, functools._lru_cache_wrapper): _parts("__wrapped__"),
    property: _parts("fget", "fset", "fdel"),
    functools.partial: _partial,
    (types.BuiltinFunctionType, types.MethodWrapperType): _builtin,
    DESCRIPTORS: _descriptor,
}
