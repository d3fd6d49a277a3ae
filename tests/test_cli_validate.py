"""`qbjax validate`: its table, its exit codes, its file."""

import pytest

from qbjax import papers
from qbjax.papers.claim import Claim, Ours, about
from tests.command import one_line, qbjax

GOOD = Claim(
    "Eq. (1)", "a number", about(2.0, 0.1), "within reading", Ours(2.05, 0.01, lambda: 2.05)
)
SLOW = Claim("Eq. (2)", "a slow one", None, "not in the paper", Ours(1.0, 0.1, lambda: 9.0, True))
BAD = Claim("Eq. (3)", "a wrong one", about(2.0, 0.1), "agrees", Ours(2.05, 0.01, lambda: 3.0))


@pytest.fixture(autouse=True)
def shelf(monkeypatch):
    made = papers.Paper("toy", "Toys", "Anon.", "", (GOOD, SLOW))
    spoiled = papers.Paper("spoiled", "Spoiled", "Anon.", "", (GOOD, BAD))
    monkeypatch.setattr(papers, "PAPERS", (made, spoiled))


def test_what_holds():
    result = qbjax("validate", "--paper", "toy")
    assert result.exit_code == 0, result.output
    for words in ("Eq. (1)", "2.05", "within reading", "1 of 2 claims computed anew: all as in"):
        assert words in result.output
    assert "Eq. (2)" not in result.output


def test_slow_numbers_only_with_all():
    result = qbjax("validate", "--paper", "toy", "--all")
    assert result.exit_code == 3
    assert one_line(result.stderr, "Eq. (2), a slow one", "9 instead of 1.0 ± 0.1")


def test_a_claim_that_changed():
    result = qbjax("validate")
    assert result.exit_code == 3
    assert "3 of 4 claims computed anew: 1 changed" in result.output
    assert one_line(result.stderr, "Error: Eq. (3), a wrong one: 3 instead of", "“wrong” instead")


def test_a_wrong_name():
    result = qbjax("validate", "--paper", "toys")
    assert result.exit_code == 2
    assert one_line(result.stderr, "`paper` must be one of 'toy', 'spoiled'", "did you mean 'toy'")


def test_the_file(tmp_path):
    result = qbjax("validate", "--write", tmp_path / "claims.md")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "claims.md").read_text("utf-8") == papers.markdown(papers.PAPERS)
    result = qbjax("validate", "--write", tmp_path / "no" / "claims.md")
    assert result.exit_code == 2
    assert one_line(result.stderr, "no/claims.md")
