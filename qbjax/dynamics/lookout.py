r"""Looking at signals before a run, so that no step goes over a pulse.

Where nothing moves yet, an error estimate says that any step will do, and a pulse to come is
stepped over. So each signal u(t) is sampled on a grid first, and cut into *pieces*: of 64 cells or
of 16, if to within

$$\min(\tfrac14\max(|u|_\text{piece},\ \epsilon|u|_\text{run}),\ \delta|u|_\text{run})$$

it is the quartic through five of its samples there, and so it is on each quarter; else of 4, if to
within the first of these it is the parabola through three of five samples; else single cells. A
step of a Runge–Kutta method that covers no more than a piece sees what the signal does there, and
its error estimate can be believed. So a step may be as long as the piece where it begins, and ends
where a shorter one begins; where the signal stands still, a step may be as long as it likes, and
ends where it moves again. Smooth signals ask for shorter steps than that.

Where the shortest feature is known to be finer than the grid, each cell is looked at again at a
quarter of it, and steps are as short as that where something shows between two samples.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

CELLS = 1024
"""Of a grid, by default: one to a feature of a thousandth of its length."""

BLOCK = 4
"""Cells of a block: what the tables have an entry for."""

EPSILON = 1e-9
"""What is smaller than this part of a signal's largest value is nothing."""

DELTA = 1e-5
"""A bump on what stands still shows from this part of the largest value on."""

FINEST = 1_000_000
"""Parts of a signal's time that its shortest features may be."""

OFFSET, MARGIN = 0.38, 0.7
"""Of the grid, in cells: no sample lies where a user's function may be 0/0, such as its middle."""

NUDGE = 1e-3
"""Cells between the beginning of a block and the step that ends there."""


class Signal(NamedTuple):
    """What moves in a run.

    Attributes:
        value: u(t), a real or complex scalar.
        bounds: increasing; between two of them u has no known jump, outside all it stands still,
            shape (S+1,).
        cells: of the grid between two bounds, a multiple of 64.
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
        starts: of the first block between two bounds, shape (S,).
        density: blocks per time, shape (S,).
        reach: the latest end of a step that begins in a block, shape (S, B).
        longest: the longest one, shape (S, B).
        end: of the run.
    """

    bounds: Float[Array, " S+1"]
    starts: Float[Array, " S"]
    density: Float[Array, " S"]
    reach: Float[Array, "S B"]
    longest: Float[Array, "S B"]
    end: Float[Array, ""]

    def limit(self, time: Float[Array, ""]) -> Float[Array, ""]:
        """The latest end of a step from a time."""
        grids, blocks = self.reach.shape
        grid = jnp.sum(time >= self.bounds[1:-1], dtype=jnp.int32) if grids > 1 else 0
        place = (time - self.starts[grid]) * self.density[grid]
        block = (grid, jnp.clip(place, 0, blocks - 1).astype(jnp.int32))
        reach, longest = (
            x.at[block].get(mode="promise_in_bounds") for x in (self.reach, self.longest)
        )
        until = jnp.minimum(reach, time + longest)
        inside = (time >= self.bounds[0]) & (time < self.bounds[-1]) & (until > time)
        return jnp.where(inside, until, self.end)


def ahead(signals: Sequence[Signal], times: Float[Array, " T"]) -> list[Ahead]:
    """Looks at every signal of a run; nothing of it is differentiated."""
    return [_ahead(signal, *lax.stop_gradient((times[0], times[-1]))) for signal in signals]


def _ahead(signal: Signal, start, end) -> Ahead:
    bounds = lax.stop_gradient(jnp.clip(signal.bounds, start, end))
    value, cell = _still(signal.value), _cell(bounds, signal.cells)
    grid = bounds[:-1, None] + (np.arange(signal.cells + 1) + OFFSET) * cell[:, None]
    samples = _sampled(value, grid)
    largest = jnp.max(jnp.abs(samples))
    scaled = samples / jnp.where(largest > 0, largest, 1.0)
    fits, moves, least = _simple(scaled, BLOCK), _moves(scaled), cell[:, None]
    spacing = _spacing(signal, bounds)
    if spacing is not None:
        rough = _rough(value, samples, grid, cell, spacing, EPSILON * largest)
        fits, moves = fits & ~rough, moves | rough
        least = jnp.where(rough, spacing, least)
    length = _lengths(scaled, fits)
    long = jnp.where(fits, BLOCK * length * cell[:, None], least)
    longest = jnp.where(moves, long, end - start)
    # A little behind where blocks begin: a step that ends there must not be rounded into the last.
    stops = (grid[:, ::BLOCK] + NUDGE * cell[:, None]).at[:, -1].set(end)
    reach = jax.vmap(_reach)(length, moves, longest, stops)
    density = jnp.where(cell > 0, 1 / (BLOCK * jnp.where(cell > 0, cell, 1.0)), 0.0)
    return Ahead(bounds, grid[:, 0], density, reach, longest, end)


def _spacing(signal: Signal, bounds) -> Float[Array, ""] | None:
    """How finely to look between samples. One of several grids of different length may be coarser
    than a single one would be."""
    span = bounds[-1] - bounds[0]
    known = [] if signal.shortest is None else [lax.stop_gradient(signal.shortest) / 4]
    known += [span / CELLS] if bounds.size > 2 else []
    return jnp.maximum(jnp.min(jnp.stack(known)), span / (4 * FINEST)) if known else None


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


def _moves(samples: Float[Array, "parts S N+1"]) -> Bool[Array, "S B"]:
    """In which blocks a signal does not stand still."""
    changes = jnp.abs(jnp.diff(samples)) > EPSILON / 4
    return jnp.any(changes.reshape(*samples.shape[:2], -1, BLOCK), axis=(0, 3))


def _lengths(samples, fits: Bool[Array, "S B"]) -> Int[Array, "S B"]:
    """Of each block, how many the piece has in which it lies."""
    length, good = jnp.ones(fits.shape, jnp.int32), fits
    for blocks in (4, 16):
        quarters = jnp.all(good.reshape(len(fits), -1, 4), axis=-1)
        good = quarters & _simple(samples, blocks * BLOCK)
        length = jnp.where(jnp.repeat(good, blocks, axis=1), blocks, length)
    return length


def _simple(samples: Float[Array, "parts S N+1"], size: int) -> Bool[Array, "S pieces"]:
    """Where so many cells are a quartic; one block, a parabola."""
    pieces = samples[..., :-1].reshape(*samples.shape[:2], -1, size)
    step = max(size // 4, 2)
    nodes = [*jnp.moveaxis(pieces[..., ::step], -1, 0), samples[..., size::size]]
    weights = _weights(np.arange(0, size + 1, step), np.arange(size))
    line = sum(w * node[..., None] for w, node in zip(weights, nodes, strict=True))
    error = jnp.max(jnp.abs(pieces - line), axis=(0, 3))
    own = jnp.maximum(jnp.max(jnp.abs(pieces), axis=(0, 3)), EPSILON) / 4
    return error <= (own if size == BLOCK else jnp.minimum(own, DELTA))


def _weights(nodes, x) -> Float[np.ndarray, "nodes x"]:
    """Lagrange's polynomials."""
    others = [nodes[nodes != node] for node in nodes]
    return np.stack(
        [
            np.prod((x[:, None] - rest) / (node - rest), axis=1)
            for node, rest in zip(nodes, others, strict=True)
        ]
    )


def _rough(value, samples, grid, cell, spacing, nothing) -> Bool[Array, "S B"]:
    """In which blocks a signal, looked at more finely, is no line from sample to sample."""
    looks = jnp.ceil(jnp.max(cell) / spacing).astype(int)
    left, right = samples[..., :-1], samples[..., 1:]

    def look(k, rough):
        part = k / looks
        seen = _sampled(value, grid[:, :-1] + part * cell[:, None])
        line = left + part * (right - left)
        own = jnp.maximum(jnp.maximum(jnp.abs(left), jnp.abs(right)), jnp.abs(seen))
        bent = jnp.abs(seen - line) > 0.01 * jnp.maximum(own, nothing)
        return rough | jnp.any(bent, axis=0)

    found = lax.fori_loop(1, looks, look, jnp.zeros(left.shape[1:], bool))
    return jnp.any(found.reshape(len(cell), -1, BLOCK), axis=-1)


def _reach(length, moves, longest, stops) -> Float[Array, " B"]:
    """The latest ends of steps: where a shorter piece begins, or the first that moves."""
    count = longest.size
    end = (np.arange(count, dtype=np.int32) // length + 1) * length
    after = jnp.where(moves, end, _first(moves))
    shorter = longest[jnp.minimum(after, count - 1)] < longest
    return jnp.where(shorter & (after < count), stops[jnp.minimum(after, count)], stops[-1])


def _first(moves: Bool[Array, " B"]) -> Int[Array, " B"]:
    """The first block from each on in which a signal moves; B if there is none."""
    none = moves.size
    blocks = jnp.where(moves, np.arange(none, dtype=np.int32), none).reshape(-1, 16)
    before = np.arange(16)[:, None] > np.arange(16)
    in_row = jnp.min(jnp.where(before, none, blocks[:, None, :]), axis=-1)
    row = np.arange(len(blocks))
    later = jnp.where(row[:, None] >= row, none, jnp.min(blocks, axis=1))
    return jnp.minimum(in_row, jnp.min(later, axis=-1)[:, None]).ravel()


class Careful(diffrax.AbstractAdaptiveStepSizeController):
    """A controller whose steps are shortened to what `Ahead` allows, and to a longest step.

    Outside a `ClipStepSizeController`, which moves starts of steps beyond edges: what is allowed
    before one and behind it may differ.
    """

    controller: Any
    views: Any
    max_step: float | None
    rtol: Any
    atol: Any
    norm: Any

    def __init__(self, controller: Any, views: Sequence[Ahead], max_step: float | None):
        self.controller, self.views, self.max_step = controller, views, max_step
        self.rtol, self.atol, self.norm = controller.rtol, controller.atol, controller.norm

    def wrap(self, direction):
        return Careful(self.controller.wrap(direction), self.views, self.max_step)

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
        return end if self.max_step is None else jnp.minimum(end, start + self.max_step)
