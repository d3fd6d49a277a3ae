"""What else was found: every line names tests that exist, and its numbers stand in them."""

import ast
import functools
import pathlib
import re

import pytest

TESTS = pathlib.Path(__file__).parent
LEDGER = TESTS.parent / "docs" / "findings.md"

NUMBER = re.compile(r"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:e[-−]?\d+)?)(?![\w.]*\d)( %)?")
"""Of the text: 12, 0.5, .5, 1e-10; not the digits of a name. And whether it is a percentage."""


def lines():
    """(section, claim, recomputed and verdict, tests) of every line of every table."""
    section, found = "", []
    for line in LEDGER.read_text("utf-8").splitlines():
        section = line if line.startswith("#") else section
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and not set(line) <= {"|", "-"} and cells[-1] != "held by":
            found.append((section, cells[0], " ".join(cells[1:-1]), cells[-1]))
    return found


@functools.cache
def module(path):
    """What a test file defines at its top: name to piece of syntax."""
    defined = {}
    for node in ast.parse((TESTS / f"{path}.py").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            defined[node.name] = node
        for target in getattr(node, "targets", []):
            defined |= {name.id: node for name in ast.walk(target) if isinstance(name, ast.Name)}
    return defined


def literals(test):
    """The numbers written in a test, in its table, and in what both use from their file."""
    path, name = test.split("::")
    defined, pending, seen, numbers = module(path), [name], set(), []
    while pending:
        piece = pending.pop()
        if piece in seen or piece not in defined:
            continue
        seen.add(piece)
        for node in ast.walk(defined[piece]):
            if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                numbers.append(float(node.value))
            pending += [getattr(node, "id", None), getattr(node, "arg", None)]
    return numbers


def stated(text):
    """Numbers of two digits and more, each with half a unit of its last digit, and percentages."""
    for match in NUMBER.finditer(text):
        number = match[1].replace("−", "-")
        mantissa, _, exponent = number.partition("e")
        if len(mantissa.replace(".", "").lstrip("0")) > 1 or exponent:
            decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
            yield match[1], float(number), 0.5000001 * 10.0**-decimals, bool(match[2])


def missing(text, tests):
    """The numbers of a line that none of its tests has."""
    there = [abs(number) for test in tests for number in literals(test)]
    return [
        found
        for found, number, half, percent in stated(text)
        if not any(
            abs(number - x) <= half or (percent and abs(number - 100 * x) <= half) for x in there
        )
    ]


@pytest.mark.parametrize(
    ("claim", "text", "tests"),
    [line[1:] for line in lines()],
    ids=[claim[:60] for _, claim, *_ in lines()],
)
def test_a_line_is_held(claim, text, tests):
    names = re.findall(r"`([\w/]+::test_\w+)`", tests)
    assert names, f"no test is named for: {claim}"
    assert " ".join(f"`{name}`" for name in names) == tests
    unknown = [name for name in names if name.split("::")[1] not in module(name.split("::")[0])]
    assert not unknown
    assert not missing(text, names)


def test_a_number_that_drifts_is_seen():
    tests = ["batteries/dopo/test_dopo_reference::test_converged_steady_values"]
    assert missing("14.640 converged at F = 3.5, 1e3 times 2", tests) == ["1e3"]
    assert missing("14.64, 14.65, W₁₁, test_44", tests) == ["14.65"]
    assert missing("−.0012 and 3e−1", tests) == [".0012", "3e−1"]
    assert missing("0.10 %, 0.10", tests) == ["0.10"]


def test_every_paper_has_its_table():
    sections = [section for section, *_ in lines()]
    assert len(set(sections)) >= 5
    assert len(sections) > 35
