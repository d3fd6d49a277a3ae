"""Figures and the ledger agree; the book of the documentation has every figure and its picture."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from PIL import Image

from qbjax import papers
from qbjax.figures import PAPERS, ledger, pages
from qbjax.papers.names import names
from tests.command import one_line, qbjax

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BOOK = DOCS / "book"
FIGURES = [pytest.param(one, n, id=f"{one.name}-{n}") for one in PAPERS for n in one.figures]
TURNS = {
    "dopo": {
        "ours-1": "W_ss at F = 3.5",
        "sec-iii-4": "its rate over that of W^c",
        "sec-iv-1": "κ_a over that of Ref. [74]",
    },
    "bloch": {"ours-1": "largest ergotropic power at θ = π/2, in ω_b J"},
    "waveguide": {
        "eq-6-1": "population left by Markov's approximation at t = 200, ω₀ = 1.4",
        "eq-8-1": "|c₂|² at t = 180…200 against Eq. (8), ω₀ = 0.6",
        "eq-8-2": "the same at ω₀ = 1.4, Δ_z = 0.5 λ₁₁",
        "discussion-1": "most energy at ω₀ = 1.0",
        "discussion-3": "most ergotropy at ω₀ = 0.6",
        "discussion-4": "ω₀ of the most ergotropy",
        "ours-2": "most ergotropy, Δ_z = 0.1 λ₁₁",
        "ours-9": "most energy with a state in the continuum, ω₀ = 1.4, 0.463544273 λ₁₁",
    },
    "collisional": {
        "sec-iii-b-1": "greedy over full swap, in the time of 60 greedy qubits",
        "sec-iii-c-1": "E of 159 equal qubits in Ωτ = 5 over the limit θ → 0",
        "app-c-1": "bound with loss over that without after those, γ = 1e-3",
        "eq-29-2": "Ωτ* of j = 99/2, the bound mended",
        "eqs-27-29-2": "the same, j = 99/2",
        "sec-iv-c-2": "the same for j = 99/2, over the printed bound",
        "sec-iv-c-3": "… over the rigorous bound",
    },
    "micromaser": {
        "sec-3-1": "number state of the trap of q = 0, θ = π/√15",
        "sec-3-2": "energy of the trap over E_{m−1}, q = 0.25",
        "sec-3-5": "highest energy at π/√15.6, c = 0, q = 0.25",
        "sec-4-1": "time scale of that purity over that of the energy",
        "sec-4-2": "the same over the classical energy",
        "eq-14-1": "1 − purity at θ = π/√15, q = 0.25, c = 1",
        "eq-14-2": "energy there",
    },
}
"""Claims that a figure names by their turn, which a new one before them would change."""

LARGEST, ALL = 80_000, 2_000_000
"""Bytes of a picture, and of all."""

AGAIN = "Type: qbjax reproduce --write docs/book"


def test_names_of_claims_are_unlike():
    for one in papers.PAPERS:
        found = names(one)
        assert tuple(found.values()) == one.claims
        assert all(re.fullmatch(r"[a-z0-9-]+-\d+", name) for name in found)


@pytest.mark.parametrize(("paper", "number"), FIGURES)
def test_a_figure_bears_on_claims_that_there_are(paper, number):
    known = names(papers.paper(paper.name))
    places = {name.rpartition("-")[0] for name in known}
    figure = paper.figures[number]
    assert set(figure.claims) <= set(known) | places
    found = ledger.bears_on(paper, number)
    assert found
    assert all(found[name] is known[name] for name in found)
    # Verdicts are the ledger's: a remark has none that could differ from it.
    assert not re.search(r"reproduce|agree|confirm|wrong", figure.remark)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_claims_that_are_named_by_their_turn_are_those_that_are_meant(paper):
    known = names(papers.paper(paper.name))
    named = {name for figure in paper.figures.values() for name in figure.claims if name in known}
    assert {name: known[name].quantity for name in named} == TURNS[paper.name]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_claim_about_a_figure_is_drawn(paper):
    drawn = {name for number in paper.figures for name in ledger.bears_on(paper, number)}
    assert {name for name in names(papers.paper(paper.name)) if name.startswith("fig-")} <= drawn


def test_a_verdict_that_changes_changes_that_of_the_figure(monkeypatch):
    paper = next(one for one in PAPERS if one.name == "micromaser")
    assert ledger.verdict(paper, "7") == "4 × agrees."
    known = papers.paper("micromaser")
    place = known.claims.index(names(known)["fig-7-2"])
    other = known.claims[place]._replace(verdict="wrong")
    claims = (*known.claims[:place], other, *known.claims[place + 1 :])
    monkeypatch.setattr(papers, "PAPERS", (known._replace(claims=claims),))
    assert ledger.verdict(paper, "7") == "3 × agrees, 1 × wrong."
    assert "Verdict: 3 × agrees, 1 × wrong." in pages.chapter(paper)


def test_a_quick_look_claims_nothing(tmp_path):
    dopo = PAPERS[0]
    assert pages.judgement(dopo, "2", quick=True).startswith("none, of a quick look (coarser ")
    assert pages.judgement(dopo, "2", quick=False) == ledger.verdict(dopo, "2")
    (tmp_path / "dopo").mkdir()
    (tmp_path / "dopo" / "figure-2.png").touch()
    quick, whole = (
        pages.index(PAPERS, tmp_path, quick=quick).read_text("utf-8") for quick in (True, False)
    )
    assert quick.count("Verdict: none, of a quick look") == 1
    assert "Dashed lines have enough" not in quick
    assert "Dashed lines have enough" in whole
    for word in ("![Fig. 2](dopo/figure-2.png)", dopo.figures["2"].shows, "qbjax reproduce dopo 3"):
        assert word in whole


def test_the_book_is_what_is_generated():
    assert (BOOK / "index.md").read_text("utf-8") == pages.contents(PAPERS), AGAIN
    for paper in PAPERS:
        assert (BOOK / f"{paper.name}.md").read_text("utf-8") == pages.chapter(paper), AGAIN


@pytest.mark.parametrize(("paper", "number"), FIGURES)
def test_a_figure_is_shown_with_its_claims_and_they_with_it(paper, number):
    text = (BOOK / f"{paper.name}.md").read_text("utf-8")
    _, _, section = text.partition(f'<a id="fig-{number}"></a>')
    section, _, _ = section.partition('<a id="fig-')
    assert f"]({pages.picture(paper, number)})" in section
    assert f"qbjax reproduce {paper.name} {number}\n" in section
    told = re.findall(rf"\(\.\./claims\.md#{paper.name}-([a-z0-9-]+)\)", section)
    assert told == list(ledger.bears_on(paper, number))
    rows = (DOCS / "claims.md").read_text("utf-8").splitlines()
    link = f"(book/{paper.name}.md#fig-{number})"
    shown = re.compile(rf'\| <a id="{paper.name}-([a-z0-9-]+)"></a>')
    assert [shown.match(row)[1] for row in rows if link in row] == told


@pytest.mark.parametrize(("paper", "number"), FIGURES)
def test_pictures_are_small_and_of_the_entry(paper, number):
    path = BOOK / pages.picture(paper, number)
    assert path.stat().st_size <= LARGEST
    with Image.open(path) as image:
        assert image.width >= 500
        assert image.text[pages.DRAWN_FROM] == pages.digest(paper, number), AGAIN


def test_pictures_are_few_bytes_and_all_are_shown():
    found = sorted(BOOK.glob("*.png"))
    assert sum(path.stat().st_size for path in found) <= ALL
    wanted = {pages.picture(paper, number) for paper in PAPERS for number in paper.figures}
    assert {path.name for path in found} == wanted


def test_a_small_picture(tmp_path):
    figure, ax = plt.subplots(figsize=(14.0, 3.5))
    ax.plot([0, 1], [0, 1])
    path = pages.small(PAPERS[0], "2", figure, tmp_path / "new")
    plt.close(figure)
    with Image.open(path) as image:
        assert image.width == 1200
        assert image.text[pages.DRAWN_FROM] == pages.digest(PAPERS[0], "2")
        assert pages.digest(PAPERS[0], "2") != pages.digest(PAPERS[0], "6")


def test_no_quick_look_in_the_book(tmp_path):
    result = qbjax("reproduce", "--quick", "--out", tmp_path, "--write", tmp_path / "book")
    assert result.exit_code == 2
    assert one_line(result.stderr, "`write`", "--quick", "Type: qbjax reproduce --write")
    assert not (tmp_path / "book").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("code", [0, 3])
def test_make_reproduce_fails_where_a_verdict_changed(code, tmp_path):
    """The command is a stand-in: what `qbjax validate` ends with is tested beside it."""
    command = tmp_path / "qbjax"
    command.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncase "$1" in validate) exit {code};; esac\n'
    )
    command.chmod(0o755)
    made = subprocess.run(
        ["make", "-o", ".venv/.run", f"BIN={tmp_path}", "reproduce"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={name: text for name, text in os.environ.items() if name != "QUICK"},
    )  # fmt: skip
    assert (made.returncode != 0) == (code != 0), made.stderr
    assert (tmp_path / "asked").read_text().splitlines() == ["reproduce", "validate --all"]
