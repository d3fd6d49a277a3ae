"""The ledger as a page: docs/claims.md, and the tables of the command."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from qbjax.papers.check import Outcome
from qbjax.papers.claim import Claim, Paper, Verdict
from qbjax.papers.names import names
from qbjax.views.report import Sheet, to_markdown

Shown = Callable[[Paper, str], Sequence[str]]
"""Numbers of the figures that show a claim, from its paper and its name."""

KINDS: tuple[Verdict, ...] = get_args(Verdict)
"""Verdicts in the order of the summary."""

COLUMNS = ("place", "quantity", "paper", "ours", "with its levels", "verdict", "why")

HEAD = """# The papers' claims, recomputed

Made from `qbjax/papers` by `qbjax validate --write docs/claims.md`: change it there.
`qbjax validate` computes the quick numbers anew, `qbjax validate --all` every number, and either
fails when a number or a verdict is no longer what stands here.

Where a paper cut its ladder too short, the column "with its levels" has what we find with as few;
where there are both, the verdict is about ours. "within reading" means as near as a figure, a fit
to one or an "about" can be read, ± how much. We read scans: what is listed as a misprint may have
been lost on the way to us. "mended" counts the formulas that hold once they are corrected as the
line above them says; they are among those that agree. "the same" is the quantity of the line above.
What else was found about these batteries is in [the findings](findings.md).
"""


def markdown(papers: Iterable[Paper], shown: Shown = lambda paper, name: ()) -> str:
    """Writes the ledger as a Markdown file.

    Args:
        papers: in their order.
        shown: which figures of the book show a claim; by default none.
    """
    papers = list(papers)
    pages = [HEAD + "\n" + _summary(papers)]
    for paper in papers:
        rows = [
            (_place(paper, name, claim, shown(paper, name)), *row(claim)[1:])
            for name, claim in names(paper).items()
        ]
        sheet = Sheet(paper.title, COLUMNS, rows)
        heading, _, table = to_markdown(sheet).partition("\n\n")
        pages.append(f"{heading}\n\n{paper.source} {paper.note}\n\n{table}\n")
    return "\n".join(pages)


def row(claim: Claim) -> tuple[str, ...]:
    """Writes a claim as the cells of `COLUMNS`, with the numbers on record."""
    ours, cut = (n and shown(n.value, n.value) for n in (claim.ours, claim.cut))
    said = claim.said.words if claim.said else "—"
    why = claim.why
    return claim.place, claim.quantity, said, ours or "", cut or "", claim.verdict, why


def outcomes(paper: Paper, found: Sequence[Outcome]) -> Sheet:
    """Makes a table of claims that were computed anew."""
    rows = []
    for outcome in found:
        place, quantity, said, *_ = row(outcome.claim)
        cells = [
            "" if number is None else shown(value, number.value)
            for number, value in (
                (outcome.claim.ours, outcome.ours),
                (outcome.claim.cut, outcome.cut),
            )
        ]
        verdict = f"{outcome.verdict}: {outcome.trouble}" if outcome.trouble else outcome.verdict
        rows.append((place, quantity, said, *cells, verdict))
    return Sheet(paper.title, COLUMNS[:-1], rows)


def shown(value: float | None, recorded: float) -> str:
    """Writes a number with as many digits as the one on record has.

    Example:
        >>> shown(10.27894, 10.279), shown(1.23456e-9, 1.2e-9), shown(None, 1.0), shown(40.2, 41.0)
        ('10.279', '1.2e-9', '—', '40')
    """
    if value is None:
        return "—"
    mantissa, _, exponent = repr(recorded).partition("e")
    decimals = len(mantissa.partition(".")[2])
    if mantissa.endswith(".0"):
        decimals = 0
    text = f"{value:.{decimals}{'e' if exponent else 'f'}}"
    mantissa, _, exponent = text.partition("e")
    return mantissa.replace("-", "−") + (f"e{int(exponent)}" if exponent else "")


def _place(paper: Paper, name: str, claim: Claim, numbers: Sequence[str]) -> str:
    """Writes the place of a claim, as one that can be linked to, with links to its figures."""
    links = [f"[Fig. {number}](book/{paper.name}.md#fig-{number})" for number in numbers]
    anchor = f'<a id="{paper.name}-{name}"></a>'
    if len(numbers) == 1 and claim.place.startswith(f"Fig. {numbers[0]}"):
        return f"{anchor}[{claim.place}](book/{paper.name}.md#fig-{numbers[0]})"
    return anchor + ", ".join([claim.place, *links])


def _summary(papers: Sequence[Paper]) -> str:
    """Counts verdicts by paper, as a table, and lists what does not hold."""
    rows = [
        (f"[{paper.title}](#{paper.title.lower().replace(' ', '-')})", *_counts(paper.claims))
        for paper in papers
    ]
    rows.append(("all", *_counts([claim for paper in papers for claim in paper.claims])))
    table = to_markdown(Sheet("", ("", *KINDS, "mended", "claims"), rows))
    wrong = "\n".join(f"* {paper.title}: {_wrong(paper)}." for paper in papers)
    return "\n\n".join([table.partition("\n\n")[2], "What does not hold:", wrong + "\n"])


def _counts(claims: Sequence[Claim]) -> tuple[str, ...]:
    """Counts claims by verdict, those that are mended, and all."""
    kinds = Counter(claim.verdict for claim in claims)
    mended = sum(claim.place.endswith("mended") for claim in claims)
    return tuple(str(n) for n in (*(kinds[kind] for kind in KINDS), mended, len(claims)))


def _wrong(paper: Paper) -> str:
    """Lists the places of a paper at which something does not hold, each with how many."""
    places = Counter(claim.place for claim in paper.claims if claim.verdict == "wrong")
    return "; ".join(place + (f" ({n})" if n > 1 else "") for place, n in places.items())
