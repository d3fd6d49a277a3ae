"""The figures of the five papers, as entries on the front door: `qbjax reproduce`.

`entry` has the words of which a figure is written, a file of a paper's name its figures, `runs` the
functions that compute them. `computed` keeps what has been computed, `drawing` draws, `book` writes
files.
"""

from qbjax.figures import bloch, book, collisional, dopo, micromaser, waveguide

PAPERS = (dopo.PAPER, bloch.PAPER, waveguide.PAPER, collisional.PAPER, micromaser.PAPER)

__all__ = ["PAPERS", "book"]


def __dir__() -> list[str]:
    return __all__
