"""A store is continued by its own function and versions, or by what was accepted in words."""

import re

import pytest

import qbjax as qb
from qbjax.studies import archive, fingerprint
from tests.studies.programs import programs, run

GRID = {"x": [1.0, 2.0, 3.0]}
PROGRAMS = programs("""
# function.g
g = {g}
def f(x):
    p = lambda t: g * t
    return {{"y": p(x)}}
# function.h
def h(x): return {g} * x
def f(x):
    return {{"y": [h(x) for _ in range(1)][0]}}
# function.A
class A:
    g = {g}
def f(x):
    return {{"y": A.g * x}}
# function.class, function.g
import equinox as eqx
class A(eqx.Module):
    g: float
    def __call__(self, x): return {{"y": {g} * x}}
f = A({g})
""")


def start(store, function, chunks=1):
    """A sweep that ends after some of its chunks."""

    def stop(now):
        if now.done >= chunks:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        qb.sweep(function, GRID, store, chunk=1, progress=stop)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "a.zarr"


@pytest.fixture
def versions(monkeypatch):
    """Sets versions that are found, beside the real ones."""
    real = fingerprint.versions

    def give(**others):
        monkeypatch.setattr(fingerprint, "versions", lambda used: real(used) | others)

    return give


def twice(x):
    return {"y": 2.0 * x}


def thrice(x):
    return {"y": 3.0 * x}


@pytest.mark.parametrize("told", PROGRAMS)
def test_an_edit_between_two_sweeps_is_refused(store, told):
    before, after = (PROGRAMS[told].format(g=g) for g in (2.0, 3.0))
    start(store, run(before).f)
    names = re.escape(told.partition(":")[0])
    with pytest.raises(ValueError, match=rf"with another {names}: .*, or accept='function'\.$"):
        qb.sweep(run(after).f, GRID, store)
    assert qb.sweep(run(before).f, GRID, store)["y"].values.tolist() == [2.0, 4.0, 6.0]


def test_other_versions_are_refused_and_can_be_accepted(store, versions):
    versions(jax="0.9.1")
    start(store, twice)
    versions(jax="0.9.2")
    with pytest.raises(
        ValueError,
        match=r"`store` must belong to this sweep, but .*a\.zarr was made with jax 0\.9\.1 "
        r"\(here 0\.9\.2\): take a new path, or what it was made with, or accept='versions'\.$",
    ):
        qb.sweep(twice, GRID, store, accept="function")
    data = qb.sweep(twice, GRID, store, accept="versions")
    assert data["y"].values.tolist() == [2.0, 4.0, 6.0]
    assert data.attrs["accepted"] == "jax 0.9.1 (here 0.9.2)"
    versions(jax="0.9.3")
    again = qb.sweep(twice, GRID, store, accept=("versions", "function"))
    assert again.attrs["accepted"] == data.attrs["accepted"], "nothing was computed with 0.9.3"


def test_a_library_that_the_function_no_longer_uses_is_told(store, versions):
    versions(qutip="5.0")
    start(store, twice)
    versions()
    with pytest.raises(ValueError, match=r"made with qutip 5\.0 \(here unused\): "):
        qb.sweep(twice, GRID, store)


def test_another_function_can_be_accepted(store, versions):
    versions(jax="0.9.1")
    start(store, twice)
    versions(jax="0.9.2")
    with pytest.raises(
        ValueError,
        match=r"jax 0\.9\.1 \(here 0\.9\.2\) and another function: .*, or "
        r"accept=\('function', 'versions'\)\.$",
    ):
        qb.sweep(thrice, GRID, store)
    data = qb.sweep(thrice, GRID, store, accept=["function", "versions"])
    assert data["y"].values.tolist() == [2.0, 6.0, 9.0]
    assert data.attrs["accepted"] == "another function; jax 0.9.1 (here 0.9.2)"


def test_under_another_python_a_function_cannot_be_compared(store, versions):
    versions(python="3.9")
    start(store, thrice)
    versions()
    with pytest.raises(
        ValueError,
        match=r"made with python 3\.9 \(here 3\.\d+\) and a function that cannot be compared: "
        r".*, or accept=\('function', 'versions'\)\.$",
    ):
        qb.sweep(twice, GRID, store)


def test_another_grid_cannot_be_accepted(store):
    start(store, twice)
    with pytest.raises(ValueError, match=r"another grid\.x, coordinate x: .*was made with\.$"):
        qb.sweep(twice, {"x": [1.0, 2.0, 4.0]}, store, accept=("function", "versions"))


def test_many_differences_are_counted(store):
    made = "".join(f"g{i} = {{g}}\n" for i in range(20))
    text = f"{made}def f(x):\n    return {' + '.join(f'g{i}' for i in range(20))} * x"
    start(store, run(text.format(g=1.0)).f)
    with pytest.raises(ValueError, match=r"another function\.g0, .* and 12 more: "):
        qb.sweep(run(text.format(g=2.0)).f, GRID, store)


@pytest.mark.parametrize("accept", ["version", 3, None, ("function", 3), True, {"versions": 1}])
def test_other_words_are_refused_before_anything_is_traced(store, accept):
    traced = []
    with pytest.raises((TypeError, ValueError), match="Argument `accept` must be"):
        qb.sweep(lambda x: traced.append(x) or x, GRID, store, accept=accept)
    assert traced == []
    assert not store.exists()


def test_what_was_accepted_is_on_disk(store, versions):
    start(store, twice)
    versions(numpy="1.0")
    qb.sweep(twice, GRID, store, accept="versions")
    assert archive.read(store).attrs["accepted"].endswith("(here 1.0)")
