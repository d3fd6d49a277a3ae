"""No public function is without its rows in the tables, or a reason."""

import importlib
import inspect
import pkgutil

import qbjax as qb
from qbjax import batteries, strategies
from tests.front_door.test_every_door import EVERY

MODULES = (
    qb, qb.algebra.operators, qb.algebra.states, qb.algebra.jumps, qb.algebra.ladders,
    qb.algebra.spectral, batteries, batteries.bloch.exact, batteries.bloch.moments,
    batteries.bloch.optima, batteries.bloch.approximations, qb.protocols, qb.loads, qb.merit,
    qb.merit.bounds, qb.merit.two_level, qb.dynamics,
    *(
        importlib.import_module(f"qbjax.strategies.{found.name}")
        for found in pkgutil.iter_modules(strategies.__path__)
    ),
)  # fmt: skip

REASONS = {
    "is abstract": "Battery Pump Pulse Choice",
    "is made by qbjax, not by a user": (
        "State StationaryReport Trajectory Ladder Free Share Approximation Optimum Constrained "
        "Curve Front Steady Safe Critical Lead Maximum Best Progress Pure Tuned Search Problem "
        "Delivery Plan Design Range Moment Place"
    ),
    "is a warning or an error": (
        "BreakdownWarning MetastableWarning TraceWarning TruncationWarning NotFinite "
        "UnboundedWarning"
    ),
    "takes nothing": "Chebyshev Exponential Implicit Tsit5 pauli_x pauli_y pauli_z sigma_minus "
    "sigma_plus",
    "takes anything": "is_free resolve",
    "is part of a search, whose front door has checked": (
        "begin step_all explained check_search climb pair decay_rate maximize_under "
        "lattice_starts coordinates choices random_start clusters root rotated tensor closeness "
        "warn_if_unbounded doubt_of verify"
    ),
    "is an objective, called with what a search resolved": (
        "final_ergotropy average_power stored_energy delivered figure_of_merit steady_energy "
        "steady_margin"
    ),
    "has a table of its own": "sweep",
}
EXCUSED = {name for names in REASONS.values() for name in names.split()}


def public():
    """Public functions and classes, each once, that are defined where they are found or are
    exported by a package."""
    for module in MODULES:
        exported = hasattr(module, "__path__")
        for name, found in vars(module).items():
            ours = getattr(found, "__module__", "").startswith("qbjax")
            here = exported or getattr(found, "__module__", "") == module.__name__
            if not name.startswith("_") and callable(found) and ours and here:
                yield name, found


def test_every_public_function_has_its_rows():
    tabled = {id(inspect.unwrap(door.function)) for door in EVERY}
    tabled |= {id(door.function) for door in EVERY}
    missing = {
        name
        for name, found in public()
        if name not in EXCUSED
        and id(found) not in tabled
        and id(inspect.unwrap(found)) not in tabled
    }
    assert missing == set()


def test_every_excuse_is_for_something_that_exists():
    assert EXCUSED - {name for name, _ in public()} == set()


def test_every_argument_has_a_kind():
    """Nothing is left out of a function's own list, but what its docstring passes on."""
    for door in EVERY:
        parameters = inspect.signature(door.function).parameters.values()
        named = {p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
        assert named - door.kinds.keys() == set(), door
