"""The meaning of compiled Python, and the names it looks up, without where it was written.

The instructions are those that run, so a file that was changed since it was imported decides
nothing. Line numbers, comments, docstrings and the layout of the source are left out; so are the
module and the name of the function: the same code in `__main__`, a notebook or an imported file
is the same.
"""

import dis
import inspect
import itertools
import re
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any, NamedTuple

LOOKUPS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
STEPS = {"LOAD_ATTR", "LOAD_METHOD"}
FILLERS = {"NOP", "CACHE", "EXTENDED_ARG"}
UNSEEN = {"__doc__", "__qualname__", "__module__", "__firstlineno__", "__static_attributes__"}
"""Names under which a class body says its place in the source."""
PARAMETERS = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
KINDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Lookup(NamedTuple):
    """A global name that code looks up, with the attributes that it takes from it at once.

    For `name.a.b(…)` these are ("a", "b").
    """

    name: str
    attributes: tuple[str, ...]


class Import(NamedTuple):
    """An import inside a function.

    Attributes:
        name: of the module.
        level: dots before it.
        top: whether `import a.b` binds `a`.
        uses: the attributes taken from what is bound, one tuple for each use; empty for a use of
            the module itself.
    """

    name: str
    level: int
    top: bool
    uses: tuple[tuple[str, ...], ...]


def instructions(code: CodeType) -> str:
    """The text of what code does, constants and nested functions included.

    Example:
        >>> one = compile("lambda x: 2.0 * x", "one", "eval").co_consts[0]
        >>> two = compile("lambda x: (2.0 *  # twice\\n x)", "two", "eval").co_consts[0]
        >>> other = compile("lambda x: 3.0 * x", "one", "eval").co_consts[0]
        >>> instructions(one) == instructions(two), instructions(one) == instructions(other)
        (True, False)
    """
    steps = list(dis.get_instructions(code))
    heard = [not _is_silent(steps, i) for i in range(len(steps))]
    # Branches count what is heard: fillers come and go with the layout of the source.
    places = itertools.accumulate(heard, initial=0)
    place = {step.offset: count for step, count in zip(steps, places)}
    lines = [_signature(code)]
    for step in itertools.compress(steps, heard):
        lines += _lines(step, place)
    if code.co_exceptiontable:
        lines.append(code.co_exceptiontable.hex())
    return "\n".join(lines)


def looked_up(code: CodeType) -> Iterator[Lookup | Import]:
    """Yields the global names and the imports of code, nested functions included."""
    steps = _steps(code)
    for i, step in enumerate(steps):
        if step.opname in LOOKUPS:
            yield Lookup(step.argval, _attributes(steps, i + 1))
        elif step.opname == "IMPORT_NAME":
            yield _import(code, steps, i)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from looked_up(constant)


def names(code: CodeType) -> Iterator[str]:
    """Yields names of globals and attributes in code, nested functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names(constant)


def _signature(code: CodeType) -> str:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    shape = (code.co_posonlyargcount, code.co_argcount, code.co_kwonlyargcount)
    return f"{shape} {code.co_varnames[:count]} {code.co_flags & (PARAMETERS | KINDS)}"


def _is_silent(steps: Sequence[dis.Instruction], i: int) -> bool:
    if steps[i].opname in FILLERS:
        return True
    after = steps[i + 1] if i + 1 < len(steps) else None
    is_place = after is not None and after.opname == "STORE_NAME" and after.argval in UNSEEN
    return is_place and steps[i].opname == "LOAD_CONST"


def _lines(step: dis.Instruction, place: dict[int, int]) -> list[str]:
    """Writes an instruction; two where Python 3.13 has joined two that stand in one line."""
    joined = re.findall("(?:LOAD|STORE)_FAST(?:_BORROW)?", step.opname)
    if len(joined) == 2:
        return [f"{name} {arg!r}" for name, arg in zip(joined, step.argval)]
    if step.opcode in dis.hasconst:
        return [f"{step.opname} {constant(step.argval)}"]
    if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
        return [f"{step.opname} {place[step.argval]}"]
    named = isinstance(step.argval, str)
    return [f"{step.opname} {step.argval!r}" if named else f"{step.opname} {step.arg}"]


def constant(value: Any) -> str:
    """Writes a constant of code with its type: 1, 1.0 and True are three.

    Example:
        >>> constant((1, 1.0, "a"))
        "tuple(int 1, float 1.0, str 'a')"
    """
    if isinstance(value, CodeType):
        return f"code({instructions(value)})"
    kind = type(value).__name__
    if isinstance(value, tuple):
        return f"{kind}({', '.join(map(constant, value))})"
    if isinstance(value, frozenset):
        return f"{kind}({', '.join(sorted(map(constant, value)))})"
    # A decimal text of a large integer is refused by Python.
    return f"{kind} {value:x}" if type(value) is int and abs(value) > 2**64 else f"{kind} {value!r}"


def _steps(code: CodeType) -> list[dis.Instruction]:
    return [step for step in dis.get_instructions(code) if step.opname not in FILLERS]


def _attributes(steps: Sequence[dis.Instruction], start: int) -> tuple[str, ...]:
    taken = itertools.takewhile(lambda step: step.opname in STEPS, steps[start:])
    return tuple(step.argval for step in taken)


def _import(code: CodeType, steps: Sequence[dis.Instruction], i: int) -> Import:
    (level, given), name = (step.argval for step in steps[i - 2 : i]), steps[i].argval
    if given:
        return Import(name, level, False, tuple((attribute,) for attribute in given))
    after = steps[i + 1]
    if after.opname in ("STORE_FAST", "STORE_DEREF"):
        return Import(name, level, True, tuple(_loads(code, after.argval)) or ((),))
    return Import(name, level, after.opname != "IMPORT_FROM", ((),))


def _loads(code: CodeType, variable: str) -> Iterator[tuple[str, ...]]:
    """Yields the attributes taken wherever a variable is used, in nested functions, too."""
    steps = _steps(code)
    for i, step in enumerate(steps):
        named = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if "LOAD" in step.opname and step.opname != "LOAD_CLOSURE" and variable in named:
            yield _attributes(steps, i + 1) if named[-1] == variable else ()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _loads(constant, variable)
