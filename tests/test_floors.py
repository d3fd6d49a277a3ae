"""The house stands: imports go down, files and functions stay short, no drawer is called
utils."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = (
    ("_types", "_kinds", "_sizes", "_setup", "_bisection"),
    ("_memory",),
    ("_numbers",),
    ("_counts",),
    ("_checks",),
    ("algebra",),
    ("dynamics", "merit", "protocols"),
    ("interface",),
    ("loads",),
    ("question",),
    ("cycle", "steady"),
    ("strategies",),
    ("batteries",),
    ("studies",),
    ("views",),
    ("papers",),
    ("figures",),
    ("cli", "__main__"),
    ("__init__",),
)
HEIGHT = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
DRAWERS = {"utils", "util", "misc", "helpers", "common", "core"}
LONGEST_FILE, LONGEST_BODY, LONGEST_QUESTION = 300, 40, 80


def room(path):
    """The folder or file of the package that a path belongs to: qbjax/merit/x.py is in
    merit."""
    return path.relative_to(ROOT / "qbjax").with_suffix("").parts[0]


def imported_rooms(tree):
    """Rooms of the package that a module imports; a relative import is reported as such."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "."
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("qbjax."))


def climbs(path, tree):
    """Imports that do not go down: rooms above, neighbours, or unknown."""
    here = room(path)
    return [
        there
        for there in imported_rooms(tree)
        if there != here and HEIGHT.get(there, len(FLOORS)) >= HEIGHT.get(here, -1)
    ]


def wing(path):
    """The wing that a file of the package belongs to, or None."""
    parts = path.relative_to(ROOT / "qbjax").parts
    return parts[1] if parts[0] == "batteries" and len(parts) > 2 else None


def breaches(path, tree):
    """Imports that go through a wall: one wing's from another, or a wing's private file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("qbjax.batteries."):
            for alias in node.names:
                _, _, there, *inner = f"{node.module}.{alias.name}".split(".")
                private = any(part.startswith("_") for part in inner)
                if there != wing(path) and (private or wing(path) is not None):
                    yield f"{node.module}.{alias.name}"


def long_functions(tree):
    """Functions whose body, without its docstring, is too long, as (name, lines)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            if lines > LONGEST_BODY:
                yield node.name, lines


def star_imports(tree):
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return [node.module for node in nodes if any(alias.name == "*" for alias in node.names)]


PACKAGE = sorted((ROOT / "qbjax").rglob("*.py"))
QUESTIONS = sorted((ROOT / "optimize").glob("*.py"))
EVERYTHING = [
    *PACKAGE,
    *QUESTIONS,
    *sorted((ROOT / "benchmarks").glob("*.py")),
    *sorted((ROOT / "tests").rglob("*.py")),
]


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_package_file(path):
    tree = ast.parse(path.read_text())
    assert room(path) in HEIGHT, "no such room in the house: add it to FLOORS, and to the docs"
    assert climbs(path, tree) == []
    assert list(breaches(path, tree)) == []
    assert not DRAWERS & set(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", EVERYTHING, ids=name)
def test_every_file(path):
    text = path.read_text()
    tree = ast.parse(text)
    assert star_imports(tree) == []
    assert list(long_functions(tree)) == []
    assert len(text.splitlines()) <= (LONGEST_QUESTION if path in QUESTIONS else LONGEST_FILE)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("algebra/states.py", "from qbjax.merit import energy"),
        ("merit/passivity.py", "import qbjax.dynamics.generator.lindblad"),
        ("protocols/pump.py", "from qbjax import dynamics"),
        ("strategies/gradient.py", "from qbjax.batteries import DOPO"),
        ("cycle.py", "from .batteries import DOPO"),
        ("cycle.py", "from qbjax.attic import chest"),
        ("_types.py", "from qbjax import _checks"),
    ],
)
def test_a_climbing_import_is_seen(path, line):
    assert climbs(ROOT / "qbjax" / path, ast.parse(line))


def test_a_descending_import_passes():
    lines = "import jax\nfrom qbjax import _checks\nfrom qbjax.merit.passivity import ergotropy"
    assert climbs(ROOT / "qbjax/batteries/dopo/battery.py", ast.parse(lines)) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("batteries/dopo/battery.py", "from qbjax.batteries.lindblad import Lindblad"),
        ("views/waveguide.py", "from qbjax.batteries.waveguide._roots import bisected"),
        ("batteries/dopo/battery.py", "from qbjax.batteries.bloch import _motion"),
    ],
)
def test_a_breach_is_seen(path, line):
    assert list(breaches(ROOT / "qbjax" / path, ast.parse(line)))
    own = ROOT / "qbjax/batteries/waveguide/battery.py"
    assert not list(breaches(own, ast.parse("from qbjax.batteries.waveguide import _roots")))


def test_a_long_function_and_a_star_import_are_seen():
    body = "    x = 1\n"
    assert list(long_functions(ast.parse("def f():\n" + body * 40))) == []
    assert (
        list(long_functions(ast.parse('def f():\n    """Long\n\n    words."""\n' + body * 40)))
        == []
    )
    assert list(long_functions(ast.parse("def f():\n" + body * 41))) == [("f", 41)]
    assert star_imports(ast.parse("from math import *")) == ["math"]
