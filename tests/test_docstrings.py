"""Every summary in the package reads alone: it points at no neighbour, and is a sentence."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "qbjax"
PACKAGE = sorted(ROOT.rglob("*.py"))
DANGLING = {
    *("it", "its", "they", "their", "them", "this", "that", "these", "those", "such", "so"),
    *("what", "how", "where", "when", "which", "who", "whose", "why", "see", "nothing", "none"),
    *("of", "by", "as", "with", "without", "within", "for", "from", "to", "at", "on", "in"),
    *("and", "or", "but", "also", "again", "both", "either", "above", "below", "here", "there"),
}
HANGING = re.compile(
    r"the same( (as|on|for|of|to|in|at|by|is|but|with|without|where|while)\b|[,.:;])"
)
FEWEST = 3
ENDS = re.compile(r"[.:?…][\")]?$")
JUMPS = re.compile(r"\bjump(s|ed|ing)?\b", re.IGNORECASE)
WITHOUT_OPERATORS = (
    *("protocols", "merit", "cycle", "strategies", "studies", "views", "cli", "dynamics/motion"),
    *("dynamics/solve", "dynamics/chebyshev", "dynamics/record", "dynamics/rollout"),
)


def name(path):
    return str(path.relative_to(ROOT))


def documented(node, inside=""):
    """Names and docstrings below a node: of definitions, and of names that are assigned to."""
    for child, after in zip(node.body, [*node.body[1:], None]):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            called = f"{inside}{child.name}"
            yield called, ast.get_docstring(child), True
            yield from documented(child, f"{called}.")
        elif isinstance(child, ast.Assign | ast.AnnAssign) and is_text(after):
            target = child.targets[0] if isinstance(child, ast.Assign) else child.target
            yield f"{inside}{ast.unparse(target)}", after.value.value, False


def is_text(node):
    """Whether a statement is a string alone: the docstring of the assignment before."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def everything(tree):
    """Names, docstrings, and whether a summary must be one line, of a module."""
    found = [("module", ast.get_docstring(tree), True), *documented(tree)]
    return [one for one in found if one[1] is not None]


def texts(tree):
    """Docstrings of a module, whole."""
    return [text for _, text, _ in everything(tree)]


def summaries(tree):
    """Names, first paragraphs, and whether these must be one line, of all that has a docstring.

    A constructor whose docstring begins with its arguments has no summary: its class has one.
    """
    for called, text, short in everything(tree):
        first = text.strip().split("\n\n")[0]
        if not first.startswith("Args:"):
            yield called, first, short


def faults(summary, short=True):
    """Reasons why a summary does not read alone."""
    words = re.findall(r"[^\s]+", summary)
    opening = re.sub(r"\W", "", words[0]).lower() if words else ""
    found = []
    if opening in DANGLING or HANGING.match(summary.lower()):
        found.append(f"begins with {' '.join(words[:3])!r}")
    if len(words) < FEWEST:
        found.append("is no sentence")
    if not ENDS.search(summary):
        found.append(f"ends with {summary[-1:]!r}")
    if short and "\n" in summary:
        found.append("takes more than one line")
    return found


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_summaries_read_alone(path):
    found = summaries(ast.parse(path.read_text()))
    assert [
        f"{called} {why}" for called, first, short in found for why in faults(first, short)
    ] == []


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_every_module_says_what_it_is(path):
    assert "module" in [called for called, _, _ in summaries(ast.parse(path.read_text()))]


SPOKEN = ("studies/trajectories", "studies/feedback", "protocols/feedback")
"""Beginnings of files in which operators are spoken of all the same."""
FILES = [
    path
    for path in PACKAGE
    if name(path).startswith(WITHOUT_OPERATORS) and not name(path).startswith(SPOKEN)
]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_lindblad_operators_are_jumps(path):
    """Discontinuities of signals are edges, wherever no operators are spoken of."""
    assert [text for text in texts(ast.parse(path.read_text())) if JUMPS.search(text)] == []


@pytest.mark.parametrize(
    "summary",
    [
        "Those of a dictionary, in its order.",
        "What a battery found in its numbers.",
        "How a state moves: generators, drivers.",
        "Where the slope changes sign.",
        "Of the jumps, at a time.",
        "The same on one array of all blocks.",
        "It is a number of levels.",
        "See `method` for all of it.",
        "Frobenius norm.",
        "k.",
        "The energy of the ground state",
        "The energy of a state,\nabove the ground state.",
        "",
    ],
)
def test_a_summary_that_hangs_is_seen(summary):
    assert faults(summary)


@pytest.mark.parametrize(
    "summary",
    [
        "Energy of a state above the ground state.",
        "Whether a node of a protocol is trainable.",
        "The same kind of ladder with another number of levels.",
        "`maximize`: the best protocol, by gradient.",
        "Largest size (of the state), 1e-14 of it.",
        'Checks an argument; the answer is "Argument `x` must …, but …."',
        "The step, which (unlike others) is short (24 terms.)",
        "Mean squares of the cosines: 1, ½, …",
    ],
)
def test_a_summary_that_stands_is_not(summary):
    assert faults(summary) == []


def test_constants_may_take_two_lines():
    assert faults("The size of a step,\nin units of the longest.", short=False) == []


SOURCE = '''
"""A module of one idea."""
LIMIT = 3
"""Most points of a grid."""
OTHER: int = 4
class A:
    """A class of things."""
    size: int
    """Number of the things."""
    def __init__(self):
        """
        Args:
            nothing: at all.
        """
    def method(self):
        """What it does.

        And more."""
        def inner():
            "An inner function of it."
    def silent(self):
        return 1
'''


def test_every_docstring_is_found():
    assert list(summaries(ast.parse(SOURCE))) == [
        ("module", "A module of one idea.", True),
        ("LIMIT", "Most points of a grid.", False),
        ("A", "A class of things.", True),
        ("A.size", "Number of the things.", False),
        ("A.method", "What it does.", True),
        ("A.method.inner", "An inner function of it.", True),
    ]


def test_a_whole_docstring_is_looked_at():
    assert "What it does.\n\nAnd more." in texts(ast.parse(SOURCE))


def test_a_jump_is_seen():
    assert JUMPS.search("Times at which the signal jumps.")
    assert not JUMPS.search("Times of the edges of a signal.")
    assert {"protocols/pump.py", "cycle.py", "dynamics/solve/lookout.py"} <= set(map(name, FILES))
