"""The words of which a figure of a paper is written: data, and nothing that computes or draws.

A `Figure` has panels, a `Panel` has curves and maps, each of which names columns of a `Run`: a
function that calls the front door, and its arguments. What two curves share is computed once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Given = dict[str, Any]
"""Arguments of a run, or of what draws, by name."""

LETTERS = "abcdefghijkl"
"""Names of the panels of a figure."""

Columns = Mapping[str, np.ndarray]
"""Columns that a run returns, by name."""


@dataclass(frozen=True)
class Run:
    """A function that computes columns, and its arguments.

    Attributes:
        compute: takes the arguments by name, returns `Columns`.
        arguments: numbers, words and tuples of them.
        quick: the arguments that a quick look has instead of these.
    """

    compute: Callable[..., Columns]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)

    def asked(self, *, quick: bool) -> dict[str, Any]:
        """All arguments, of the whole figure or of a quick look at it."""
        return {**self.arguments, **(self.quick if quick else {})}


def run(compute: Callable[..., Columns], quick: Mapping[str, Any] | None = None, **given) -> Run:
    """Makes a `Run`.

    Example:
        >>> run(dict, quick={"points": 3}, points=30, power=2).asked(quick=True)
        {'points': 3, 'power': 2}
    """
    return Run(compute, given, quick or {})


@dataclass(frozen=True)
class Curve:
    """A curve: two columns of a run.

    Attributes:
        label: its name in the legend and in the CSV; %(name)d is an argument of the run, to which
            a quick look adds "(quick)" if it has another.
        run: the run.
        x, y: names of the columns.
        style: what `Axes.plot` takes besides; `legend=False` keeps it out of the legend.
    """

    label: str
    run: Run
    x: str
    y: str
    style: Mapping[str, Any] = field(default_factory=dict)


def named(each: "Curve | Map", *, quick: bool) -> str:
    """Words a label, with the run's arguments where it asks for them, and says if they are fewer.

    Example:
        >>> one = curve("%(points)d points", run(dict, {"points": 3}, points=30), "x", "y")
        >>> named(one, quick=False), named(one, quick=True)
        ('30 points', '3 points (quick)')
    """
    if "%(" not in each.label:
        return each.label
    fewer = quick and any(f"%({name})" in each.label for name in each.run.quick)
    return each.label % each.run.asked(quick=quick) + (" (quick)" if fewer else "")


def curve(label: str, run: Run, x: str, y: str, **style: Any) -> Curve:
    """Makes a `Curve`."""
    return Curve(label, run, x, y, style)


@dataclass(frozen=True)
class Map:
    """A coloured map: a column `z` of shape (len(y), len(x)) over two columns of a run.

    Attributes:
        label: the name of z, beside the colour bar.
        run: the run.
        x, y, z: names of the columns.
        style: what `Axes.pcolormesh` takes besides.
        ticks: of the colour bar, if they are to be others than matplotlib's.
    """

    label: str
    run: Run
    x: str
    y: str
    z: str
    style: Mapping[str, Any] = field(default_factory=dict)
    ticks: tuple[int | float, ...] | None = None


@dataclass(frozen=True)
class Panel:
    """A panel: curves over the same axes.

    Attributes:
        title: without a letter.
        xlabel, ylabel: names and units of the axes.
        curves: in the order of the legend; maps below all others.
        axes: what `Axes.set` takes besides.
        legend: what `Axes.legend` takes; None for no legend.
    """

    title: str
    xlabel: str
    ylabel: str
    curves: tuple[Curve | Map, ...]
    axes: Mapping[str, Any] = field(default_factory=dict)
    legend: Mapping[str, Any] | None = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A figure of a paper.

    Attributes:
        title: what is drawn, in few words.
        shows: what the paper shows or says there.
        remark: what is to be seen here, besides the verdicts of the claims in the ledger.
        panels: of the figure, row by row.
        columns: panels in a row.
        claims: names of claims (`qbjax.papers.names`), or of places with all their claims, that the
            figure bears on, besides those of its own place.
    """

    title: str
    shows: str
    remark: str
    panels: tuple[Panel, ...]
    columns: int = 2
    claims: tuple[str, ...] = ()

    def curves(self) -> Iterator[tuple[str, Curve | Map]]:
        """Pairs every curve with the letter of its panel."""
        for letter, panel in zip(LETTERS, self.panels, strict=False):
            yield from ((letter, each) for each in panel.curves)

    def runs(self) -> list[Run]:
        """Lists the runs, each once."""
        found: list[Run] = []
        for _, each in self.curves():
            if each.run not in found:
                found.append(each.run)
        return found

    def coarser(self) -> list[str]:
        """Lists the arguments that a quick look changes."""
        return list(dict.fromkeys(name for one in self.runs() for name in one.quick))


@dataclass(frozen=True)
class Paper:
    """A paper with the figures of it that are numbers.

    Attributes:
        name: the word that the command takes.
        source: authors, title and year.
        figures: by their numbers in the paper.
        note: what holds for all of them.
    """

    name: str
    source: str
    figures: Mapping[str, Figure]
    note: str = ""
