"""A claim of a paper: its words, the numbers that agree with them, ours, and the verdict.

A verdict follows from numbers alone. A paper says of one number in which interval it lies
(`printed`, `about`, `at_least`, `at_most`, `identity`); ours lies there or does not. Where a paper
cut its ladder too short, the number of its own truncation stands beside ours, and ours is judged.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Literal, NamedTuple

Verdict = Literal["agrees", "within reading", "wrong", "cannot be checked", "not in the paper"]
"""Fate of a claim; "within reading": as well as a figure or an "about" can be read."""

EXACT = 1e-9
"""Most by which two sides of an identity may differ."""


class Said(NamedTuple):
    """The value that a paper gives to a number, as an interval.

    Attributes:
        words: the value as text.
        low, high: the ends of the numbers that agree with it.
        read: whether it was read off a figure, fitted to one, or said roughly.
    """

    words: str
    low: float = -math.inf
    high: float = math.inf
    read: bool = False


class Ours(NamedTuple):
    """A number of ours: what was found, and how to find it again.

    Attributes:
        value: the number on record.
        within: most by which a number that is computed anew may differ from it.
        compute: makes it anew, by way of the public front door.
        slow: whether that takes longer than seconds.
    """

    value: float
    within: float
    compute: Callable[[], float]
    slow: bool = False


class Claim(NamedTuple):
    """One quantitative claim of a paper.

    Attributes:
        place: the equation, figure or section.
        quantity: of what the number is.
        said: what the paper says of it; None for a finding of ours.
        verdict: what became of it.
        ours: the number, with levels enough or of a closed form.
        why: the reason of the verdict.
        cut: the number at the paper's own truncation, where that matters.
    """

    place: str
    quantity: str
    said: Said | None
    verdict: Verdict
    ours: Ours | None = None
    why: str = ""
    cut: Ours | None = None


class Paper(NamedTuple):
    """A paper and its claims, in its order.

    Attributes:
        name: a word for the command line.
        title: a heading.
        source: authors, title, journal.
        note: parameters and units unless a claim says otherwise.
        claims: what it claims.
    """

    name: str
    title: str
    source: str
    note: str
    claims: tuple[Claim, ...]


def printed(text: str, words: str = "") -> Said:
    """Reads a number as it was printed: right to half a unit of its last digit.

    With "…" behind them, digits are cut off rather than rounded.

    Args:
        text: the digits.
        words: the text to show, if it is another.

    Example:
        >>> printed("2.049").high - printed("2.049").low < 0.00101
        True
        >>> printed("1.165…").low, printed("1.165…").high
        (1.165, 1.166)
    """
    digits = Decimal(text.rstrip("…").replace("−", "-"))
    unit = float(Decimal(1).scaleb(int(digits.as_tuple().exponent)))
    value, shown = float(digits), words or ("−" + text[1:] if text[0] == "-" else text)
    if text.endswith("…"):
        return Said(shown, value, round(value + unit, 12))
    # A tie may have been rounded either way, and half a unit is not a binary number.
    return Said(shown, value - 0.5001 * unit, value + 0.5001 * unit)


def about(value: float, give: float, words: str = "") -> Said:
    """Takes a number as read off a figure, or said roughly.

    Args:
        value: the number.
        give: how far from it a number still agrees.
        words: the text to show, if it is another.
    """
    shown = f"{words or f'≈ {value:g}'} (± {give:g})".replace("e-0", "e-")
    return Said(shown, value - give, value + give, True)


def at_least(low: float, words: str) -> Said:
    """Takes a statement that holds while a number is large enough."""
    return Said(words, low)


def at_most(high: float, words: str) -> Said:
    """Takes a statement that holds while a number is small enough."""
    return Said(words, high=high)


def identity(words: str = "0: an identity") -> Said:
    """Takes an equation, of which the number is the largest difference between its sides."""
    return Said(words, -EXACT, EXACT)


def judged(claim: Claim, ours: float | None, cut: float | None) -> Verdict:
    """Judges a claim by numbers of ours: the one with levels enough if there is any.

    Args:
        claim: what is claimed.
        ours: the number, recorded or computed anew.
        cut: the number at the paper's truncation.

    Example:
        >>> claim = Claim("Fig. 1", "E", about(2.0, 0.1), "wrong")
        >>> judged(claim, 3.0, 2.05), judged(claim, None, 2.05)
        ('wrong', 'within reading')
    """
    value = cut if ours is None else ours
    if claim.said is None:
        return "not in the paper"
    if value is None:
        return "cannot be checked"
    if not claim.said.low <= value <= claim.said.high:  # neither is what is not a number
        return "wrong"
    return "within reading" if claim.said.read else "agrees"
