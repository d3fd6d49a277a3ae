"""Claims computed anew: the numbers beside those on record, and whether a verdict changed."""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from qbjax.papers.claim import Claim, Ours, Paper, Verdict, judged


class Outcome(NamedTuple):
    """A claim after its numbers were computed anew.

    Attributes:
        claim: the claim.
        ours, cut: the numbers; on record where they were not computed.
        verdict: what follows from them.
        trouble: what changed, in words; "" if nothing did.
        seconds: how long it took.
    """

    claim: Claim
    ours: float | None
    cut: float | None
    verdict: Verdict
    trouble: str
    seconds: float


def numbers(claim: Claim) -> list[Ours]:
    """Lists the numbers of ours that a claim has."""
    return [number for number in (claim.ours, claim.cut) if number is not None]


def chosen(papers: Iterable[Paper], *, everything: bool) -> Iterator[tuple[Paper, list[Claim]]]:
    """Picks of each paper the claims that have a number to compute.

    Args:
        papers: where from.
        everything: whether slow numbers are computed, too.
    """
    for paper in papers:
        yield (
            paper,
            [
                claim
                for claim in paper.claims
                if any(everything or not number.slow for number in numbers(claim))
            ],
        )


def recomputed(claim: Claim, *, everything: bool) -> Outcome:
    """Computes the numbers of a claim anew and judges it by them.

    An error that a number ends in is trouble of its claim; the next claim is none of its business.

    Args:
        claim: the claim.
        everything: whether slow numbers are computed, too; others stay as they are on record.
    """
    start = time.perf_counter()
    ours, drift = _computed(claim.ours, everything)
    cut, more = _computed(claim.cut, everything)
    verdict = judged(claim, ours, cut)
    change = "" if verdict == claim.verdict else f"“{verdict}” instead of “{claim.verdict}”"
    trouble = "; ".join(words for words in (drift, more, change) if words)
    return Outcome(claim, ours, cut, verdict, trouble, time.perf_counter() - start)


def _computed(number: Ours | None, everything: bool) -> tuple[float | None, str]:
    """Computes a number anew, unless it is slow, and says what is wrong with it."""
    if number is None:
        return None, ""
    if number.slow and not everything:
        return number.value, ""
    try:
        value = float(number.compute())
    except (ValueError, TypeError, ArithmeticError, RuntimeError) as error:
        return None, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if abs(value - number.value) <= number.within:  # which what is not a number is not
        return value, ""
    return value, f"{value:.10g} instead of {number.value!r} ± {number.within:g}"
