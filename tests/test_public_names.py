"""What `dir` shows of every public package, and that names in use stand where they stood."""

import functools
import importlib
import pathlib
import re

import pytest

import qbjax as qb
from qbjax import views
from qbjax.interface import catalogue

WINGS = ("bloch", "collisional", "dopo", "lindblad", "repeated", "reservoir", "waveguide")
WINGS = (
    "bloch", "collisional", "dopo", "ensemble", "fermions", "gaussian", "ising", "lindblad",
    "reservoir", "waveguide",
)  # fmt: skip
PACKAGES = (
    qb, qb.algebra, qb.batteries, qb.dynamics, qb.loads, qb.merit, qb.merit.bounds, qb.protocols,
    qb.strategies, qb.studies, views, *(getattr(qb.batteries, wing) for wing in WINGS),
)  # fmt: skip
RECIPES = {"full_swap", "greedy", "in_time"}
ROOT = pathlib.Path(__file__).parents[1]
WRITTEN = ("README.md", "docs/**/*.md", "benchmarks/*.py", "optimize/*.py", "tests/**/*.py")
EARLIER = (
    "batteries.bloch_approximations", "batteries.bloch_exact", "batteries.bloch_moments",
    "batteries.bloch_optima", "batteries.waveguide_continuum", "batteries.Battery",
    "batteries.State", "batteries.StationaryReport", "strategies.full_swap", "strategies.greedy",
    "strategies.in_time", "strategies.gradient", "studies.grids", "studies.DamageWarning",
    "protocols.Pump", "protocols.Choice", "protocols.coordinates", "merit.two_level",
    "dynamics.Trajectory", "loads.cell", "algebra.packing",
)  # fmt: skip
"""Names that were public before every system had a wing of its own."""
CUT_SHORT = {"batteries.BlochCh"}
"""Beginnings of names, in patterns."""


def resolve(name):
    """What a dotted name behind `qb.` means."""
    return functools.reduce(getattr, name.split("."), qb)


def names_in(text):
    """Names of packages in a text, without `qb.`, nor what follows them."""
    packages = {p.__name__.removeprefix("qbjax.") for p in PACKAGES if p not in (qb, views)}
    found = set()
    for words in re.findall(r"\bqb\.(\w+(?:\.\w+)+)", text):
        name, *rest = words.split(".")
        while name in packages and rest:
            name = f"{name}.{rest.pop(0)}"
        found |= {name} if "." in name else set()
    return found


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_only_public_names_are_shown(package):
    more = RECIPES if package is qb.strategies else set()
    assert set(dir(package)) == {*package.__all__, *more}
    assert len(set(package.__all__)) == len(package.__all__)
    assert not [name for name in dir(package) if name.startswith("_") and name[:2] != "__"]
    for name in dir(package):
        assert getattr(package, name) is not None


def test_recipes_come_from_the_catalogue():
    assert catalogue.recipes().keys() == RECIPES
    from qbjax.strategies import full_swap

    assert full_swap is qb.strategies.full_swap is qb.batteries.collisional.classical.full_swap
    with pytest.raises(AttributeError, match=r"'qbjax\.strategies' has no attribute 'full"):
        qb.strategies.fullswap  # noqa: B018


def test_modules_of_strategies_import():
    for name in qb.strategies.__all__:
        assert importlib.import_module(f"qbjax.strategies.{name}") is getattr(qb.strategies, name)


def test_names_that_are_written_somewhere_are_there():
    files = {path for pattern in WRITTEN for path in ROOT.glob(pattern)} - {pathlib.Path(__file__)}
    names = set().union(*(names_in(path.read_text("utf-8")) for path in files))
    assert {"batteries.DOPO", "batteries.bloch_exact", "strategies.greedy"} <= names
    for name in sorted((names | set(EARLIER)) - CUT_SHORT):
        assert resolve(name) is not None


def test_a_name_that_is_gone_is_seen():
    (name,) = names_in("`qb.batteries.DOPPO(3)`, qb.charge, qb.batteries.DOPPO.check")
    with pytest.raises(AttributeError, match="DOPPO"):
        resolve(name)
