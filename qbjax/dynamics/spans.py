"""A run cut into spans, which one program moves through, one after the other.

Motions are moved as a whole run's are: each belongs to the start of the run, only its y is that of
the span. So frames that turn since the start, edges and signals are right across borders, and
whatever belongs to the whole run (powers, a verdict) is made once all moments are joined.
"""

import dataclasses
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PyTree

from qbjax.dynamics import rows
from qbjax.dynamics.motion import Flow, How, Motion, Moved, Path, moved
from qbjax.dynamics.record.doubt import OK


class Form(NamedTuple):
    """A motion's form, as far as a cut needs it.

    Attributes:
        initial: y at the start, shapes alone.
        every: how many steps of a stream a moment takes; None for a flow.
    """

    initial: PyTree
    every: int | None


class Span(NamedTuple):
    """A part of a run; all spans of a run have the same shapes.

    Attributes:
        times: shape (rows,), behind the last one repeated.
        begin, count: steps of a stream before it, and in it.
    """

    times: Float[Any, " rows"]
    begin: Int[Any, ""]
    count: Int[Any, ""]


class Cut(NamedTuple):
    """A span, and which of its moments are among those of the run."""

    span: Span
    keep: slice


_NONE = np.asarray(0), np.asarray(0)


def form(motion: Motion) -> Form | None:
    """The form of a motion; None if it cannot be cut.

    Not a path, which is known at all times at once, nor a stream that ends of itself.
    """
    if isinstance(motion, Path):
        return None
    if isinstance(motion, Flow):
        return Form(motion.initial, None)
    ends = motion.settled is not None or motion.made is not None
    return None if ends else Form(motion.initial, motion.every)


def cut(times: Float[np.ndarray, " T"], count: int, every: int | None) -> list[Cut]:
    """Cuts a run.

    Args:
        times: of the run, as `dynamics.motion.follow` takes them.
        count: how many spans, or a little fewer.
        every: as in `Form`.

    Example:
        >>> [part.span.times[:4].tolist() for part in cut(np.array([0.0, 0.5, 4.0]), 2, None)]
        [[0.0, 0.5, 2.0, 2.0], [2.0, 4.0, 4.0, 4.0]]
    """
    return _by_time(times, count) if every is None else _by_steps(times, count, every)


def _by_time(times, count: int) -> list[Cut]:
    borders, parts = _borders(times, count), []
    for a, b in pairwise(borders):
        within = times[(times > a) & (times <= b)]
        first = a == times[0]
        end = [] if within.size and within[-1] == b else [b]
        parts.append((np.array([a, *within, *end]), slice(0 if first else 1, 1 + within.size)))
    size = rows.bucket(max(at.size for at, _ in parts))
    return [Cut(Span(_filled(at, size), *_NONE), keep) for at, keep in parts]


def _by_steps(times, count: int, every: int) -> list[Cut]:
    steps = times.size - 1
    length = every * -(-steps // (every * count))
    spans = []
    for begin in range(0, steps, length):
        own = min(length, steps - begin)
        at = _filled(times[begin : begin + own + 1], length + 1)
        keep = slice(1 if begin else 0, 1 + -(-own // every))
        spans.append(Cut(Span(at, np.asarray(begin), np.asarray(own)), keep))
    return spans


def _borders(times, count: int) -> np.ndarray:
    """Evenly spaced borders, each moved to a saved time where one is near."""
    even = np.linspace(times[0], times[-1], count + 1)
    right = np.clip(np.searchsorted(times, even), 1, times.size - 1)
    near = np.where(even - times[right - 1] < times[right] - even, times[right - 1], times[right])
    half = 0.5 * (times[-1] - times[0]) / count
    return np.unique(np.where(np.abs(near - even) < half, near, even))


def _filled(times, size: int) -> np.ndarray:
    return np.concatenate([times, np.full(size - times.size, times[-1])])


def move(motion: Any, y: PyTree, first: Any, span: Span, how: How, save: Callable | None) -> Moved:
    """Moves through a span; traceable, one program for all spans of a run.

    Args:
        motion: from the start of the run.
        y: at the start of the span; of the `first` one its shapes alone count.
        first: whether the run starts there.
        span: where to.
        how, save: as `dynamics.motion.follow` takes them.
    """
    y = jax.tree.map(lambda a, b: jnp.where(first, a, b), motion.initial, y)
    here = dataclasses.replace(motion, initial=y)
    if isinstance(motion, Flow):
        return moved(here, span.times, how._replace(padded=True), save)
    places = span.begin + jnp.arange(span.times.shape[0] - 1)
    some = jax.tree.map(lambda x: jnp.take(x, places, axis=0, mode="clip"), motion.inputs)
    here = dataclasses.replace(here, inputs=some, made=jnp.asarray(span.count))
    return moved(here, span.times, how, save)


def joined(parts: Sequence[Moved], plan: Sequence[Cut]) -> Moved:
    """Joins what was moved of a run: on the host, with NaN where an early end left spans out."""

    def rows_of(*told: Any) -> Any:
        kept = [np.asarray(x)[part.keep] for x, part in zip(told, plan)]
        left_out = [_missing(kept[-1], part.keep) for part in plan[len(told) :]]
        return np.concatenate([*kept, *left_out])

    seen, told, saved = jax.tree.map(rows_of, *((p.seen, p.told, p.saved) for p in parts))
    ended = [int(part.status) for part in parts]
    status = next((code for code in ended if code != OK), OK)
    steps = np.asarray(sum(int(part.steps) for part in parts))
    return Moved(seen, told, saved, np.asarray(status), steps, parts[-1].last)


def _missing(like: np.ndarray, keep: slice) -> np.ndarray:
    return np.full((keep.stop - keep.start, *like.shape[1:]), np.nan)
