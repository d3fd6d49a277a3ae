"""No public function is without its rows in the tables, or a reason."""

import importlib
import inspect
import pkgutil

import qbjax as qb
from qbjax import strategies
from tests.front_door.test_every_door import EVERY

LEFT_OUT = (
    qb.algebra.packing, qb.dynamics.provenance, qb.studies, qb.batteries.waveguide_continuum,
    qb.views,
)  # fmt: skip
"""Modules for integrators, files and pictures of data, and such as have tables of their own for
their input."""

REASONS = {
    "is abstract": "Battery Pump Pulse Choice",
    "is made by qbjax, not by a user": (
        "State StationaryReport Trajectory Ladder Free Share Approximation Optimum "
        "Constrained Curve Front Steady Safe Critical Lead Maximum Best Progress Pure Tuned "
        "Search Problem Delivery Plan Design Range Moment Place Constraint Held Climbed "
        "Priced Lagrangian Kept Rounds Seen Limits Ensemble HeldOut Weighed Statistic "
        "Sensitivity Curvature Asked Pareto HigherModes Cycle GroundStates Estimate "
        "PhaseSpace Timed Dephased CriticalStream Backward Symbol Part Final PowerLimits "
        "Record Method Trial Question Found Verification Refined Elsewhere"
    ),
    "is a warning or an error": (
        "BreakdownWarning MetastableWarning TraceWarning TruncationWarning NotFinite "
        "UnboundedWarning Infeasible ModeWarning VerificationWarning"
    ),
    "takes nothing": (
        "Chebyshev Exponential Implicit Tsit5 info pauli_x pauli_y pauli_z sigma_minus sigma_plus"
    ),
    "takes anything": "is_free resolve moved_to Drive Moments",
    "is part of a search, whose front door has checked": (
        "begin step_all explained check_search climb pair maximize_under lattice_starts "
        "coordinates choices random_start clusters root rotated tensor closeness "
        "warn_if_unbounded doubt_of verify climb_all search_under told refuse called shown "
        "slacks seen_at units_of listed check_numbers weighed smooth again nominal_of least "
        "judged values_of sensitivities curvature largest side check_start judged_far unfit "
        "warn_of_rounds is_bounded bounds_of least_of step_one step_some is_rung rungs "
        "survivors recorded refuse_nowhere method_of climb_by limits_of search_all_under "
        "verified search_refined way_of found places checked_optimizer strong step_together"
    ),
    "is an objective, called with what a search resolved": (
        "cycle_efficiency final_ergotropy average_power stored_energy delivered "
        "figure_of_merit steady_energy steady_margin timed_margin"
    ),
    "has tests of its own": "load",
    "has a table of its own": "sweep trajectories",
}
EXCUSED = {name for names in REASONS.values() for name in names.split()}


def modules(package):
    """A package with the public modules in it, and in these."""
    yield package
    for name in dir(package) if hasattr(package, "__path__") else ():
        found = getattr(package, name)
        if inspect.ismodule(found) and found not in LEFT_OUT:
            yield from modules(found)


def public():
    """Public functions and classes, each once, that are defined where they are found or are
    exported by a package; of `qb.strategies` also those of its searches."""
    parts = [part.name for part in pkgutil.iter_modules(strategies.__path__, "qbjax.strategies.")]
    for module in {*modules(qb), *map(importlib.import_module, parts)}:
        exported = hasattr(module, "__path__")
        for name in dir(module):
            found = getattr(module, name)
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
