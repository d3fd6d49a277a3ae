"""Pages that show figures beside the claims they bear on: `index.md`, and the book of the docs."""

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure as Drawing
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from qbjax import papers
from qbjax.dynamics.record.provenance import described
from qbjax.figures import ledger
from qbjax.figures.entry import Paper
from qbjax.papers import page
from qbjax.papers.claim import Claim
from qbjax.views.report import Sheet, to_markdown

COLUMNS = ("place", "quantity", "paper", "ours", "verdict")

WIDEST, MOST, DENSEST, COLOURS = 1200, 600_000, 130, 64
"""Width and number of points of a small picture, points per inch, and colours: at most so many."""

DRAWN_FROM = "Drawn from"
"""Text of a small picture: the digest of the entry that it shows."""

HEAD = """# The papers' figures, drawn anew

Made by `qbjax reproduce --write docs/book`: change it in `qbjax/figures` and `qbjax/papers`.

Every figure of five papers that is made of numbers, as `qbjax reproduce` draws it: what the paper
shows, the claims of [the ledger](../claims.md) that the figure bears on, each with the paper's
number, ours, a verdict and its reason. The command below a figure draws it in full size as PNG, PDF
and SVG, with the CSV that it is drawn from.
"""


def index(shelf: Sequence[Paper], folder: Path, *, quick: bool) -> Path:
    """Writes `index.md`: every figure that has been drawn in a folder, and what to think of it.

    Args:
        shelf: all papers.
        folder: of the figures.
        quick: whether they are a quick look, of which nothing is claimed.
    """
    lines = ["# The papers' figures, drawn anew", ""]
    for paper in shelf:
        lines += [f"## {paper.source}", "", *([] if quick or not paper.note else [paper.note, ""])]
        for number, figure in paper.figures.items():
            stem = f"{paper.name}/figure-{number}"
            if not (folder / f"{stem}.png").exists():
                lines += [f"Fig. {number} is not drawn yet: `{command(paper, number)}`.", ""]
                continue
            links = ", ".join(f"[{kind}]({stem}.{kind})" for kind in ("pdf", "svg", "csv"))
            lines += [
                f"### Fig. {number}: {figure.title}", "", f"![Fig. {number}]({stem}.png)", "",
                f"The paper: {figure.shows}", "",
                f"Verdict: {judgement(paper, number, quick=quick)} ({links})", "",
            ]  # fmt: skip
    path = folder / "index.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def judgement(paper: Paper, number: str, *, quick: bool) -> str:
    """Words the verdict of a figure; a quick look with coarser arguments has none."""
    found, coarser = ledger.verdict(paper, number), paper.figures[number].coarser()
    if not quick or not coarser:
        return found
    return f"none, of a quick look (coarser {', '.join(coarser)}). Of the whole figure: {found}"


def words(claim: Claim) -> tuple[str, str, str, str]:
    """Words a claim as the cells of `COLUMNS` behind its place."""
    _, quantity, said, ours, cut, fate, why = page.row(claim)
    numbers = (ours, f"with its levels {cut}" if cut else "")
    return quantity, said, ", ".join(filter(None, numbers)), f"{fate}; {why}" if why else fate


def command(paper: Paper, number: str) -> str:
    """Writes the command that draws a figure."""
    return f"qbjax reproduce {paper.name} {number}"


def contents(shelf: Sequence[Paper]) -> str:
    """Writes the first page of the book, which links to all papers and figures."""
    lines = [HEAD]
    for paper in shelf:
        links = ", ".join(f"[{number}]({paper.name}.md#fig-{number})" for number in paper.figures)
        lines.append(f"- [{paper.source}]({paper.name}.md): figures {links}.")
    lines += [
        "",
        "What others found of further batteries has no figure here: it is at the end of "
        "[the ledger](../claims.md#further-batteries), and each battery's page has its picture.",
        "",
    ]
    return "\n".join(lines)


def chapter(paper: Paper) -> str:
    """Writes the page of a paper in the book."""
    title = papers.paper(paper.name).title
    ledgers = f"[{title}](../claims.md#{title.lower().replace(' ', '-')})"
    lines = [
        f"# {paper.source}",
        "",
        f"All claims of the paper, also those without a figure: {ledgers}.",
        "",
        *([paper.note, ""] if paper.note else []),
    ]
    for number, figure in paper.figures.items():
        claims = ledger.bears_on(paper, number)
        rows = [
            (
                f"[{claim.place.replace('—', 'ours')}](../claims.md#{paper.name}-{name})",
                *words(claim),
            )
            for name, claim in claims.items()
        ]
        table = to_markdown(Sheet("", COLUMNS, rows)).partition("\n\n")[2]
        shown = f"![Fig. {number}: {figure.title}]({picture(paper, number)})"
        lines += [
            f'<a id="fig-{number}"></a>', "", f"## Fig. {number}: {figure.title}", "",
            f"[{shown}]({picture(paper, number)})", "",
            f"The paper: {figure.shows}", "", f"Verdict: {ledger.verdict(paper, number)}", "",
            "```bash", command(paper, number), "```", "", table, "",
        ]  # fmt: skip
    return "\n".join(lines)


def write(shelf: Sequence[Paper], folder: Path) -> None:
    """Writes all pages of the book, to which `small` adds the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.md").write_text(contents(shelf), encoding="utf-8")
    for paper in shelf:
        (folder / f"{paper.name}.md").write_text(chapter(paper), encoding="utf-8")


def picture(paper: Paper, number: str) -> str:
    """Names the small picture of a figure."""
    return f"{paper.name}-{number}.png"


def small(paper: Paper, number: str, drawn: Drawing, folder: Path) -> Path:
    """Saves a drawing with few points and colours, and the digest of its entry."""
    width, height = drawn.get_size_inches()
    dpi = min(DENSEST, WIDEST / width, (MOST / (width * height)) ** 0.5)
    page = io.BytesIO()
    drawn.savefig(page, format="png", dpi=dpi)
    about = PngInfo()
    about.add_text(DRAWN_FROM, digest(paper, number))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / picture(paper, number)
    few = Image.open(page).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True, pnginfo=about)
    return path


def digest(paper: Paper, number: str) -> str:
    """Digests what is drawn of an entry: title, panels, curves, and the arguments of their runs."""
    figure = paper.figures[number]
    entry = described((figure.title, figure.columns, figure.panels))
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:16]
