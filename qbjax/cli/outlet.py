"""Safe streams of a command, which take every character and may be closed, full or gone.

What a stream's encoding lacks is spelled in ASCII (✓ is OK, γ is gamma). What cannot be written is
forgotten, for the results are files: a command goes on, and says at its end what was not shown.
"""

import errno
import io
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

SPELLED = {
    "✓": "OK", "–": "-", "—": "-", "−": "-", "…": "...", "“": '"', "”": '"', "’": "'", "‘": "'",
    "×": "x", "·": "*", "≤": "<=", "≥": ">=", "≈": "~", "≠": "!=", "→": "->", "∞": "inf",
    "∫": "int ", "√": "sqrt", "±": "+-", "∈": "in", "⊗": "(x)", "ħ": "hbar", "µ": "mu",
    "⟨": "<", "⟩": ">", "†": "^+", "°": " deg",
}  # fmt: skip
"""ASCII spellings of characters that have no decomposition."""


def spelled(text: str, encoding: str) -> str:
    r"""Spells in readable ASCII what an encoding lacks in a text.

    Example:
        >>> spelled("✓ 0 ≤ γ₁₁t² ≤ π", "ascii")
        'OK 0 <= gamma_11t^2 <= pi'
        >>> spelled("γ₁ → café", "latin-1")
        'gamma_1 -> café'
    """
    if _fits(text, encoding):
        return text
    text = re.sub("[₀-₉]+", lambda found: _script("_", found[0], encoding), text)
    text = re.sub("[⁰¹²³⁴-⁹]+", lambda found: _script("^", found[0], encoding), text)
    return "".join(c if _fits(c, encoding) else _spelled(c) for c in text)


class Outlet:
    """A text stream that never fails; all but writing is the wrapped stream's own.

    Attributes:
        lost: why something was not written; None as long as everything was.
    """

    def __init__(self, stream: Any):
        self._stream = stream
        self.lost: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes as much of a text as can be written; returns its length."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._try(lambda: self._stream.write(spelled(text, encoding)))
        return len(text)

    def flush(self) -> None:
        """Hands on all that was written."""
        self._try(self._stream.flush)

    @property
    def was_left(self) -> bool:
        """Whether the reader went away, as `head` does when it has seen enough."""
        return getattr(self.lost, "errno", None) in (errno.EPIPE, errno.EINVAL)

    def _try(self, action: Callable[[], Any]) -> None:
        if self.lost is not None:
            return
        try:
            action()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            self.lost = error
            self._abandon()

    def _abandon(self) -> None:
        """Sends to nowhere the text that Python would else try to flush once more as it ends."""
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def outlets() -> Iterator[tuple[Outlet, Outlet]]:
    """Makes outlets of `sys.stdout` and `sys.stderr` meanwhile."""
    before = sys.stdout, sys.stderr
    # Python has None where a descriptor was closed from the start.
    here = Outlet(before[0] or io.StringIO()), Outlet(before[1] or io.StringIO())
    sys.stdout, sys.stderr = here
    try:
        yield here
    finally:
        for outlet in here:
            outlet.flush()
        sys.stdout, sys.stderr = before


def fill_closed_descriptors() -> None:
    """Opens descriptors 0, 1 and 2 where they are closed.

    A file of results that got one of these numbers would be written into by whatever prints.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The lowest number that is free: this one.


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _script(sign: str, digits: str, encoding: str) -> str:
    plain = unicodedata.normalize("NFKD", digits)
    return digits if _fits(digits, encoding) else sign + plain


def _spelled(character: str) -> str:
    if character in SPELLED:
        return SPELLED[character]
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if plain:
        return plain
    name = unicodedata.name(character, "")
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)( WITH .*)?", name)
    if greek:
        return greek[2].lower() if greek[1] == "SMALL" else greek[2].capitalize()
    return "." if name.startswith("BRAILLE") else "" if unicodedata.combining(character) else "?"
