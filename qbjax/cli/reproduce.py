"""`qbjax reproduce`: the papers' figures, drawn anew."""

import time
from pathlib import Path
from typing import Annotated

import typer

from qbjax.cli import options, session
from qbjax.cli.application import Command, app
from qbjax.cli.progress import Steps
from qbjax.figures import PAPERS, book, pages


def _folder(context: typer.Context, given: Path | None) -> Path:
    """The folder of the figures, refused before anything is computed if it is none."""
    with session.plainly(debug=bool(context.obj)):
        chosen = given or options.FOLDER / "reproduce"
        options.check_folder("out", chosen, "qbjax reproduce --out figures")
    return chosen


# fmt: off
PaperName = Annotated[str | None, typer.Argument(
    metavar="[PAPER]", help=f"One of {', '.join(paper.name for paper in PAPERS)}; default: all.",
)]
Number = Annotated[str | None, typer.Argument(
    metavar="[FIGURE]", help="The number of a figure in the paper; default: all.",
)]
Quick = Annotated[bool, typer.Option(
    "--quick", help="Coarser grids and smaller sizes, in the folder `quick`.",
)]
Out = Annotated[Path | None, typer.Option(
    callback=_folder, parser=options.path_of, metavar="PATH",
    help="Where to save; default qbjax-results/reproduce.",
)]
Write = Annotated[Path | None, typer.Option(
    parser=options.path_of, metavar="PATH",
    help="Write the pages of the documentation there, and small pictures of what is drawn.",
)]
# fmt: on


@app.command("reproduce", cls=Command)
def reproduce(
    context: typer.Context,
    paper: PaperName = None,
    figure: Number = None,
    quick: Quick = False,
    out: Out = None,
    write: Write = None,
) -> None:
    """Draw the figures of the papers anew: PNG, PDF, SVG, and the numbers as CSV.

    What was computed before, by the same code, is only drawn. So a command that was stopped goes on
    where it was.
    """
    with session.running(context) as start:
        some = book.chosen(PAPERS, paper, figure)
        if write is not None:
            _check_docs(write, quick=quick)
        root = context.params["out"]
        folder = root / "quick" if quick else root
        left = f"what was computed is in {folder / book.COMPUTED}: type the same again to go on"
        with session.stoppable(left), Steps(len(some)) as steps:
            for one, number in some:
                with steps.step(f"{one.name} {number}", "reading …") as now:
                    made = book.make(one, number, folder, quick=quick, tell=now, docs=write)
                    now(_outcome(made))
        if write is not None:
            pages.write(PAPERS, write)
        page = pages.index(PAPERS, folder, quick=quick)
        text = f"Drawn in {folder}; {page.name} there shows the figures with verdicts."
        session.out().print(text, soft_wrap=True, markup=False)
        session.out().print(f"Took {time.perf_counter() - start:.0f} s.", style="bold")


def _check_docs(write: Path, *, quick: bool) -> None:
    """Refuses a quick look as a picture of the documentation."""
    if quick:
        raise ValueError(
            "Argument `write` must be given without --quick, for the documentation shows whole "
            f"figures, but was given with it. Type: qbjax reproduce --write {write}"
        )
    options.check_folder("write", write, "qbjax reproduce --write docs/book")


def _outcome(made: book.Made) -> str:
    seen = f"{made.fresh} computed, {made.read} read"
    return f"{seen}, {made.doubtful} to be doubted" if made.doubtful else seen
