"""The house keeps its rules: a battery describes, one driver moves, no method is overridden."""

import ast
import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

import numpy as np
import pytest

import qbjax as qb

ROOT = Path(__file__).parents[1] / "qbjax"
FILES = sorted(ROOT.rglob("*.py"))
DRIVERS = {"integrate", "rollout", "propagate", "run_reversibly"}
BUSINESS = {"solver", "adjoint", "free_times"}
HOPS = 10


def name(path):
    return str(path.relative_to(ROOT))


def words(tree):
    """Every identifier of a module: names, attributes, arguments, keywords."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name"):
            word = getattr(node, field, None)
            if isinstance(word, str):
                yield word


def imported(tree):
    """Modules and names that a module imports from the package, dotted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def is_strategy(tree):
    """Whether a file of a wing chooses rather than describes: it calls verbs or optimisers."""
    return any(i.startswith(("qbjax.cycle", "qbjax.strategies")) for i in imported(tree))


def describing(path, tree):
    """Whether a file may not know how a run is solved or differentiated."""
    return path.relative_to(ROOT).parts[0] in ("batteries", "interface", "loads") and not (
        is_strategy(tree)
    )


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_battery_describes_and_one_driver_moves(path):
    tree = ast.parse(path.read_text())
    found = set(words(tree))
    if describing(path, tree):
        assert not found & BUSINESS
        assert not any(i.split(".")[-1] in DRIVERS for i in imported(tree))
    if name(path) not in ("cycle.py", "dynamics/motion.py", "dynamics/solve/integrate.py"):
        assert not found >= BUSINESS


def test_integrators_and_roll_outs_have_one_caller():
    drivers = ("qbjax.dynamics.solve.integrate.integrate", "qbjax.dynamics.rollout.rollout")
    for driver in drivers:
        callers = [name(p) for p in FILES if driver in imported(ast.parse(p.read_text()))]
        assert callers == ["dynamics/motion.py"]


def test_a_battery_that_drives_is_seen():
    tree = ast.parse("from qbjax.dynamics.solve.integrate import integrate\nf(adjoint=1)")
    assert describing(ROOT / "batteries/dopo/battery.py", tree)
    assert "adjoint" in set(words(tree))
    assert not describing(ROOT / "batteries/x.py", ast.parse("from qbjax.cycle import charge"))


def classes():
    """Every class of the package."""
    for found in pkgutil.walk_packages(qb.__path__, "qbjax."):
        if not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            for _, cls in inspect.getmembers(module, inspect.isclass):
                if cls.__module__ == found.name:
                    yield cls


def overridden(cls):
    """Methods of a class that are concrete in a class of the package or its tests above it."""
    mine = {n for n, m in vars(cls).items() if is_method(m) and not n.startswith("__")}
    for base in cls.__mro__[1:]:
        if base.__module__.split(".")[0] in ("qbjax", "tests") and not is_protocol(base):
            yield from (n for n in mine if is_method(vars(base).get(n)) and is_concrete(base, n))


def is_method(member):
    return inspect.isfunction(member) or isinstance(member, property | classmethod | staticmethod)


def is_protocol(cls):
    return getattr(cls, "_is_protocol", False)


def is_concrete(cls, method):
    return method not in getattr(cls, "__abstractmethods__", ())


def test_no_concrete_method_is_overridden():
    assert {f"{c.__qualname__}.{m}" for c in classes() for m in overridden(c)} == set()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_constructor_calls_another_through_super(path):
    calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    supers = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "super"]
    assert supers == []


def test_an_overriding_method_is_seen():
    class Above:
        def given(self): ...

    class Below(Above):
        def given(self): ...

    assert list(overridden(Below)) == ["given"]


def test_from_charge_to_the_first_right_hand_side():
    """Frames of the package between the verb and the field; JAX's and diffrax's are left out."""
    seen = []

    def signal(t):
        frame, passed = sys._getframe(1), []
        while frame is not None and passed[-1:] != [("cycle.py", "charge")]:
            if frame.f_code.co_filename.startswith(str(ROOT)):
                passed.append((name(Path(frame.f_code.co_filename)), frame.f_code.co_name))
            frame = frame.f_back
        seen.append(passed[::-1])
        return 0.1 + 0 * t

    battery = qb.batteries.DOPO(5, 3)
    qb.charge(battery, qb.protocols.Function(signal, 1.0), np.linspace(0.0, 0.7, 4))
    fields = [frames for frames in seen if any("dopo" in file for file, _ in frames)]
    for frames in fields:
        files = [file for file, _ in frames]
        assert "dynamics/motion.py" in files
        hops = next(i for i, file in enumerate(files) if "dopo" in file)
        assert hops <= HOPS, frames[: hops + 1]
    assert fields
