"""The `qbjax` command on streams that are narrow, closed, full or left; and its signs of life."""

import errno
import os
import signal
import subprocess
import sys
import time
import warnings

import jax
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from qbjax.cli import app, application, outlet, progress, results, session
from qbjax.dynamics.record.trajectory import TruncationWarning
from qbjax.views import report
from tests.command import FILES, one_line, qbjax

BLOCH = ["charge", "bloch", "--theta", "0.5", "--over-pi", "--points", "5"]


@given(st.text(), st.sampled_from(["ascii", "cp1252", "latin-1", "utf-8", "cp437"]))
def test_every_text_can_be_written(text, encoding):
    outlet.spelled(text, encoding).encode(encoding)
    assert outlet.spelled(text.encode("ascii", "ignore").decode(), encoding).isascii()


def test_what_an_encoding_has_stays():
    assert outlet.spelled("γ ≤ ½ ✓", "utf-8") == "γ ≤ ½ ✓"
    assert outlet.spelled("½ ✓ Γ₁₁ ω²", "latin-1") == "½ OK Gamma_11 omega²"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_narrow_stream_gets_readable_results(encoding, tmp_path):
    cache = jax.config.values["jax_compilation_cache_dir"]
    words = ["--cache-dir", str(cache), *BLOCH, "--out", str(tmp_path)]
    result = CliRunner(charset=encoding).invoke(app, words)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert "OK charge to t = 6" in result.output
    help_page = CliRunner(charset=encoding).invoke(app, ["charge", "bloch", "--help"])
    assert help_page.exit_code == 0
    assert "gamma" in help_page.output


def _left():
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def _full():
    return open("/dev/full", "w")


def _closed():
    stream = open(os.devnull, "w")  # noqa: SIM115
    stream.close()
    return stream


@pytest.mark.parametrize(
    ("stream", "code"),
    [(_full, 1), (_left, 0), (_closed, 1), (lambda: None, 0)],
    ids=["full", "left", "closed", "none"],
)
def test_a_stream_that_takes_nothing_loses_no_results(stream, code, tmp_path, monkeypatch, capfd):
    out = stream()
    monkeypatch.setattr(sys, "stdout", out)
    cache = jax.config.values["jax_compilation_cache_dir"]
    monkeypatch.setattr(progress, "FIRST", 3600.0)
    with pytest.raises(SystemExit) as ended:
        app(["--cache-dir", str(cache), *BLOCH, "--out", str(tmp_path)])
    if out is not None:
        out.close()  # What was not written is forgotten: nothing is left to fail.
    assert ended.value.code == code
    assert {path.name for path in tmp_path.iterdir()} == FILES
    told = capfd.readouterr().err
    assert one_line(told, "could not be shown") if code else told == ""


def test_what_cannot_be_saved_is_shown(tmp_path, monkeypatch):
    def full(*arguments, **more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(report, "save", full)
    result = qbjax(*BLOCH, "--out", tmp_path)
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error:", "No space left", str(tmp_path))
    assert "purity" in result.output


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path, monkeypatch):
    """The disk fills while the second run is saved: what the first one left is whole."""
    assert qbjax(*BLOCH, "--out", tmp_path).exit_code == 0
    before = (tmp_path / "table.md").read_bytes()

    def half(text, path):
        path.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(report, "_write_text", half)
    assert qbjax(*BLOCH, "--coupling", "2", "--out", tmp_path).exit_code == 2
    assert (tmp_path / "table.md").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == FILES


@pytest.mark.parametrize(
    ("where", "name", "words"),
    [(report, "save", "only some of the results"), (results, "show", "the results are in")],
)
def test_control_c_says_what_is_left(where, name, words, tmp_path, monkeypatch):
    def interrupted(*arguments, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, name, interrupted)
    result = qbjax(*BLOCH, "--out", tmp_path)
    assert result.exit_code == session.INTERRUPTED
    assert one_line(result.stderr, "Ctrl-C", words, str(tmp_path))


class Ended(BaseException):
    """A process that has ended."""


@pytest.mark.parametrize(("code", "kind"), [(session.INTERRUPTED, Ended), (2, SystemExit)])
def test_a_process_that_was_stopped_ends_without_waiting_for_its_threads(code, kind, monkeypatch):
    def ended(code):
        raise Ended(code)

    def command(**given):
        sys.exit(code)

    monkeypatch.setattr(os, "_exit", ended)
    monkeypatch.setattr(application, "app", command)
    with pytest.raises(kind) as end:
        application.main()
    assert end.value.args == (code,)


@pytest.mark.slow
def test_control_c_in_the_midst_of_a_computation(tmp_path):
    """A signal from outside, while XLA computes; what was computed before is whole."""
    # A shell's background has Ctrl-C ignored, and a command started there as well.
    heard = "import signal as s; s.signal(s.SIGINT, s.default_int_handler)"
    start = [sys.executable, "-c", f"{heard}; from qbjax.cli import main; main()"]
    with subprocess.Popen(
        [*start, "reproduce", "dopo", "4", "--quick", "--out", str(tmp_path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as command:  # fmt: skip
        assert "so far" in command.stderr.readline()
        command.send_signal(signal.SIGINT)
        _, told = command.communicate(timeout=300)
    assert command.returncode == session.INTERRUPTED
    assert "Stopped by Ctrl-C; what was computed is in" in told.splitlines()[-1]
    kept = tmp_path / "quick" / "computed"
    assert not list(kept.glob(".*"))


@pytest.mark.parametrize("below", ["", "below"])
@pytest.mark.parametrize(
    "words",
    [
        ("charge", "dopo"), ("charge", "bloch"), ("charge", "collisional"), ("charge", "waveguide"),
        ("optimize", "switch-off"), ("optimize", "pulse"), ("optimize", "bloch-angle"),
        ("optimize", "swap-angles"), ("optimize", "waveguide"), ("demo",), ("show", "x.zarr"),
        ("reproduce",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_an_impossible_folder_is_refused_at_once(words, below, tmp_path):
    (tmp_path / "file").write_text("")
    began = time.perf_counter()
    result = qbjax(*words, "--out", tmp_path / "file" / below)
    assert time.perf_counter() - began < 5
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error: Argument `out` must be a folder", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_looked_at_and_left_as_it_was(tmp_path):
    assert qbjax("charge", "bloch", "--out", tmp_path / "a" / "b", "--theta", 9).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_nowhere_is_no_folder():
    assert one_line(qbjax("charge", "bloch", "--out", "").stderr, "--out", "empty")


def test_signs_of_life_become_rare(monkeypatch, capsys):
    monkeypatch.setattr(progress, "FIRST", 0.02)
    with progress.Steps(1) as steps, steps.step("wait") as now:
        now("deep in thought")
        time.sleep(0.4)
    lines = capsys.readouterr().err.splitlines()
    # After 0.02, 0.06, 0.14 and 0.3 s; a busy machine may skip some.
    assert 2 <= len(lines) <= 4
    assert lines[0].startswith("wait: deep in thought (0 s so far)")


def test_a_short_step_needs_no_sign(capsys):
    with progress.Steps(1) as steps, steps.step("wait"):
        pass
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.startswith("✓ wait")


def test_a_doubtful_step_gets_no_tick(capsys):
    with session.plainly(), progress.Steps(1) as steps, steps.step("charge"):
        warnings.warn("Too few levels.", TruncationWarning, stacklevel=1)
    told = capsys.readouterr()
    assert one_line(told.err, "Warning: Too few levels.")
    assert told.out.startswith("! charge")
