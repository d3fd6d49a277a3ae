"""The catalogue of batteries: names are taken once, kinds are collected."""

import pytest

from qbjax.interface import catalogue
from qbjax.interface.catalogue import PUMPS, UNDRIVEN, Entry, Example, Maker

NAMES = (
    "dopo", "collisional", "micromaser", "cascade", "bloch", "bloch_array", "waveguide",
    "waveguide_si", "waveguide_array", "reservoir", "reservoir_lorentzian", "reservoir_lattice",
    "reservoir_ohmic", "tavis_cummings", "oscillators", "spin_chain", "ising_machine", "lindblad",
    "gaussian", "spin_ensemble", "fermion_chain",
)  # fmt: skip
EXAMPLE = Example({}, "none", {}, 1.0, None)


def entry(name, **more):
    return Entry(name, Maker(object), UNDRIVEN, EXAMPLE, **more)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(catalogue, "_ENTRIES", dict(catalogue._ENTRIES))


def test_entries_stand_in_their_order():
    assert tuple(e.name for e in catalogue.entries()) == NAMES
    catalogue.add(entry("mine"), entry("yours", recipes={"quickly": print}))
    assert tuple(e.name for e in catalogue.entries()) == (*NAMES, "mine", "yours")
    assert catalogue.entry("mine").protocols is UNDRIVEN
    assert catalogue.recipes()["quickly"] is print


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (entry("dopo"), "`name` must be new, but 'dopo' is in the catalogue"),
        (entry("mine", recipes={"greedy": print}), "`recipes` must have new names, but 'greedy'"),
    ],
)
def test_names_are_taken_once(new, words):
    with pytest.raises(ValueError, match=words):
        catalogue.add(new)
    assert tuple(e.name for e in catalogue.entries()) == NAMES


def test_a_wing_that_runs_twice_adds_nothing():
    """As where a test runner imports it by its path, too."""
    before = catalogue.entries()
    catalogue.add(*before)
    assert catalogue.entries() == before


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(ValueError, match=r"`battery` must be one of 'dopo', .* mean 'bloch'\?"):
        catalogue.entry("blch")


def test_kinds_of_protocols_mean_the_same_everywhere():
    assert catalogue.protocols().keys() == {
        *PUMPS,
        *UNDRIVEN,
        "ancillas",
        "collisions",
        "bloch",
        "bloch_segments",
    }
    for kind, maker in catalogue.protocols().items():
        assert all(e.protocols.get(kind, maker) is maker for e in catalogue.entries())
