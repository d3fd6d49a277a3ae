"""Agreement of a store with a sweep: differences, those accepted, and the refusal of others.

A store belongs to its function, its grid, and the versions of what computed it. Other versions, or
a function that differs or cannot be compared, can be accepted in so many words.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from qbjax import _checks

WORDS = ("function", "versions")
VERSION = "version."
LISTED = 8
"""Most differences that a sentence names."""


class Refused(ValueError):
    """The error for a store that may not be continued, but with the `words` that accept it."""

    def __init__(self, reason: str, words: Sequence[str]):
        self.reason, self.words = reason, tuple(words)
        shown = repr(self.words[0]) if len(self.words) == 1 else repr(self.words)
        self.args = (f"{reason}{f', or accept={shown}' if words else ''}.",)


class Difference(NamedTuple):
    """Differences between a store and a sweep: names of parts, and the fingerprints of both."""

    names: Collection[str]
    kept: Mapping[str, str]
    ours: Mapping[str, str]

    def refuse(self, path: Path, accept: Collection[str]) -> None:
        """Refuses the store unless all differences are accepted."""
        found = [name for name in self.names if word_of(name) not in accept]
        if not found:
            return
        # All of them, for the words replace those that were said.
        words = sorted({word_of(name) for name in self.names})
        differing = " and ".join(self._in_words(found))
        raise Refused(
            f"Argument `store` must belong to this sweep, but {path} was made with {differing}: "
            "take a new path, or what it was made with",
            () if "" in words else words,
        )

    def accepted(self, accept: Collection[str]) -> list[str]:
        """Differences that are there and were accepted, in words, for the record."""
        return self._in_words([name for name in self.names if word_of(name) in accept])

    def _in_words(self, found: Collection[str]) -> list[str]:
        versions = [n.removeprefix(VERSION) for n in found if word_of(n) == "versions"]
        said = [
            f"{n} {self.kept.get(VERSION + n, 'unused')} "
            f"(here {self.ours.get(VERSION + n, 'unused')})"
            for n in versions
        ]
        differing = [", ".join(said)] if said else []
        names = [name for name in found if word_of(name) != "versions"]
        if f"{VERSION}python" in self.names and "function" in map(word_of, names):
            differing += ["a function that cannot be compared"]
            names = [name for name in names if word_of(name) != "function"]
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        return differing + ([f"another {', '.join(names[:LISTED])}{more}"] if names else [])


def checked(accept: str | Collection[str] | Any) -> frozenset[str]:
    """Checks an argument `accept`: one of `WORDS`, or several."""
    words = (accept,) if isinstance(accept, str) else accept
    if not isinstance(words, tuple | list | set | frozenset):
        raise TypeError(
            f"Argument `accept` must be of {', '.join(map(repr, WORDS))}, but is {accept!r}."
        )
    for word in words:
        _checks.choice("accept", word, WORDS)
    return frozenset(words)


def word_of(name: str) -> str:
    """The word that accepts a difference; empty if none does.

    Example:
        >>> word_of("function.g"), word_of("version.jax"), word_of("grid.F")
        ('function', 'versions', '')
    """
    if name.startswith(VERSION):
        return "versions"
    return "function" if name.partition(".")[0] == "function" else ""
