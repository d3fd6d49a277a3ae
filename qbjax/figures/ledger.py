"""Figures and the ledger: the claims that a figure bears on, and their verdicts in a line."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import get_args

from qbjax import papers
from qbjax.figures.entry import Paper
from qbjax.papers.claim import Claim, Verdict
from qbjax.papers.names import names


def bears_on(paper: Paper, number: str) -> dict[str, Claim]:
    """Picks the claims that a figure bears on: those of its own place, and those that it names.

    Args:
        paper, number: the figure.

    Returns:
        Claims by their names, in the order of the ledger.
    """
    own, named = re.compile(rf"fig-{number}[a-z]?"), paper.figures[number].claims
    return {
        name: claim
        for name, claim in names(papers.paper(paper.name)).items()
        if own.fullmatch(place := name.rpartition("-")[0]) or name in named or place in named
    }


def verdict(paper: Paper, number: str) -> str:
    """Counts the verdicts of the claims that a figure bears on, and says what else is to be seen.

    Example:
        >>> from qbjax.figures import micromaser
        >>> verdict(micromaser.PAPER, "7")
        '4 × agrees.'
    """
    kinds = Counter(claim.verdict for claim in bears_on(paper, number).values())
    counts = ", ".join(f"{kinds[kind]} × {kind}" for kind in get_args(Verdict) if kinds[kind])
    return f"{counts}. {paper.figures[number].remark}".strip()


def markdown(shelf: Iterable[papers.Paper], drawn: Sequence[Paper]) -> str:
    """Writes the ledger as a Markdown file, each claim with a link to the figures that show it.

    Args:
        shelf: papers of the ledger.
        drawn: papers with figures.
    """
    return papers.markdown(shelf, partial(_shown, {paper.name: paper for paper in drawn}))


def _shown(drawn: dict[str, Paper], paper: papers.Paper, name: str) -> list[str]:
    """Lists the numbers of the figures that show a claim of a paper."""
    figures = drawn[paper.name].figures if paper.name in drawn else ()
    return [number for number in figures if name in bears_on(drawn[paper.name], number)]
