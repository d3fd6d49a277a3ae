"""Programs of the verbs, of which no more than some fifty are kept.

JAX remembers every program that it compiled for as long as the function lives that it was compiled
for. On Linux each holds some hundred memory maps and some megabytes. So here each program has a
function of its own, keyed by the structure and shapes of what it was called with, and the one that
was called longest ago is dropped when there are too many. Programs of other code stay.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

MOST = 50
"""Programs that are kept. (They hold some 12 000 memory maps; a process may have 65 530.)"""

ARRAYS = (jax.Array, np.ndarray)

_ARRAY = object()
_KEPT: OrderedDict[Any, "_Program"] = OrderedDict()
_LOCK = threading.Lock()


class Way(NamedTuple):
    """The way to answer a call.

    Attributes:
        function: what is compiled.
        optional: whether with the options.
        after: what is done, outside of the program, with what it returns; None for nothing.
    """

    function: Callable
    optional: bool = False
    after: Callable | None = None


def program_of(way: Callable[[tuple], Way], **options: Any) -> Callable:
    """Makes what `eqx.filter_jit` makes, but of all that is made so only `MOST` programs are kept.

    Args:
        way: the way to answer a call with some arguments, pytrees; what is no array in them is
            static.
        options: of `jax.jit`.

    Example:
        >>> import jax.numpy as jnp
        >>> double = program_of(lambda given: Way(lambda x, word: (2 * x, word)))
        >>> double(jnp.array(2.0), "two")[1]
        'two'
    """

    def run(*given):
        function, optional, after = way(given)
        leaves, tree = jax.tree.flatten(given)
        arrays = [x for x in leaves if isinstance(x, ARRAYS)]
        # With their types: 1 and 1.0 are equal, and make different programs.
        rest = tuple(_ARRAY if isinstance(x, ARRAYS) else (type(x), x) for x in leaves)
        shapes = tuple((x.shape, x.dtype) for x in arrays)
        chosen = options if optional else {}
        key = (function, optional, tree, rest, shapes)
        program = _kept(key, lambda: _Program(function, tree, rest, chosen))
        out = program.compiled(arrays)
        structure, others = program.told
        found = jax.tree.unflatten(structure, _filled(others, out))
        return found if after is None else after(found)

    return run


def forget() -> None:
    """Drops all programs."""
    with _LOCK:
        _KEPT.clear()


def _kept(key: Any, made: Callable[[], "_Program"]) -> "_Program":
    """The program of a key, made if there is none; then it is the last to be dropped."""
    with _LOCK:
        program = _KEPT[key] if key in _KEPT else _KEPT.setdefault(key, made())
        _KEPT.move_to_end(key)
        while len(_KEPT) > MOST:
            _KEPT.popitem(last=False)
    return program


class _Program:
    """A program for one structure and its shapes; `told` is the structure of what it returns."""

    def __init__(self, function: Callable, tree: Any, rest: tuple, options: dict[str, Any]):
        told: list[Any] = []

        def whole(arrays):
            out = function(*jax.tree.unflatten(tree, _filled(rest, arrays)))
            leaves, structure = jax.tree.flatten(out)
            others = tuple(_ARRAY if isinstance(x, jax.Array) else (None, x) for x in leaves)
            told[:] = structure, others
            return [x for x in leaves if isinstance(x, jax.Array)]

        # In no circle, which would keep a program that is dropped until garbage is collected.
        whole.__name__ = whole.__qualname__ = function.__name__
        self.told, self.compiled = told, jax.jit(whole, **options)


def _filled(rest: tuple, arrays: list[Any]) -> list[Any]:
    found = iter(arrays)
    return [next(found) if x is _ARRAY else x[1] for x in rest]
