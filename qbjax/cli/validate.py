"""`qbjax validate`: the papers' claims computed anew, beside the ledger."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from qbjax import papers
from qbjax.cli import options, session
from qbjax.cli.application import Command, app
from qbjax.cli.progress import Steps
from qbjax.figures import PAPERS, ledger
from qbjax.papers import page
from qbjax.views import report

CHANGED = 3
"""Exit code where a number or a verdict is no longer that of the ledger."""

# fmt: off
Name = Annotated[str | None, typer.Option(
    metavar="NAME", help=f"One paper only: {', '.join(one.name for one in papers.PAPERS)}.",
)]
All = Annotated[bool, typer.Option("--all", help="Also the numbers that take minutes.")]
Write = Annotated[Path | None, typer.Option(
    parser=options.path_of, metavar="FILE",
    help="Write the ledger as a Markdown file instead; nothing is computed.",
)]
# fmt: on


@app.command("validate", cls=Command)
def validate(
    context: typer.Context, paper: Name = None, all: All = False, write: Write = None
) -> None:
    """Compute the papers' claims anew, and fail where a number or a verdict has changed.

    Without --all, what takes seconds: under a minute in all, once programs are compiled.
    """
    with session.plainly(debug=bool(context.obj)):
        shelf = papers.PAPERS if paper is None else (papers.paper(paper),)
        if write is not None:
            example = "qbjax validate --write claims.md"
            options.check_file("write", write, example)
            options.write("write", write, ledger.markdown(shelf, PAPERS), example)
            session.out().print(f"Written to {write}", soft_wrap=True, markup=False)
            return
        found = _recomputed(list(papers.chosen(shelf, everything=all)), everything=all)
    for one, outcomes in found:
        session.out().print(report.to_rich(page.outcomes(one, outcomes)))
    changed = [o for _, outcomes in found for o in outcomes if o.trouble]
    session.out().print(_summary(shelf, found), soft_wrap=True)
    for outcome in changed:
        claim = outcome.claim
        session.complain(f"{claim.place}, {claim.quantity}: {outcome.trouble}")
    if changed:
        raise typer.Exit(CHANGED)


def _recomputed(chosen, *, everything):
    """Computes the claims of each paper, a step for each."""
    found = []
    with session.unwarned(), Steps(len(chosen)) as steps:
        for one, claims in chosen:
            outcomes: list[papers.Outcome] = []
            with steps.step(one.title, "computing …") as now:
                for claim in claims:
                    now(f"{claim.place}: {claim.quantity}")
                    outcomes.append(papers.recomputed(claim, everything=everything))
                bad = sum(bool(o.trouble) for o in outcomes)
                now(f"{len(outcomes)} claims" + (f", {bad} changed" if bad else ""))
            found.append((one, outcomes))
    return found


def _summary(shelf, found):
    """Counts what was computed, by verdict."""
    outcomes = [o for _, outcomes in found for o in outcomes]
    whole = sum(len(one.claims) for one in shelf)
    kinds = Counter(o.verdict for o in outcomes)
    changed = sum(bool(o.trouble) for o in outcomes)
    what = f"{changed} changed" if changed else "all as in the ledger"
    verdicts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return f"{len(outcomes)} of {whole} claims computed anew: {what} ({verdicts})"
