"""Every option of every command, given nonsense: one line that names it, before anything runs."""

import contextlib
import importlib
import inspect
from unittest import mock

import pytest
import typer

from qbjax.cli import app
from tests.command import one_line, qbjax

NONSENSE = ("nan", "-inf", "1e300", "-1", "abc", "")

SIGNED = {"amplitude", "detuning", "phi", "phase"}
"""Options whose numbers may be negative."""

UNLIMITED = {"peak"}
"""Options that may be infinite, and so as large as one likes."""

OTHER = {"out", "config", "help", "pulse"}
"""Options that are no numbers."""

MODULES = (
    *("any_battery", "bloch", "bloch_angle", "charge", "collisional", "jobs", "optimize"),
    "swap_angles",
)
COMPUTING = (
    *("charge", "store", "greedy", "full_swap", "best_power", "best_energy", "best_switch_off"),
    *("best_pulse", "best_steady_energy", "best_steady_ergotropy", "continuum_designs"),
    *("first_peak", "sweep"),
)


def commands():
    """The words of every command that computes, and its options."""
    for name, group in typer.main.get_command(app).commands.items():
        if hasattr(group, "commands") and group.params:  # what stands for no command of the group
            yield (name, "--battery", "bloch", "--until", "1"), group
        for below, command in getattr(group, "commands", {}).items():
            yield (name, below), command


CASES = [
    pytest.param(words, option.opts[0], option, id=f"{' '.join(words)} {option.opts[0]}")
    for words, command in commands()
    for option in command.params
    if option.name not in OTHER and not option.is_flag
]


def refused(*arguments):
    raise AssertionError("something was computed")


@contextlib.contextmanager
def no_computing():
    with contextlib.ExitStack() as stack:
        for name in (*MODULES, "waveguide", "sweep"):
            module = importlib.import_module(f"qbjax.cli.{name}")
            for function in COMPUTING:
                if inspect.isroutine(getattr(module, function, None)):
                    stack.enter_context(mock.patch.object(module, function, refused))
        yield


def test_the_table_has_every_command():
    """So many commands and options that have a number or a word; a new one comes by itself."""
    assert len({words for words, *_ in (case.values for case in CASES)}) == 10
    assert len(CASES) > 80


@pytest.mark.parametrize(("words", "option", "declared"), CASES)
def test_nonsense_is_one_line_that_names_the_option(words, option, declared, tmp_path):
    allowed = {"-1"} if declared.name in SIGNED else set()
    allowed |= {"1e300"} if declared.name in UNLIMITED else set()
    for value in set(NONSENSE) - allowed:
        with no_computing():
            result = qbjax(*words, option, *[value] * declared.nargs, "--out", tmp_path / "new")
        assert result.exit_code == 2, (value, result.output)
        named = option in result.stderr or f"`{declared.name}`" in result.stderr
        assert named, (value, result.stderr)
        assert one_line(result.stderr, "Error: "), (value, result.stderr)
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("value", ["", "/", "nan", "1,inf", "1e300", "1,,2", "x" * 400, "a\0b"])
def test_a_pulse_of_nonsense_is_one_line_that_names_it(value, tmp_path):
    with no_computing():
        result = qbjax("charge", "dopo", "--pulse", value, "--out", tmp_path)
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error: Argument `pulse` must ")


TABLE = "time amplitude\n0 1\n1 2\n"
PULSE = 'kind = "segments"\namplitudes = [0.5, 2.0]\nduration = 1.0\nstart = 0.0\n'
BROKEN = {
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16 without a mark": lambda text: text.encode("utf-16-le"),
    "binary": lambda text: bytes(range(256)),
    "empty": lambda text: b"",
    "zeros": lambda text: bytes(9),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize(
    ("words", "name", "text"),
    [
        (("charge", "dopo", "--pulse"), "p.csv", TABLE),
        (("charge", "dopo", "--pulse"), "p.toml", PULSE),
        (("charge", "dopo", "--config"), "c.toml", '["charge dopo"]\nuntil = 1.0\n'),
        (("sweep",), "s.toml", "objective = 'energy'\n"),
    ],
)
def test_a_broken_file_is_one_line_that_names_it(kind, words, name, text, tmp_path):
    (tmp_path / name).write_bytes(BROKEN[kind](text))
    with no_computing():
        result = qbjax(*words, tmp_path / name)
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error: Argument `", str(tmp_path / name))


@pytest.mark.parametrize("words", [("charge", "dopo", "--config"), ("sweep",)])
@pytest.mark.parametrize("name", ["", "none.toml", "x" * 400])
def test_a_file_that_is_none_is_one_line(words, name, tmp_path):
    result = qbjax(*words, tmp_path / name)
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error: Invalid value for", str(tmp_path))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["unix", "windows"])
def test_a_config_of_any_editor_is_read(mark, end, tmp_path):
    text = b'["charge bloch"]' + end + b"theta = 99.0" + end
    (tmp_path / "c.toml").write_bytes(mark + text)
    result = qbjax("charge", "bloch", "--config", tmp_path / "c.toml", "--out", tmp_path / "new")
    assert one_line(result.stderr, "`theta`", "99")
