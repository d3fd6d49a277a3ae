"""A store tells when it is damaged: every file of it, in every way, for readers and writers."""

import os
import random
import shutil
import warnings
from pathlib import Path

import pytest

from qbjax.studies import archive_copies
from qbjax.studies.archive import Archive, read
from qbjax.studies.archive_copies import DamageWarning
from tests.studies.archive_producer import arrays, product

PLAN = product(10)
ATTRIBUTES = {"wall_seconds": 3.0}


def fill(path):
    """Computes what is missing; gives the chunks that were."""
    with Archive(path, PLAN) as archive:
        missing = archive.missing()
        for index in missing:
            archive.write(index, arrays(archive, index))
    return missing


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A complete store, and what it gives."""
    path = tmp_path_factory.mktemp("whole") / "a"
    fill(path)
    with Archive(path, PLAN) as archive:
        archive.finish(ATTRIBUTES)
    return path, read(path)


def flip(path, dice):
    data = bytearray(path.read_bytes() or b"?")
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def garble(path, dice):
    texts = (b"{}", b"[]", b"null", b'{"format": 3}', b'{"files": 3}', b"[" * 50_000)
    path.write_bytes(dice.choice([*texts, dice.randbytes(50)]))


def exchange(path, dice):
    other = dice.choice([p for p in path.parents[0].rglob("*") if p.is_file()])
    ours, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(ours)


def replaced_by(make):
    def damage(path, _):
        path.unlink()
        make(path)

    return damage


DAMAGE = {
    "a bit flipped": flip,
    "cut": lambda path, dice: os.truncate(path, dice.randrange(max(1, path.stat().st_size))),
    "emptied": lambda path, _: os.truncate(path, 0),
    "lost": lambda path, _: path.unlink(),
    "garbled": garble,
    "longer": lambda path, _: path.write_bytes(path.read_bytes() + b"\n}"),
    "exchanged": exchange,
    "a folder": replaced_by(Path.mkdir),
    "a pipe": replaced_by(os.mkfifo),
    "a circular link": replaced_by(lambda path: path.symlink_to(path.name)),
    "beside another": lambda path, _: path.with_name(f"{path.name}.more").write_bytes(b"{"),
    "lost with its folder": lambda path, _: shutil.rmtree(path.parent),
}


def assert_right(found, wanted):
    """The same to the bit, but for points that say themselves that they are missing."""
    there = found.status.values >= 0
    assert found.attrs["missing"] == (~there).sum()
    assert set(found.variables) == set(wanted.variables)
    for name, values in found.data_vars.items():
        assert values.dims == wanted[name].dims
        assert values.attrs == wanted[name].attrs
        assert values.values[there].tobytes() == wanted[name].values[there].tobytes(), name
    for name, values in found.coords.items():
        assert values.identical(wanted[name]), name
    expected = wanted.attrs | {"missing": found.attrs["missing"]}
    assert found.attrs.items() <= expected.items()
    assert set(expected) - set(found.attrs) <= set(ATTRIBUTES)


def is_sentence(text, path):
    """One of ours, that names the path."""
    ours = text.startswith(("Argument `store` must", "Chunk "))
    return ours and str(path) in text and "\n" not in text


def damaged(path, wanted, file, kind, dice):
    """Damages one file of a store and reads it, goes on with it, and reads it again."""
    DAMAGE[kind](path / file, dice)
    refusals: list[str] = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = read(path)
            assert_right(found, wanted)
            # A marker that is lost looks like a chunk that was never computed.
            assert told or found.attrs["missing"] == 0 or kind.startswith("lost")
        except (ValueError, OSError) as error:
            refusals.append(str(error))
        try:
            fill(path)
            again = read(path)
            assert_right(again, wanted)
            assert again.attrs["missing"] == 0
        except (ValueError, OSError) as error:
            refusals.append(str(error))
    assert all(is_sentence(text, path) for text in refusals), refusals
    assert all(issubclass(warning.category, DamageWarning) for warning in told)
    # Only what is in the way of a new file must be removed by hand.
    blocking = ("a folder", "a pipe", "a circular link", "lost with its folder")
    assert not refusals or kind in blocking, refusals


def files_of(path):
    return [p.relative_to(path) for p in sorted(path.rglob("*")) if p.is_file()]


def copied(store, tmp_path):
    shutil.rmtree(tmp_path / "b", ignore_errors=True)
    return shutil.copytree(store, tmp_path / "b")


def test_every_file_may_be_damaged(tmp_path, whole):
    """Each in a way of its own; together they are all the ways."""
    dice = random.Random(5)
    kinds = list(DAMAGE) * 20
    dice.shuffle(kinds)
    for file, kind in zip(files_of(whole[0]), kinds, strict=False):
        damaged(copied(whole[0], tmp_path), whole[1], file, kind, dice)


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGE)
def test_every_file_may_be_damaged_in_every_way(tmp_path, whole, kind):
    dice = random.Random(kind)
    for file in files_of(whole[0]) * (5 if kind == "a bit flipped" else 1):
        damaged(copied(whole[0], tmp_path), whole[1], file, kind, dice)


def test_readers_take_the_copy_and_say_so(tmp_path, whole):
    path = copied(whole[0], tmp_path)
    os.truncate(path / "order/c/0", 3)
    for _ in range(2):  # A reader changes nothing.
        with pytest.warns(DamageWarning, match=r"damaged \(order/c/0\): .* mends all"):
            assert read(path).identical(whole[1])
    with pytest.warns(DamageWarning, match="mended from copies"):
        assert fill(path) == []
    assert read(path).identical(whole[1])


@pytest.mark.parametrize("file", ["amplitude/c/0", ".qbjax/plan.json", "zarr.json"])
def test_what_is_lost_with_its_copy_is_named_with_the_remedy(tmp_path, whole, file):
    path = copied(whole[0], tmp_path)
    os.truncate(path / file, 10)
    shutil.rmtree(path / archive_copies.COPIES)
    for call in (read, fill):
        with pytest.raises(ValueError, match=rf"both {file} and .* remove the store and compute"):
            call(path)


def test_a_chunk_of_another_store_does_not_count(tmp_path, whole):
    """Not even with its marker: the same names and sizes, other numbers."""
    other = PLAN._replace(fingerprint={"function": "other"})
    with Archive(tmp_path / "other", other) as archive:
        archive.write(1, {name: a + a.dtype.type(1) for name, a in arrays(archive, 1).items()})
    path = copied(whole[0], tmp_path)
    for file in [f for f in files_of(tmp_path / "other") if "1" in f.name.split(".")]:
        shutil.copy(tmp_path / "other" / file, path / file)
    with pytest.warns(DamageWarning, match=r"\.qbjax/chunks/1\.json"):
        assert_right(read(path), whole[1])
    with pytest.warns(DamageWarning):
        assert fill(path) == [1]
    assert read(path).identical(whole[1])


def test_a_file_that_may_not_be_read_is_named(tmp_path, whole, monkeypatch):
    path = copied(whole[0], tmp_path)
    read_bytes = Path.read_bytes

    def forbidden(file):
        if file.name == "c.1" and file.parent.name == "ergotropy":
            raise PermissionError(13, "Permission denied", str(file))
        return read_bytes(file)

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    for call in (read, fill):
        with pytest.raises(OSError, match=r"read and written, but .*ergotropy/c\.1 cannot be"):
            call(path)


def test_a_store_of_the_first_format_is_told(tmp_path, whole):
    path = copied(whole[0], tmp_path)
    shutil.rmtree(path / archive_copies.COPIES)
    (path / ".qbjax/plan.json").write_text('{"format": 1, "points": 20}')
    for call in (read, fill):
        with pytest.raises(ValueError, match=r"format 2, but .* has 1: another version of qbjax"):
            call(path)


@pytest.mark.parametrize("file", ["zarr.json", "ergotropy/zarr.json", "ergotropy"])
def test_damage_done_while_a_sweep_runs_costs_one_chunk(tmp_path, whole, file):
    path = tmp_path / "a"
    with Archive(path, PLAN) as archive:
        archive.write(1, arrays(archive, 1))
        wanted = arrays(archive, 0)
        if (path / file).is_dir():
            shutil.rmtree(path / file)
        else:
            (path / file).write_bytes(b"{")
        with pytest.raises(
            (ValueError, OSError), match=r"Chunk 0 .* could not be written.*resumes"
        ):
            archive.write(0, wanted)
    with pytest.warns(DamageWarning):
        assert 0 in fill(path)
    assert read(path).drop_attrs().identical(whole[1].drop_attrs())
