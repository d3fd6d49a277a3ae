"""The ledger of claims: whole, judged by its own numbers, written down as it is."""

import math
import pathlib
import re

import pytest

from qbjax import papers
from qbjax.figures import PAPERS, ledger
from qbjax.papers import check
from qbjax.papers.claim import Claim, Ours, about, at_least, identity, judged, printed

LEDGER = pathlib.Path(__file__).parents[2] / "docs" / "claims.md"
CLAIMS = [(one.name, claim) for one in papers.PAPERS for claim in one.claims]
TOY = Claim("Eq. (1)", "E", about(2.0, 0.1), "within reading", Ours(2.05, 0.01, lambda: 2.052))


def test_every_paper_has_its_claims():
    assert [one.name for one in papers.PAPERS[:5]] == [
        "dopo", "collisional", "micromaser", "bloch", "waveguide",
    ]  # fmt: skip
    assert all(len(one.claims) >= 20 for one in papers.PAPERS)
    assert len(CLAIMS) >= 150
    for name, claim in CLAIMS:
        assert claim.place, name
        assert claim.quantity, name
        for words in (claim.quantity, claim.why, claim.said.words if claim.said else ""):
            assert "\n" not in words


@pytest.mark.parametrize("name", [one.name for one in papers.PAPERS])
def test_verdicts_follow_from_the_numbers_on_record(name):
    for claim in papers.paper(name).claims:
        values = [number and number.value for number in (claim.ours, claim.cut)]
        assert judged(claim, *values) == claim.verdict, (claim.place, claim.quantity)
        for number in check.numbers(claim):
            assert math.isfinite(number.value), claim
            assert 0 <= number.within < math.inf, claim
        checkable = claim.verdict != "cannot be checked"
        assert bool(check.numbers(claim)) == checkable, (claim.place, claim.quantity)
        assert claim.why or claim.verdict != "cannot be checked"


def test_no_number_moves_a_verdict_within_its_tolerance():
    """A verdict that a recomputed number may flip while it counts as the same is none."""
    for name, claim in CLAIMS:
        if claim.verdict in ("agrees", "within reading", "wrong"):
            number = claim.ours or claim.cut
            for end in (-1, 1):
                moved = number.value + end * number.within
                again = judged(claim, moved, None)
                assert again == claim.verdict, (name, claim.place, claim.quantity, moved)


def test_the_file_is_what_is_generated():
    """Else: qbjax validate --write docs/claims.md"""
    assert LEDGER.read_text("utf-8") == ledger.markdown(papers.PAPERS, PAPERS)


def test_each_claim_is_a_row_of_seven_cells():
    rows = [line for line in LEDGER.read_text("utf-8").splitlines() if line.startswith("| ")]
    table = [line for line in rows if len(re.findall(r"(?<!\\)\|", line)) == 8]
    assert len(table) == len(CLAIMS) + len(papers.PAPERS)  # with a heading for each paper


def test_the_summary_counts_and_leads_to_the_papers():
    text = LEDGER.read_text("utf-8")
    for paper in papers.PAPERS:
        wrong = sum(claim.verdict == "wrong" for claim in paper.claims)
        line = re.search(rf"^\| \[{re.escape(paper.title)}\]\(#(.+?)\) \|(.*)\|$", text, re.M)
        assert f"\n## {paper.title}\n" in text
        assert line[1] == paper.title.lower().replace(" ", "-")
        cells = [int(cell) for cell in line[2].split("|")]
        assert (cells[2], cells[-1]) == (wrong, len(paper.claims))
        assert sum(cells[:5]) == cells[-1]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("2.0", 1.95, 2.05), ("-0.5", -0.55, -0.45), ("724", 723.5, 724.5),
     ("1.28e-19", 1.275e-19, 1.285e-19)],
)  # fmt: skip
def test_printed_digits(text, low, high):
    said = printed(text)
    assert (said.low, said.high) == pytest.approx((low, high), rel=1e-3)
    assert said.low < float(text) < said.high
    assert not said.read


def test_judgement():
    assert judged(TOY, 2.05, None) == "within reading"
    assert judged(TOY, 2.05, 9.0) == "within reading"
    assert judged(TOY, None, 2.2) == "wrong"
    assert judged(TOY, math.nan, None) == "wrong"
    assert judged(TOY, None, None) == "cannot be checked"
    assert judged(TOY._replace(said=identity()), 1e-12, None) == "agrees"
    assert judged(TOY._replace(said=at_least(3.0, "above 3")), 2.0, None) == "wrong"
    assert judged(TOY._replace(said=None), 2.0, None) == "not in the paper"


def recomputed(everything=True, **changed):
    return check.recomputed(TOY._replace(**changed), everything=everything)


def test_a_claim_that_holds():
    outcome = recomputed()
    assert (outcome.ours, outcome.cut, outcome.trouble) == (2.052, None, "")


def test_a_number_that_drifts_is_told():
    assert "2.08 instead of 2.05 ± 0.01" in recomputed(ours=Ours(2.05, 0.01, lambda: 2.08)).trouble
    assert "nan instead of" in recomputed(ours=Ours(2.05, 0.01, lambda: math.nan)).trouble


def test_a_verdict_that_changes_is_told():
    outcome = recomputed(ours=Ours(2.05, 9.0, lambda: 3.0))
    assert outcome.trouble == "“wrong” instead of “within reading”"
    assert outcome.verdict == "wrong"


def test_an_error_is_trouble_of_its_claim():
    def fail():
        raise ValueError("no\nroot")

    outcome = recomputed(ours=Ours(2.05, 0.01, fail))
    assert outcome.trouble.startswith("ValueError: no root; “cannot be checked”")
    assert outcome.ours is None


def test_slow_numbers_wait():
    slow = Ours(2.05, 0.01, lambda: 9.0, slow=True)
    assert recomputed(everything=False, ours=slow).trouble == ""
    assert recomputed(everything=True, ours=slow).trouble
    toy = papers.Paper("toy", "Toys", "", "", (TOY, TOY._replace(ours=slow)))
    assert [len(c) for _, c in papers.chosen([toy], everything=False)] == [1]
    assert [len(c) for _, c in papers.chosen([toy], everything=True)] == [2]


CHEAP = {
    ("bloch", "Eq. (60)"), ("dopo", "Eq. (A26)"), ("dopo", "Eqs. (4), (A13)"),
    ("collisional", "Eq. (12)"), ("collisional", "App. A"), ("micromaser", "Eq. (11)"),
    ("micromaser", "Eq. (15)"), ("waveguide", "Fig. 2"), ("waveguide", "Fig. 4b"),
}  # fmt: skip


def test_a_few_claims_recomputed():
    found = [
        check.recomputed(claim, everything=False)
        for name, claim in CLAIMS
        if (name, claim.place) in CHEAP
    ]
    assert len(found) > 10
    assert not [(o.claim.place, o.claim.quantity, o.trouble) for o in found if o.trouble]


@pytest.mark.slow
@pytest.mark.standard_promotion
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [one.name for one in papers.PAPERS])
def test_every_claim_recomputed(name):
    found = [check.recomputed(claim, everything=True) for claim in papers.paper(name).claims]
    assert not [(o.claim.place, o.claim.quantity, o.trouble) for o in found if o.trouble]
