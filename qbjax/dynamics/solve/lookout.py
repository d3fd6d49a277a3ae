r"""A look at signals before a run, so that no step goes over a pulse.

Where nothing moves yet, an error estimate says that any step will do, and a pulse to come is
stepped over. So each signal u(t) is sampled on a grid first, and cut into *pieces*: of 64 cells or
of 16, if to within

$$\min(\tfrac14\max(|u|_\text{piece},\ \epsilon|u|_\text{run}),\ \delta|u|_\text{run})$$

it is the quartic through five of its samples there, and so it is on each quarter; else of 4, if to
within the first of these it is the parabola through three of five samples; else of one. A
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

from qbjax.dynamics.solve.limits import shortened

CELLS = 1024
"""Cells of a grid, by default: one to a feature of a thousandth of its length."""

BLOCK = 16
"""Cells of a block, of which the tables have an entry: 64 doubles, for XLA:CPU runs a loop that
holds a longer array by its scheduler, which takes twice as long for a qubit."""

EPSILON = 1e-9
"""Share of a signal's largest value below which all counts as zero."""

DELTA = 1e-5
"""Share of a signal's largest value from which on a bump on a constant stretch shows."""

FINEST = 1_000_000
"""Largest ratio of a signal's time to its shortest feature."""

OFFSET, MARGIN = 0.38, 0.7
"""Offset and margin of the grid, in cells: no sample lies at 0/0 of a user's function."""

NUDGE = 1e-3
"""Cells between the beginning of a block and the step that ends there."""


class Signal(NamedTuple):
    """A signal u(t) that changes in time during a run.

    Attributes:
        value: u(t), a real or complex scalar.
        bounds: increasing; between two of them u has no known edge, outside all it is constant,
            shape (S+1,).
        cells: of the grid between two bounds, a multiple of 64.
        shortest: the shortest feature, if it is known.
    """

    value: Callable[[Array], Array]
    bounds: Float[Array, " bounds"]
    cells: int = CELLS
    shortest: Float[Array, ""] | None = None


class Ahead(NamedTuple):
    """Limits on the steps of a run, for one signal.

    Attributes:
        bounds: as of the signal, within the run.
        starts: of the first block between two bounds, shape (S,).
        density: blocks per time, shape (S,).
        reach: the latest end of a step that begins in a block, shape (S, B).
        longest: the longest one, shape (S, B).
        end: of the run.
        fine: what shows between samples only; None where that was not looked at.
    """

    bounds: Float[Array, " bounds"]
    starts: Float[Array, " S"]
    density: Float[Array, " S"]
    reach: Float[Array, "S B"]
    longest: Float[Array, "S B"]
    end: Float[Array, ""]
    fine: "Fine | None"

    def limit(self, time: Float[Array, ""]) -> Float[Array, ""]:
        """The latest end of a step that begins at a time."""
        grids, blocks = self.reach.shape
        grid = jnp.sum(time >= self.bounds[1:-1], dtype=jnp.int32) if grids > 1 else 0
        place = (time - self.starts[grid]) * self.density[grid]
        block = (grid, jnp.clip(place, 0, blocks - 1).astype(jnp.int32))
        until = jnp.minimum(_entry(self.reach, block), time + _entry(self.longest, block))
        if self.fine is not None:
            until = jnp.minimum(until, self.fine.limit(time, block, self.end))
        inside = (time >= self.bounds[0]) & (time < self.bounds[-1]) & (until > time)
        return jnp.where(inside, until, self.end)


class Fine(NamedTuple):
    """Stretches in which a signal has features between two samples.

    Attributes:
        first, last: times between which they lie in each block, in wrong order if there are none,
            shape (S, B).
        spacing: of the second look.
    """

    first: Float[Array, "S B"]
    last: Float[Array, "S B"]
    spacing: Float[Array, ""]

    def limit(self, time, block, end) -> Float[Array, ""]:
        """The latest end of a step that begins at a time within a block."""
        first, last = _entry(self.first, block), _entry(self.last, block)
        within = jnp.where(time < first, first, time + self.spacing)
        return jnp.where((first < last) & (time < last), within, end)


def _entry(table, block) -> Float[Array, ""]:
    return table.at[block].get(mode="promise_in_bounds")


def ahead(signals: Sequence[Signal], times: Float[Array, " T"]) -> list[Ahead]:
    """Looks at every signal of a run; nothing of it is differentiated."""
    return [_ahead(signal, *lax.stop_gradient((times[0], times[-1]))) for signal in signals]


def _ahead(signal: Signal, start, end) -> Ahead:
    bounds = lax.stop_gradient(jnp.clip(signal.bounds, start, end))
    value, cell = _still(signal.value), _cell(bounds, signal.cells)
    places = np.arange(signal.cells + 1)[None, :] + OFFSET
    grid = bounds[:-1, None] + places * cell[:, None]
    samples = _sampled(value, grid)
    largest = jnp.max(jnp.abs(samples))
    scaled = samples / jnp.where(largest > 0, largest, 1.0)
    fine = _fine(signal, bounds, grid, samples, EPSILON * largest)
    rough = False if fine is None else fine.first < fine.last
    moves, cells = _moves(scaled) | rough, _pieces(scaled, rough)
    longest = jnp.where(moves, cells * cell[:, None], end - start)
    # A little behind where blocks begin: a step that ends there must not be rounded into the last.
    stops = (grid[:, ::BLOCK] + NUDGE * cell[:, None]).at[:, -1].set(end)
    least = jnp.where(rough, 0.0, longest)
    reach = jax.vmap(_reach)(cells, moves, longest, least, stops)
    density = jnp.where(cell > 0, 1 / (BLOCK * jnp.where(cell > 0, cell, 1.0)), 0.0)
    return Ahead(bounds, grid[:, 0], density, reach, longest, end, fine)


def _spacing(signal: Signal, bounds) -> Float[Array, ""] | None:
    """The spacing at which to look between samples; None where that is not needed."""
    # One of several grids of different length may be coarser than a single one would be.
    span = bounds[-1] - bounds[0]
    known = [] if signal.shortest is None else [lax.stop_gradient(signal.shortest) / 4]
    known += [span / CELLS] if bounds.size > 2 else []
    return jnp.maximum(jnp.min(jnp.stack(known)), span / (4 * FINEST)) if known else None


def _cell(bounds, cells: int) -> Float[Array, " S"]:
    return jnp.diff(bounds) / (cells + MARGIN)


def _still(value: Callable) -> Callable:
    """Makes the same function of constants: whatever it closes over has no derivative."""
    closed = eqx.filter_closure_convert(value, jnp.zeros(()))
    return jax.tree.map(lambda x: lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, closed)


def _sampled(value, times: Float[Array, "*shape"]) -> Float[Array, "parts *shape"]:
    """Samples the real and imaginary part of a signal; what is not finite counts as 0."""
    found = jax.vmap(value)(times.ravel()).reshape(times.shape)
    parts = [jnp.real(found), jnp.imag(found)] if jnp.iscomplexobj(found) else [found]
    return jnp.stack([jnp.where(jnp.isfinite(x), x, 0.0) for x in parts]).astype(float)


def _moves(samples: Float[Array, "parts S samples"]) -> Bool[Array, "S B"]:
    """Whether a signal changes in time, for each block."""
    changes = jnp.any(jnp.abs(jnp.diff(samples)) > EPSILON / 4, axis=0)
    return jnp.any(changes.reshape(len(changes), -1, BLOCK), axis=-1)


def _pieces(samples: Float[Array, "parts S samples"], rough) -> Int[Array, "S B"]:
    """Cells of the pieces in each block, or of the piece in which the block lies."""
    small = _all_four(_simple(samples, 4))
    whole = small & _simple(samples, 16) & jnp.logical_not(rough)
    large = _all_four(whole) & _simple(samples, 64)
    cells = jnp.where(whole, 16, jnp.where(small, 4, 1))
    return jnp.where(jnp.repeat(large, 4, axis=1), 64, cells)


def _all_four(good: Bool[Array, "S n"]) -> Bool[Array, "S m"]:
    return jnp.all(good.reshape(len(good), -1, 4), axis=-1)


def _simple(samples: Float[Array, "parts S samples"], size: int) -> Bool[Array, "S pieces"]:
    """Whether each piece of `size` cells is a quartic, or of four cells a parabola."""
    pieces = samples[..., :-1].reshape(*samples.shape[:2], -1, size)
    step = max(size // 4, 2)
    nodes = [*jnp.moveaxis(pieces[..., ::step], -1, 0), samples[..., size::size]]
    weights = _weights(np.arange(0, size + 1, step), np.arange(size))
    line = sum(
        w.reshape(1, 1, 1, -1) * node[..., None] for w, node in zip(weights, nodes, strict=True)
    )
    error = jnp.max(jnp.abs(pieces - line), axis=(0, 3))
    own = jnp.maximum(jnp.max(jnp.abs(pieces), axis=(0, 3)), EPSILON) / 4
    return error <= (own if size == 4 else jnp.minimum(own, DELTA))


def _weights(nodes, x) -> Float[np.ndarray, "nodes x"]:
    """Lagrange's polynomials of some nodes, at some points."""
    others = [nodes[nodes != node] for node in nodes]
    return np.stack(
        [
            np.prod((x[:, None] - rest) / (node - rest), axis=1)
            for node, rest in zip(nodes, others, strict=True)
        ]
    )


def _fine(signal: Signal, bounds, grid, samples, nothing) -> Fine | None:
    """Looks again, between samples, for stretches where a signal is no straight line."""
    spacing = _spacing(signal, bounds)
    if spacing is None:
        return None
    value, cell = _still(signal.value), grid[:, 1] - grid[:, 0]
    looks = jnp.ceil(jnp.max(cell) / spacing).astype(int)
    left, right = samples[..., :-1], samples[..., 1:]
    step = jnp.broadcast_to((cell / looks.astype(float))[:, None], left.shape[1:])

    def look(k: Int[Array, ""], found):
        times = grid[:, :-1] + k.astype(float) * step
        there = _sampled(value, times)
        error = jnp.abs(there - left - k / looks * (right - left))
        own = jnp.maximum(jnp.maximum(jnp.abs(left), jnp.abs(right)), jnp.abs(there))
        bent = jnp.any(error > 0.01 * jnp.maximum(own, nothing), axis=0)
        first = _least_in_block(jnp.where(bent, times - step, bounds[-1]))
        last = -_least_in_block(-jnp.where(bent, times + step, bounds[0]))
        return jnp.minimum(found[0], first), jnp.maximum(found[1], last)

    none = jnp.zeros((len(cell), signal.cells // BLOCK))
    first, last = lax.fori_loop(1, looks, look, (none + bounds[-1], none + bounds[0]))
    return Fine(first, last, spacing)


def _least_in_block(x: Float[Array, "S N"]) -> Float[Array, "S B"]:
    return jnp.min(x.reshape(len(x), -1, BLOCK), axis=-1)


def _reach(cells, moves, longest, least, stops) -> Float[Array, " B"]:
    """The latest ends of steps: where a shorter piece begins, or the first that changes in time."""
    blocks = np.arange(longest.size, dtype=np.int32)
    end = jnp.where(cells == 64, blocks - blocks % 4 + 4, blocks + 1)
    later = (blocks > blocks[:, None]) & moves[None, :]
    first = jnp.min(jnp.where(later, blocks[None, :], blocks.size), axis=1)
    after = jnp.where(moves, end, first)
    shorter = (least[jnp.minimum(after, blocks.size - 1)] < longest) & (after < blocks.size)
    return jnp.where(shorter, stops[after], stops[-1])


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
        return shortened(self.views, self.max_step, start, end)
