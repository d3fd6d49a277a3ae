"""The ledger: every claim of the papers that a number can be had for, and ours beside it.

To read in this order: `claim` (what a claim is), `names` (what each is called), `check` (computed
anew), `page` (written down); then the papers, a file or two for each.
"""

from qbjax import _kinds
from qbjax.papers import bloch, collisional, dopo, micromaser, others, waveguide
from qbjax.papers.check import Outcome, chosen, recomputed
from qbjax.papers.claim import Claim, Ours, Paper, Said, judged
from qbjax.papers.page import markdown

PAPERS: tuple[Paper, ...] = (
    dopo.PAPER, collisional.PAPER, micromaser.PAPER, bloch.PAPER, waveguide.PAPER, others.PAPER,
)  # fmt: skip
"""The papers in the order of the ledger."""

__all__ = [
    "PAPERS", "Claim", "Ours", "Outcome", "Paper", "Said", "chosen", "judged", "markdown",
    "paper", "recomputed",
]  # fmt: skip


def paper(name: str) -> Paper:
    """Finds a paper by its word.

    Raises:
        ValueError: for a word that is none.

    Example:
        >>> paper("bloch").title
        'Charging from the Bloch sphere'
    """
    known = {one.name: one for one in PAPERS}
    return known[_kinds.choice("paper", name, list(known))]


def __dir__() -> list[str]:
    return __all__
