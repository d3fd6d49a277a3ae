"""The papers' figures: entries, what is kept of what was computed, files, the command."""

import csv
import inspect
import warnings

import numpy as np
import pytest

from qbjax.cli import session
from qbjax.dynamics.record.trajectory import TruncationWarning
from qbjax.figures import PAPERS, book, computed
from qbjax.figures.entry import Figure, Map, Panel, Paper, curve, named, run
from tests.command import one_line, qbjax

FIGURES = {
    "dopo": "2 3 4 5 6 7 8 9 10",
    "bloch": "2 3 4",
    "waveguide": "2 3 4",
    "collisional": "2 3 4 5 6",
    "micromaser": "1 2 3 4 5 6 7",
}
CALLS = []


def squares(points, power=2):
    """A run that remembers that it was computed."""
    CALLS.append(points)
    if power == 3:
        warnings.warn("too few levels", TruncationWarning, stacklevel=1)
    x = np.linspace(0.0, 1.0, points)
    return {"x": x, "y": x**power, "z": np.outer(x, x[:3]), "few": x[:3]}


def found(**given):
    return run(squares, {"points": 4}, points=11, **given)


def toy(**given):
    one = found(**given)
    drawn = (
        curve("power", one, "x", "y"),
        curve("again", one, "x", "x", color="k", ls="--", legend=False),
    )
    mapped = Map("product", one, "few", "x", "z")
    panels = (Panel("first", "$x$", "$y$", drawn), Panel("map", "$x$", "$y$", (mapped,), {}, None))
    figure = Figure("powers", "They rise.", "The higher the later.", panels)
    return Paper("waveguide", "A. Toy (2026), Of nothing", {"2": figure})  # with claims of that


def rows(path):
    """Rows of a CSV below its comments, and the comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    notes = [line for line in lines if line.startswith("#")]
    return list(csv.DictReader(lines[len(notes) :])), "\n".join(notes)


def points(path, panel, label):
    found = [row for row in rows(path)[0] if row["panel"] == panel and row["curve"] == label]
    return np.array([[float(row["x"]), float(row["y"])] for row in found]).T


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_entries_are_whole(paper):
    assert list(paper.figures) == FIGURES[paper.name].split()
    for figure in paper.figures.values():
        assert figure.shows.endswith(".")
        assert not figure.remark or figure.remark.endswith(".")
        for panel in figure.panels:
            for quick in (False, True):
                labels = [named(each, quick=quick) for each in panel.curves]
                assert len(set(labels)) == len(labels)  # a CSV tells curves by their names
                few = [x for x in labels if "×4 levels" in x]
                assert all(quick and x.endswith("(quick)") for x in few)
        for one in figure.runs():
            for quick in (False, True):
                inspect.signature(one.compute).bind(**one.asked(quick=quick))
            assert set(one.quick) <= set(one.arguments)


def test_files_hold_what_was_drawn_and_why_to_doubt_it(tmp_path):
    told = []
    seen = book.make(toy(power=3), "2", tmp_path, quick=True, tell=told.append)
    assert told == ["run 1 of 1", "drawing"]
    assert (seen.fresh, seen.read, seen.doubtful) == (1, 0, 1)
    assert {path.suffix for path in seen.files} == {".png", ".pdf", ".svg", ".csv"}
    assert all(path.stat().st_size > 500 for path in seen.files)
    table, notes = rows(seen.files[-1])
    x, y = points(seen.files[-1], "a", "power")
    np.testing.assert_array_equal(y, x**3)
    assert sum(row["z"] != "" for row in table) == 12
    for words in ("squares of", "a: x is $x$", "numpy_version", "beware: too few levels",
                  "grid: quick", "verdict: none, of", "claim fig-2-1: bound"):  # fmt: skip
        assert words in notes
    assert book.heading(toy(), "2", quick=True).endswith("[quick look: coarser points]")
    assert "quick" not in book.heading(toy(), "2", quick=False)


def test_nothing_is_computed_twice_by_the_same_code(tmp_path, monkeypatch):
    CALLS.clear()

    def fresh(quick=False, **given):
        one = computed.computed(found(**given), tmp_path, quick=quick)
        assert len(one.columns["x"]) == (4 if quick else 11)
        assert one.doubts == (("too few levels",) if given.get("power") == 3 else ())
        return one.fresh

    assert [fresh(), fresh(), fresh(quick=True), fresh(quick=True)] == [True, False, True, False]
    assert [fresh(power=3), fresh(power=3)] == [True, False]
    assert CALLS == [11, 4, 11]
    for kept in tmp_path.iterdir():
        kept.write_bytes(kept.read_bytes()[:-40])  # damaged
    assert [fresh(), fresh()] == [True, False]
    monkeypatch.setattr(computed, "code", lambda: "another version")
    assert [fresh(), fresh()] == [True, False]


def test_the_code_that_counts_is_all_but_what_draws():
    some = ("dynamics/motion.py", "figures/runs/collisional.py", "cycle.py")
    assert all(computed.counts(computed.ROOT / path) for path in some)
    others = ("figures/collisional.py", "views/plot.py", "cli/show.py", "papers/dopo.py")
    assert not any(computed.counts(computed.ROOT / path) for path in others)


def test_a_window_under_loss(tmp_path):
    """Fig. 5 of the collisional paper, whose lead begins at the 266th qubit; then only drawn."""
    asked = ("reproduce", "collisional", "5", "--quick", "--out", tmp_path)
    first, again = qbjax(*asked), qbjax(*asked)
    assert first.exit_code == again.exit_code == 0, first.output + again.output
    assert "2 computed, 0 read" in first.output
    assert "0 computed, 2 read" in again.output
    page = tmp_path / "quick" / "collisional" / "figure-5.csv"
    time, lead = points(page, "b", "θ = 0.01π, γ = 10⁻³")
    assert int(np.flatnonzero(lead > 0)[0]) == 266
    assert time[266] == pytest.approx(8.357, abs=5e-4)
    assert (tmp_path / "quick" / "index.md").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["colisional"], ["`paper`", "collisional", "'colisional'", "qbjax reproduce"]),
        (["collisional", "9"], ["`figure`", "2, 3, 4, 5, 6", "'9'", "qbjax reproduce collisional"]),
        (["--out", "/proc/none"], ["`out`", "/proc/none", "qbjax reproduce --out"]),
    ],
)
def test_a_wrong_word_is_one_line_with_what_to_type(words, told):
    result = qbjax("reproduce", *words)
    assert result.exit_code == 2
    assert one_line(result.stderr, *told), result.stderr


def test_a_command_that_was_stopped_says_how_to_go_on(tmp_path, monkeypatch):
    def stopped(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(book, "make", stopped)
    result = qbjax("reproduce", "bloch", "--out", tmp_path)
    assert result.exit_code == session.INTERRUPTED
    assert one_line(result.stderr, "Ctrl-C", str(tmp_path / book.COMPUTED), "again")


@pytest.mark.slow
@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_figure_is_drawn(paper, tmp_path):
    result = qbjax("reproduce", paper.name, "--quick", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    for number in paper.figures:
        for kind in (*book.KINDS, "csv"):
            assert (tmp_path / "quick" / paper.name / f"figure-{number}.{kind}").exists()
