"""Nothing that was computed is lost or trusted wrongly, whatever is killed, cut or full."""

import contextlib
import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qbjax.studies import archive_files, archive_layout
from qbjax.studies.archive import Archive, read
from qbjax.studies.archive_copies import DamageWarning
from tests.studies.archive_producer import arrays, produce, product

ROOT = Path(__file__).parents[2]


def started(path, **options):
    """A process that fills a store."""
    arguments = [str(options.get(name, "")) for name in ("delay", "task")]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.studies.archive_producer", str(path), *arguments],
        cwd=ROOT,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        text=True,
    )


def content(path):
    """All that a store gives, to the bit."""
    found = read(path)
    values = {name: (v.dims, v.dtype, v.values.tobytes()) for name, v in found.variables.items()}
    return values, found.attrs


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The content of a store that nothing interrupted."""
    path = tmp_path_factory.mktemp("whole") / "a"
    produce(path)
    return content(path)


KILLS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 22))]


@pytest.mark.parametrize("seed", KILLS)
def test_a_killed_sweep_resumes_to_the_same_bits(tmp_path, whole, seed):
    path = tmp_path / "a"
    with started(path, delay=0.02) as process:
        done = [int(process.stdout.readline())]
        if seed == 0:
            with pytest.raises(BlockingIOError, match=f"must be free, .* by process {process.pid}"):
                Archive(path, product())
        time.sleep(random.Random(seed).uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
        done += [int(line) for line in process.stdout]
    with Archive(path, product()) as archive:
        missing = archive.missing()
    assert not set(done) & set(missing)
    assert len(done) + len(missing) in (7, 6)  # a marker may have been written, and not told
    produce(path)
    assert content(path) == whole
    assert not list(path.rglob(f"*{archive_files.PARTIAL}"))


def test_tasks_that_start_at_once_make_one_store(tmp_path, whole):
    path = tmp_path / "a"
    with contextlib.ExitStack() as stack:
        tasks = [stack.enter_context(started(path, delay=0, task=f"{i}/2")) for i in range(2)]
        done = [[int(line) for line in task.stdout] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0]
    assert done == [[0, 2, 4, 6], [1, 3, 5]]
    assert content(path) == whole
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_who_comes_second_leaves_the_store_as_it_is(tmp_path):
    for version in ("first", "second"):
        archive_layout.create(tmp_path / "a", product(attributes={"version": version}))
    assert read(tmp_path / "a").attrs["version"] == "first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_marker_is_written_after_the_data_is_on_disk(tmp_path, monkeypatch):
    synced, marked = set(), []
    sync, replace = archive_files.sync, archive_files.replace

    def noted(path):
        synced.add(path)
        sync(path)

    def checked(path, text):
        folder = path.parents[2]
        files = set(folder.glob("*/c.0*"))
        assert len(files) == 5
        assert files | {file.parent for file in files} <= synced
        marked.append(path.name)
        replace(path, text)
        assert path.parent in synced

    with Archive(tmp_path / "a", product()) as archive:
        monkeypatch.setattr(archive_files, "sync", noted)
        monkeypatch.setattr(archive_files, "replace", checked)
        synced.clear()
        archive.write(0, arrays(archive, 0))
    assert marked == ["0.json"]


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def flip(path):
    old = bytearray(path.read_bytes())
    old[-1] ^= 1
    path.write_bytes(old)


DAMAGE = {
    "file cut": lambda path: cut(path / "ergotropy" / "c.6"),
    "file emptied": lambda path: os.truncate(path / "history" / "c.6.0", 0),
    "bit flipped": lambda path: flip(path / "ergotropy" / "c.6"),
    "file lost": lambda path: (path / "status" / "c.6").unlink(),
    "file of another chunk": lambda path: (path / "ergotropy" / "c.6").write_bytes(
        (path / "ergotropy" / "c.5").read_bytes()
    ),
    "marker lost, file cut": lambda path: (
        (path / ".qbjax/chunks/6.json").unlink(),
        cut(path / "good" / "c.6"),
    ),
    "marker emptied": lambda path: os.truncate(path / ".qbjax/chunks/6.json", 0),
    "marker cut": lambda path: cut(path / ".qbjax/chunks/6.json"),
    "marker garbled": lambda path: (path / ".qbjax/chunks/6.json").write_bytes(b"\xff\x00"),
    "marker of another chunk": lambda path: (path / ".qbjax/chunks/6.json").write_bytes(
        (path / ".qbjax/chunks/5.json").read_bytes()
    ),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A complete store, to be damaged and repaired. Its last chunk, 6, is a short one."""
    path = tmp_path_factory.mktemp("store") / "a"
    produce(path)
    return path


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_found_and_computed_again(store, whole, kind):
    DAMAGE[kind](store)
    # A marker that is lost looks like a chunk that was never computed.
    told = contextlib.nullcontext() if "lost, " in kind else pytest.warns(DamageWarning)
    with told:
        assert read(store).attrs["missing"] == 2
    with Archive(store, product()) as archive:
        with told:
            assert archive.missing() == [6]
        archive.write(6, arrays(archive, 6))
        assert archive.missing() == []
    assert content(store) == whole


@contextlib.contextmanager
def files_up_to(size):
    """No file of this process grows beyond a size: like a full disk, with another number."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.parametrize("size", [20, 100], ids=["at the data", "at the marker"])
def test_a_full_disk_is_told_and_costs_one_chunk(tmp_path, whole, size):
    path = tmp_path / "a"
    with Archive(path, product()) as archive:
        archive.write(3, arrays(archive, 3))
        wanted = arrays(archive, 4)
        with (
            files_up_to(size),
            pytest.raises(OSError, match=r"Chunk 4 .* could not be written .*resumes") as info,
        ):
            archive.write(4, wanted)
        assert info.value.errno == errno.EFBIG
        assert archive.missing() == [0, 1, 2, 4, 5, 6]
    assert read(path).attrs["missing"] == 17
    assert not list(path.rglob("*.partial"))
    assert not list(path.glob("*/c.4*"))
    produce(path)
    assert content(path) == whole


def test_a_full_disk_leaves_no_half_template(tmp_path):
    with (
        files_up_to(1000),
        pytest.raises(OSError, match=r"`store` must be a path that can be written, .*large"),
    ):
        Archive(tmp_path / "a", product())
    assert not list(tmp_path.iterdir())
    Archive(tmp_path / "a", product()).close()


def test_who_may_write_beside_whom(tmp_path):
    def busy(**options):
        with pytest.raises(BlockingIOError, match=r"must be free, but .* wait until"):
            Archive(tmp_path / "a", product(), **options)

    with Archive(tmp_path / "a", product()):
        busy()
        busy(task=(0, 2))
    with Archive(tmp_path / "a", product(), task=(0, 2)) as first:
        busy()
        busy(task=(0, 2))
        with Archive(tmp_path / "a", product(), task=(1, 2)) as second:
            assert (first.missing(), second.missing()) == ([0, 2, 4, 6], [1, 3, 5])
            first.write(0, arrays(first, 0))
            written = (tmp_path / "a/ergotropy/c.0").stat().st_mtime_ns
            second.write(0, arrays(first, 0))
            assert (tmp_path / "a/ergotropy/c.0").stat().st_mtime_ns == written
    Archive(tmp_path / "a", product()).close()


@pytest.mark.parametrize("task", [(2, 2), (-1, 2), (0, 0), (0,), [0, 2], 1])
def test_a_task_is_one_of_n(tmp_path, task):
    with pytest.raises((ValueError, TypeError), match=r"`(task|i|n)` must be"):
        Archive(tmp_path / "a", product(), task=task)


def test_leftovers_of_the_killed_go_when_nobody_else_writes(tmp_path):
    with Archive(tmp_path / "a", product()):
        pass
    left = tmp_path / "a/ergotropy" / f"c.123{archive_files.PARTIAL}"
    left.touch()
    Archive(tmp_path / "a", product(), task=(0, 2)).close()
    assert left.exists()
    Archive(tmp_path / "a", product()).close()
    assert not left.exists()


def test_without_locks_there_is_a_warning_and_a_store(tmp_path, whole, monkeypatch):
    monkeypatch.setattr(archive_files, "fcntl", None)
    with pytest.warns(RuntimeWarning, match="cannot be locked here: start no second process"):
        produce(tmp_path / "a")
    assert content(tmp_path / "a") == whole
