"""Digests of a sweep, so that a store is only ever continued by its own sweep.

Each part has a digest of its own, and a refusal can name what differs. The function counts with
all that it can reach: see `reach`. A library counts with its version.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from qbjax.studies import reach
from qbjax.studies.grids import Grid
from qbjax.studies.reach_node import PICKLED, Node, Opaque
from qbjax.studies.versions import versions

FUNCTION = "function"


def fingerprint(
    function: Callable, grid: Grid, configuration: Mapping[str, Any] | None
) -> dict[str, str]:
    """Digests the parts of a sweep: name of a part to its digest, or to its version.

    Parts are "function", "function.battery", "grid.F", "version.jax" and such. An entry of the
    configuration that is called like a part of the function says the version of that part, which
    is then not looked into.
    """
    digests = _Digests(configuration or {})
    parts = {f"grid.{n}": digests.of(n, values.values) for n, values in grid.coordinates.items()}
    parts["grid"] = digests.of("grid", (list(grid.names), grid.sizes))
    parts |= _function(function, digests)
    if configuration is not None:
        parts["configuration"] = _digest(json.dumps(configuration, sort_keys=True, default=str))
    return parts | {f"version.{n}": v for n, v in versions(digests.libraries).items()}


def _function(function: Callable, digests: "_Digests") -> dict[str, str]:
    """Digests every function of the project, and every value that one uses."""
    parts: dict[str, str] = {}
    names, waiting = {id(function): FUNCTION}, [(FUNCTION, function)]
    for name, value in waiting:
        top = digests.opened(name, value)
        parts[name] = _digest(top.node.label)
        for step, part in top.node.parts:
            path = _unused(top.below(step), parts)
            if not reach.is_function(part):
                parts[path] = digests.of(path, part)
                continue
            if id(part) not in names:
                # Also of a helper's helper: the paths of a chain would grow without end.
                names[id(part)] = _unused(f"{FUNCTION}.{step}", parts)
                waiting.append((names[id(part)], part))
                parts[names[id(part)]] = ""
            parts.setdefault(path, names[id(part)])
    return parts


def _unused(name: str, used: Collection[str]) -> str:
    numbers = itertools.count(2)
    found = name
    while found in used:
        found = f"{name}.{next(numbers)}"
    return found


class _Open:
    """An object whose parts are being looked into."""

    def __init__(self, path: str, value: Any, node: Node):
        self.path, self.value, self.node = path, value, node
        self.found: list[str] = []

    def below(self, step: str) -> str:
        return f"{self.path}.{step}" if step else self.path

    def digest(self) -> str:
        found = [f"{step!r} {digest}" for (step, _), digest in zip(self.node.parts, self.found)]
        return _digest(
            "\n".join([self.node.label, *(found if self.node.ordered else sorted(found))])
        )


class _Digests:
    """Digests of objects with all that they consist of, but for paths whose version is `named`.

    Attributes:
        libraries: modules of libraries that were met.
    """

    def __init__(self, named: Collection[str]):
        self.libraries: set[str] = set()
        self._named = named
        self._known: dict[int, str] = {}
        self._alive: list[Any] = []  # else another object could get the same id

    def opened(self, path: str, value: Any, above: Sequence[_Open] = ()) -> _Open:
        """Looks into an object: its label and its parts."""
        self._alive.append(value)
        if path in self._named and path != FUNCTION:
            return _Open(path, value, Node(f"named {type(value).__qualname__}"))
        try:
            found = reach.node(value)
        except Opaque as what:
            whole = _whole(path, above)
            inner = "is" if whole == path else "holds"
            raise TypeError(
                f"Argument `function` must reach only what can be looked into, but `{whole}` "
                f"{inner} {what}: say its version, configuration={{{whole!r}: …}}."
            ) from None
        if found.library:
            self.libraries.add(found.library)
        return _Open(path, value, found)

    def of(self, path: str, value: Any) -> str:
        """Digests a value with all that it consists of."""
        # A stack of our own: chains of objects may be longer than Python's is deep.
        stack, depth = [self.opened(path, value)], {id(value): 0}
        while stack:
            top = stack[-1]
            if len(top.found) == len(top.node.parts):
                self._known[id(top.value)] = top.digest()
                del depth[id(top.value)]
                stack.pop()
                continue
            step, part = top.node.parts[len(top.found)]
            if id(part) in self._known:
                top.found.append(self._known[id(part)])
            elif id(part) in depth:
                top.found.append(f"{len(stack) - depth[id(part)]} above")
            else:
                depth[id(part)] = len(stack)
                stack.append(self.opened(top.below(step), part, stack))
        return self._known[id(value)]


def _whole(path: str, above: Sequence[_Open]) -> str:
    """The path of the largest object of a library that something is a part of."""
    for around in reversed(above):
        if around.node.label == PICKLED:
            path = around.path
        elif type(around.value) not in (tuple, list, dict):
            break
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
