"""Batteries, protocols and functions from Python files of one's own."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import qbjax as qb
from qbjax.studies import described, own
from qbjax.studies.described_parts import Reader

MINE = """
import dataclasses
import qbjax as qb
from numbers_of_mine import TWO

@dataclasses.dataclass
class Numbers:
    coupling: "float" = TWO

def battery(coupling=Numbers().coupling, decay=0.0, sort: str = "lossy"):
    return qb.batteries.BlochCharger(coupling, decay if sort == "lossy" else 0.0)

def protocol(theta):
    if theta == 0.5:
        raise KeyError("no half")
    return qb.protocols.BlochPreparation(theta)

charger, three = battery(), 3
"""
TABLES = {
    "objective": "energy",
    "battery": {"kind": "mine.py", "coupling": "g", "decay": 0.1},
    "protocol": {"kind": "mine.py", "theta": 2.0},
    "charge": {"until": 1.0},
    "grid": {"g": {"values": [1.0, 2.0]}},
}
GRID = {"g": [1.0, 2.0]}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "numbers_of_mine.py").write_text("TWO = 2.0\n")
    return tmp_path


def found(folder, text, usual="battery"):
    return own.found("battery", own.place(text, usual, folder))


@pytest.mark.parametrize("text", ["dopo", "mine.toml", "J=mine.py:J", "", None, 3, ["mine.py"]])
def test_other_texts_are_no_places(text):
    assert own.place(text, "battery") is None


def test_a_file_is_run_once_for_all_that_is_in_it(folder):
    battery, protocol = found(folder, "mine.py"), found(folder, "mine.py:protocol")
    assert float(battery().coupling) == 2.0
    assert found(folder, "mine.py:battery") is battery
    assert battery.__globals__ is protocol.__globals__
    assert found(folder, str(folder / "mine.py:charger")).decay == 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("none.py", r"must be in a Python file, but .*none.py cannot be read \(No such file"),
        ("mine.py:batery", r"no `batery` \(did you mean `battery`\?\)"),
        ("mine.py:_hidden", "no `_hidden`"),
    ],
)
def test_what_is_not_there_is_named(folder, text, words):
    with pytest.raises(ValueError, match=words):
        found(folder, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = (", "line 1 (SyntaxError: '(' was never closed)"),
        ("x = 1\ny = z", "line 2 (NameError: name 'z' is not defined)"),
        ("import nothing_of_the_kind", "line 1 (ModuleNotFoundError: No module named"),
        ("raise SystemExit(3)", "line 1 (SystemExit: 3)"),
        ("raise ValueError('two\\nlines')", "line 1 (ValueError: two lines)"),
    ],
)
def test_a_file_that_fails_says_where(tmp_path, text, words):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(ValueError, match=re.escape(f"bad.py fails at {words}")) as error:
        found(tmp_path, "bad.py")
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "bad.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"bad\.py cannot be read"):
        found(tmp_path, "bad.py")


def test_a_sweep_of_ones_own(folder):
    study = described.Study(TABLES, folder=folder)
    charger, protocol = qb.batteries.BlochCharger(1.5, 0.1), qb.protocols.BlochPreparation(2.0)
    run = qb.charge(charger, protocol, np.linspace(0.0, 1.0, described.SAVED + 1))
    assert float(study(g=1.5)["energy"]) == pytest.approx(float(run.energy[-1]), rel=1e-12)
    (folder / "sweep.toml").write_text(
        'objective = "energy"\n[battery]\nkind = "mine.py:charger"\n[protocol]\nkind = "bloch"\n'
        'theta = "x"\n[charge]\nuntil = 1.0\n[grid]\nx = { values = [1.0, 2.0] }\n'
    )
    assert described.read(folder / "sweep.toml").grid.sizes == {"x": 2}


def test_a_store_is_refused_once_the_file_says_something_else(folder):
    first = qb.sweep(described.Study(TABLES, folder=folder), GRID, folder / "s.zarr")
    again = qb.sweep(described.Study(TABLES, folder=folder), GRID, folder / "s.zarr")
    assert again["energy"].identical(first["energy"])
    (folder / "mine.py").write_text(MINE.replace("decay if", "2 * decay if"))
    with pytest.raises(ValueError, match="function"):
        qb.sweep(described.Study(TABLES, folder=folder), GRID, folder / "s.zarr")


def test_workers_get_it_by_value(folder):
    """What `pickle` finds by name only here, workers would not have."""
    cloudpickle = pytest.importorskip("cloudpickle")
    study = described.Study(TABLES, folder=folder)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(study)
    there = cloudpickle.loads(cloudpickle.dumps(study))
    assert float(there(g=1.5)["energy"]) == float(study(g=1.5)["energy"])


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("battery", {"copling": 1.0}, r"did you mean `coupling`\?\), in \[battery\]"),
        ("battery", {"coupling": "gg"}, r"did you mean 'g'\?\), in \[battery\]"),
        ("battery", {"kind": "mine.py:three"}, r"`coupling` must be left out .*\[battery\]"),
        ("battery", {"kind": "mine.py:Numbers", "decay": None},
         r"`battery` must be a Battery, or a function that returns one, in .*mine.py, but is Numb"),
        ("battery", {"kind": "other.py"}, r"other.py cannot be read .*, in \[battery\]"),
        ("protocol", {"theta": 0.5}, r"mine.py fails at line 15 \(KeyError: 'no half'\).*protocol"),
        ("protocol", {"kind": "mine.py:charger", "theta": None},
         r"must be qb.protocols.BlochPreparation.*, in \[protocol\]"),
        ("protocol", {"kind": "blch"}, r"`kind` must be one of 'constant',.*\[protocol\]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(folder, table, change, words):
    changed = {k: v for k, v in (TABLES[table] | change).items() if v is not None}
    with pytest.raises((ValueError, TypeError), match=words):
        described.Study(TABLES | {table: changed}, folder=folder)


def test_texts_may_be_words_of_a_function(folder):
    reader = Reader(folder=folder)
    for sort, decay in (("lossy", 0.3), ("closed", 0.0)):
        made = reader.battery("mine.py", {"decay": 0.3, "sort": sort}).at({})
        assert float(made.decay) == decay
    with pytest.raises(ValueError, match="`decay` must be a number, but is 'closed'"):
        reader.battery("mine.py", {"decay": "closed"})


def test_copies_are_kept_beside_results(folder):
    mine, other = folder / "mine.py", folder / "more" / "mine.py"
    other.parent.mkdir()
    other.write_text("x = 1\n")
    words = [f"{mine}:battery", "spins=3", f"J={folder / 'numbers_of_mine.py'}:J"]
    files = own.Files(words)
    assert files.texts == {"mine.py": MINE, "numbers_of_mine.py": "TWO = 2.0\n"}
    assert files.beside(words) == ["mine.py:battery", "spins=3", "J=numbers_of_mine.py:J"]
    assert files.beside(None) is None
    assert str(mine) in files.attributes()["own_files"]
    both = own.Files([str(mine), str(other)])
    assert both.texts == {}
    assert both.beside(str(other)) == str(Path(other).resolve())
    assert own.Files(["dopo", "levels=3"]).attributes() == {}
