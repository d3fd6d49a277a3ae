r"""Looking at signals before a run, so that no step goes over a pulse.

Where nothing moves yet, an error estimate says that any step will do, and a pulse to come is
stepped over. So each signal u(t) is sampled on a grid first, and cut into *pieces*: the longest
dyadic blocks of cells on which it is, to within

$$\min(\tfrac14\max(|u|_\text{block},\ \epsilon|u|_\text{run}),\ \delta|u|_\text{run}),$$

the quartic through five of its samples, and on each half of which the same holds. A step of a
Runge–Kutta method that covers one piece at most sees what the signal does there, and its error
estimate can be believed. A step may go so far that the number of pieces n(t) rises by `STRIDE`,
where spans in which the signal stands still count nothing. The table `reach` says how far that is
from each cell; what smooth signals ask for is less.

No piece is shorter than four cells: a signal that is wild everywhere asks for no more than a
thousand steps. Where the shortest feature is known to be finer than the grid, each cell is looked
at again at that spacing, and steps are as short as that where something shows between two samples.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

STRIDE = 1.0
"""Pieces that a step may cover."""

CELLS = 4096
"""Of a grid, by default: four to a feature of a thousandth of its length."""

LEAST = 4
"""Cells of the smallest piece: five samples, which a quartic goes through."""

EPSILON = 1e-9
"""What is smaller than this part of a signal's largest value is nothing."""

DELTA = 1e-5
"""A bump on what stands still shows from this part of the largest value on."""

FINEST = 1_000_000
"""Parts of a pulse that a look at its shortest features may go into."""

OFFSET, MARGIN = 0.38, 0.7
"""Of the grid, in cells: no sample lies where a user's function may be 0/0, such as its middle."""


class Signal(NamedTuple):
    """What moves in a run.

    Attributes:
        value: u(t), a real or complex scalar.
        bounds: increasing; between two of them u has no known jump, outside all it stands still,
            shape (S+1,).
        cells: of the grid between two bounds, a power of two.
        shortest: the shortest feature, if it is known.
    """

    value: Callable[[Array], Array]
    bounds: Float[Array, " S+1"]
    cells: int = CELLS
    shortest: Float[Array, ""] | None = None


class Ahead(NamedTuple):
    """How far steps may go, for one signal.

    Attributes:
        bounds: as of the signal, within the run.
        reach: from each cell, shape (S, N+1).
        least: a step that is always allowed, shape (S,).
        end: of the run.
    """

    bounds: Float[Array, " S+1"]
    reach: Float[Array, "S N+1"]
    least: Float[Array, " S"]
    end: Float[Array, ""]

    def limit(self, time: Float[Array, ""]) -> Float[Array, ""]:
        """The latest end of a step from a time."""
        segment = jnp.sum(time >= self.bounds[1:-1], dtype=int)
        start, cell = self.bounds[segment], _cell(self.bounds, self.reach.shape[1] - 1)[segment]
        place = jnp.floor((time - start) / jnp.where(cell > 0, cell, 1.0) - OFFSET)
        index = jnp.clip(place, 0, self.reach.shape[1] - 1).astype(int)
        until = jnp.maximum(self.reach[segment, index], time + self.least[segment])
        inside = (time >= self.bounds[0]) & (time < self.bounds[-1])
        return jnp.where(inside, until, self.end)


def ahead(signals: Sequence[Signal], times: Float[Array, " T"]) -> list[Ahead]:
    """Looks at every signal of a run; nothing of it is differentiated."""
    return [_ahead(signal, lax.stop_gradient(times[0]), times[-1]) for signal in signals]


def _ahead(signal: Signal, start, end) -> Ahead:
    bounds = lax.stop_gradient(jnp.clip(signal.bounds, start, end))
    end = lax.stop_gradient(end)
    value, cell = _still(signal.value), _cell(bounds, signal.cells)
    grid = bounds[:-1, None] + (np.arange(signal.cells + 1) + OFFSET) * cell[:, None]
    samples = _sampled(value, grid)
    largest = jnp.max(jnp.abs(samples))
    scaled = samples / jnp.where(largest > 0, largest, 1.0)
    shortest = _shortest(signal, bounds)
    pieces = _density(scaled, None)
    least = cell
    if shortest is not None:
        rough = _rough(value, samples, grid, cell, shortest, EPSILON * largest)
        pieces = jnp.where(rough, (cell / shortest)[:, None], _density(scaled, rough))
        least = jnp.minimum(cell, shortest)
    count = jnp.pad(jnp.cumsum(pieces, axis=1), ((0, 0), (1, 0)))
    return Ahead(bounds, jax.vmap(_reach, (0, 0, None))(count, grid, end), least, end)


def _shortest(signal: Signal, bounds) -> Float[Array, ""] | None:
    """The feature to look for between samples. With several grids of different length, one may be
    coarser than a single one would be."""
    span = bounds[-1] - bounds[0]
    known = None if signal.shortest is None else lax.stop_gradient(signal.shortest)
    if bounds.size > 2:
        coarse = span / 1000
        known = coarse if known is None else jnp.minimum(known, coarse)
    return None if known is None else jnp.maximum(known, span / FINEST)


def _cell(bounds, cells: int) -> Float[Array, " S"]:
    return jnp.diff(bounds) / (cells + MARGIN)


def _still(value: Callable) -> Callable:
    """The same function, of constants: whatever it closes over has no derivative."""
    closed = eqx.filter_closure_convert(value, jnp.zeros(()))
    return jax.tree.map(lambda x: lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, closed)


def _sampled(value, times: Float[Array, "*shape"]) -> Float[Array, "parts *shape"]:
    """Real and imaginary part at many times; what is not finite there counts as 0."""
    found = jax.vmap(value)(times.ravel()).reshape(times.shape)
    parts = [jnp.real(found), jnp.imag(found)] if jnp.iscomplexobj(found) else [found]
    return jnp.stack([jnp.where(jnp.isfinite(x), x, 0.0) for x in parts]).astype(float)


def _density(samples: Float[Array, "parts S N+1"], rough) -> Float[Array, "S N"]:
    """Pieces per cell: none where the signal stands still."""
    segments, cells = samples.shape[1], samples.shape[2] - 1
    good = jnp.ones((segments, cells // LEAST), bool)
    if rough is not None:
        good = ~jnp.any(rough.reshape(segments, -1, LEAST), axis=-1)
    halvings, length = jnp.zeros((segments, cells)), LEAST
    while length < cells:
        length *= 2
        both = jnp.all(good.reshape(segments, -1, 2), axis=-1)
        good = both & _simple(samples, length)
        halvings = halvings + jnp.repeat(good, length, axis=1)
    moves = jnp.any(jnp.abs(jnp.diff(samples)) > EPSILON / 4, axis=0)
    return jnp.where(moves, 2.0**-halvings / LEAST, 0.0)


def _simple(samples, length: int) -> Bool[Array, "S blocks"]:
    """Where blocks of so many cells are quartics."""
    parts, segments, _ = samples.shape
    blocks = samples[..., :-1].reshape(parts, segments, -1, length)
    nodes = [*jnp.moveaxis(blocks[..., :: length // 4], -1, 0), samples[..., length::length]]
    quartic = sum(w * node[..., None] for w, node in zip(_weights(length), nodes, strict=True))
    error = jnp.max(jnp.abs(blocks - quartic), axis=(0, 3))
    own = jnp.max(jnp.abs(blocks), axis=(0, 3))
    return error <= jnp.minimum(jnp.maximum(own, EPSILON) / 4, DELTA)


def _weights(length: int) -> Float[np.ndarray, "5 length"]:
    """Lagrange's polynomials of five equidistant nodes, at the samples of a block."""
    x, nodes = 4 * np.arange(length) / length, np.arange(5)
    others = [nodes[nodes != k] for k in nodes]
    return np.stack(
        [np.prod((x[:, None] - o) / (k - o), axis=1) for k, o in zip(nodes, others, strict=True)]
    )


def _rough(value, samples, grid, cell, shortest, nothing) -> Bool[Array, "S N"]:
    """In which cells a signal is no straight line, looked at four times per shortest feature."""
    looks = jnp.ceil(4 * jnp.max(cell) / shortest).astype(int)
    left, right = samples[..., :-1], samples[..., 1:]

    def look(k, rough):
        part = k / looks
        seen = _sampled(value, grid[:, :-1] + part * cell[:, None])
        line = left + part * (right - left)
        own = jnp.maximum(jnp.maximum(jnp.abs(left), jnp.abs(right)), jnp.abs(seen))
        bent = jnp.abs(seen - line) > 0.01 * jnp.maximum(own, nothing)
        return rough | jnp.any(bent, axis=0)

    return lax.fori_loop(1, looks, look, jnp.zeros(left.shape[1:], bool))


def _reach(count, grid, end) -> Float[Array, " N+1"]:
    """From each sample, where so many more pieces have been covered."""
    goal = count + STRIDE
    after = jnp.searchsorted(count, goal, side="right")
    i = jnp.clip(after, 1, count.size - 1)
    rise = count[i] - count[i - 1]
    part = (goal - count[i - 1]) / jnp.where(rise > 0, rise, 1.0)
    between = grid[i - 1] + jnp.clip(part, 0.0, 1.0) * (grid[i] - grid[i - 1])
    return jnp.where(after < count.size, between, end)


class Careful(diffrax.AbstractAdaptiveStepSizeController):
    """A controller whose steps are shortened to what `Ahead` allows, and to a longest step.

    Outside a `ClipStepSizeController`, which moves starts of steps beyond edges: what is allowed
    before one and behind it may differ.
    """

    controller: Any
    views: Any
    longest: float | None
    rtol: Any
    atol: Any
    norm: Any

    def __init__(self, controller: Any, views: Sequence[Ahead], longest: float | None):
        self.controller, self.views, self.longest = controller, views, longest
        self.rtol, self.atol, self.norm = controller.rtol, controller.atol, controller.norm

    def wrap(self, direction):
        return Careful(self.controller.wrap(direction), self.views, self.longest)

    def init(self, terms, t0, t1, y0, dt0, args, func, error_order):
        end, state = self.controller.init(terms, t0, t1, y0, dt0, args, func, error_order)
        return self._shortened(t0, end), state

    def adapt_step_size(self, t0, t1, y0, y1_candidate, args, y_error, error_order, state):
        kept, start, end, *rest = self.controller.adapt_step_size(
            t0, t1, y0, y1_candidate, args, y_error, error_order, state
        )
        return kept, start, self._shortened(start, end), *rest

    def _shortened(self, start, end):
        for view in self.views:
            end = jnp.minimum(end, view.limit(start))
        return end if self.longest is None else jnp.minimum(end, start + self.longest)
