"""The papers' figures as files: PNG, PDF, SVG, and the CSV of each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt

from qbjax import _kinds
from qbjax.dynamics.record.provenance import environment, stamp
from qbjax.figures import drawing, ledger, pages
from qbjax.figures.computed import Computed, computed
from qbjax.figures.entry import Paper, Run
from qbjax.views import figure_files

KINDS = ("png", "pdf", "svg")
COMPUTED = "computed"
"""Folder of computed runs, below that of the figures."""


class Made(NamedTuple):
    """A figure that has been drawn.

    Attributes:
        files: paths of the pictures and the CSV.
        fresh: how many runs were computed just now.
        read: how many had been computed before.
        doubtful: how many are marked as not to be believed.
    """

    files: list[Path]
    fresh: int
    read: int
    doubtful: int


def chosen(
    papers: Sequence[Paper], paper: str | None, figure: str | None
) -> list[tuple[Paper, str]]:
    """Picks papers and figures by name; without a name all.

    Raises:
        ValueError: for a name that is not among them.
    """
    names = {each.name: each for each in papers}
    if paper is not None and paper not in names:
        raise ValueError(
            f"Argument `paper` must be one of {', '.join(names)}, but is {paper!r}"
            f"{_kinds.meant(paper, names)}. Type, for example: qbjax reproduce {next(iter(names))}"
        )
    some = papers if paper is None else [names[paper]]
    if figure is None:
        return [(each, number) for each in some for number in each.figures]
    if paper is None or figure not in names[paper].figures:
        numbers = ", ".join(some[0].figures)
        raise ValueError(
            f"Argument `figure` must be one of {numbers} of {some[0].name}, but is {figure!r}. "
            f"Type, for example: qbjax reproduce {some[0].name} {next(iter(some[0].figures))}"
        )
    return [(names[paper], figure)]


def make(
    paper: Paper,
    number: str,
    folder: Path,
    *,
    quick: bool,
    tell: Callable[[str], None],
    docs: Path | None = None,
) -> Made:
    """Computes what a figure needs and has not been computed, and writes its files.

    Args:
        paper, number: the figure.
        folder: of the book; a folder of the paper's name is made there.
        quick: whether to take the coarser arguments.
        tell: is told what is being done.
        docs: folder of the pages of the documentation, which then get a small picture.
    """
    figure = paper.figures[number]
    found: list[tuple[Run, Computed]] = []
    for i, one in enumerate(runs := figure.runs()):
        tell(f"run {i + 1} of {len(runs)}")
        found.append((one, computed(one, folder / COMPUTED, quick=quick)))
    tell("drawing")

    def find(run: Run) -> Computed:
        return next(result for one, result in found if one == run)

    results = [result for _, result in found]
    files = _write(paper, number, folder, find, quick=quick, docs=docs)
    fresh, doubtful = (sum(map(bool, x)) for x in zip(*((r.fresh, r.doubts) for r in results)))
    return Made(files, fresh, len(results) - fresh, doubtful)


def heading(paper: Paper, number: str, *, quick: bool) -> str:
    """Words the line above a figure; of a quick look it says with what."""
    figure = paper.figures[number]
    line = f"{paper.source.split(',')[0]}, Fig. {number}: {figure.title}"
    names = ", ".join(figure.coarser())
    return f"{line}  [quick look: coarser {names}]" if quick and names else line


def _write(paper, number, folder, find, *, quick, docs) -> list[Path]:
    figure, place = paper.figures[number], folder / paper.name
    place.mkdir(parents=True, exist_ok=True)
    about = {
        "figure": f"{paper.source}, Fig. {number}: {figure.title}",
        "the paper": figure.shows,
        "verdict": pages.judgement(paper, number, quick=quick),
        **_claims(paper, number),
        "grid": "quick look" if quick and figure.coarser() else "whole",
        "created": stamp(),
        **environment(),
    }
    files = [place / f"figure-{number}.{kind}" for kind in (*KINDS, "csv")]
    drawn = drawing.draw(figure, heading(paper, number, quick=quick), find, quick=quick)
    for path in files[:-1]:
        figure_files.save(drawn, path, about)
    if docs is not None:
        pages.small(paper, number, drawn, docs)
    plt.close(drawn)
    files[-1].write_text(drawing.table(figure, about, find, quick=quick), encoding="utf-8")
    return files


def _claims(paper, number) -> dict[str, str]:
    """Words each claim that a figure bears on: the paper's number, ours, the verdict."""
    found = {}
    for name, claim in ledger.bears_on(paper, number).items():
        quantity, said, ours, fate = pages.words(claim)
        found[f"claim {name}"] = f"{quantity}: {said}{f', here {ours}' if ours else ''}: {fate}"
    return found
