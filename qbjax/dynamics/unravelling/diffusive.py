r"""Diffusive trajectories: a state that is conditional on homodyne or heterodyne currents.

Every step of `diffusive_step` is made twice as long beside two of its own, along the same path of
the noise. The record and the state are those of the finer steps; a quarter of the coarser ones'
error is theirs, so a third of the difference is told with each trajectory. Its mean over
trajectories is the bias of their mean, which falls with the square of the step.

The noise of a step is that of the trajectory's key, the number of its piece (saved times and edges
are where pieces end) and its own number in there: nothing else that is computed changes it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.record import doubt
from qbjax.dynamics.solve import lookout
from qbjax.dynamics.unravelling.detection import Channels, Heterodyne, Homodyne
from qbjax.dynamics.unravelling.diffusive_step import (
    Columns,
    Equation,
    drawn,
    exponential,
    joined,
    stepped,
)
from qbjax.dynamics.unravelling.monitored import Monitored

REACH = 0.5
"""Norm of the drift times the length of a coarse step: a fine one has half of it."""

LOOKS = 256
"""Times of a run at which the size of a drift that moves is looked at."""

ORDER = 2
"""Weak order of a step: doubled, it has four times the bias."""


class Pair(NamedTuple):
    """A state along coarse steps, and along fine ones; each a ket or the columns of a matrix."""

    coarse: Columns
    fine: Columns


class Diffusive(NamedTuple):
    """An equation whose currents are watched.

    Attributes:
        monitored: the equation.
        channels: of the currents.
        efficiency: share that is seen, of each jump; None if all is, and states are kets.
        moving: whether the drift changes within a piece.
        steps: coarse steps of every piece; None where the drift's size tells how many.
        longest: coarse step that signals ask for.
    """

    monitored: Monitored
    channels: Channels
    efficiency: Float[Array, " J"] | None
    moving: bool
    steps: int | None
    longest: Float[Array, ""]

    def begun(self, key: Array) -> Pair:
        """The start: a ket, drawn if there are several, or their mixture."""
        monitored = self.monitored
        if self.efficiency is None:
            x = jax.random.choice(key, monitored.kets, p=monitored.chances)[None]
            return Pair(x, x)
        real, imaginary = monitored.kets[:, 0], monitored.kets[:, 1]

        def summed(a, b):
            return jnp.einsum("r,rk,ri->ki", monitored.chances, a, b)

        rows = summed(real, real) + summed(imaginary, imaginary)
        turned = summed(real, imaginary) - summed(imaginary, real)
        x = jnp.stack([rows, turned], axis=1)
        return Pair(x, x)

    def advanced(
        self, pair: Pair, key: Array, start: Float[Array, ""], end: Float[Array, ""]
    ) -> tuple[Pair, Float[Array, " C"]]:
        """Moves a state along a piece, between whose ends there is no edge.

        Args:
            pair: at the start.
            key: of the piece.
            start, end: of the piece.

        Returns:
            The state at the end, and the integrated currents.
        """
        operator = self.monitored.operator((start + end) / 2)
        steps = self._count(operator, start, end) if self.steps is None else self.steps
        h = (end - start) / jnp.maximum(jnp.asarray(steps, float), 1.0)

        def at(t):
            return self._equation(self.monitored.operator(t) if self.moving else operator, t)

        def twice(k, found):
            pair, total = found
            t = start + jnp.asarray(k, float) * h
            noises = [drawn(jax.random.fold_in(key, 2 * k + i), total.size) for i in range(2)]
            coarse, _ = stepped(at(t + h / 2), pair.coarse, h, joined(*noises))

            def once(fine, given):
                noise, middle = given
                return stepped(at(middle), fine, h / 2, noise)

            given = jax.tree.map(lambda *x: jnp.stack(x), *noises), t + h * np.array([0.25, 0.75])
            fine, seen = lax.scan(once, pair.fine, given)
            return Pair(coarse, fine), total + jnp.sum(seen, axis=0)

        return lax.fori_loop(0, steps, twice, (pair, jnp.zeros(self.channels.phases.size)))

    def _count(self, operator, start, end) -> Int[Array, ""]:
        """Coarse steps of a piece."""
        longest = self.longest
        if not self.moving:
            longest = jnp.minimum(longest, REACH / _size(self.monitored, operator))
        return jnp.ceil(lax.stop_gradient((end - start) / longest)).astype(int)

    def _equation(self, operator, t) -> Equation:
        """The equation at a time."""
        monitored, pure = self.monitored, self.efficiency is None
        seen = jnp.ones(()) if self.efficiency is None else self.efficiency

        def applied(many):
            return jnp.sqrt(monitored.rates(t))[:, None, None] * monitored.leapt(many)

        def lost(many):
            return jnp.sqrt(1 - seen)[:, None, None] * applied(many)

        return Equation(
            lambda psi, h: exponential(_centred(monitored, operator), psi, h),
            self.channels.watched(applied, seen),
            None if pure else lost,
            self.channels.phases.size,
            len(monitored.jumps),
        )


def trajectory(
    monitored: Monitored,
    times: Float[Array, " T"],
    *,
    detection: Homodyne | Heterodyne,
    efficiency: Any = None,
    steps: int | None = None,
) -> Callable[[Array], dict[str, Array]]:
    r"""Makes the function of a key that is one diffusive trajectory.

    It may be differentiated for a fixed key: the same noise, moved by other numbers. Forward mode
    always; reverse mode with `steps`.

    Args:
        monitored: the equation.
        times: saved times, shape (T,).
        detection: of the currents.
        efficiency: share of every jump that is seen, a number or (J,): states are then density
            matrices. None if all is: states are kets.
        steps: coarse steps between two saved times or edges; None for as many as the size of the
            drift asks for: `REACH` of its norm to a step.

    Returns:
        key to row: as `dynamics.unravelling` says, with `currents`, $\frac1{\Delta t}\int dY_j$ of
        each interval of the times, shape (T − 1, C), and, if something stores, `step_error`, the
        estimate of what the step adds to the energy, shape (T,).
    """
    kernel = unravelled(monitored, times, detection=detection, efficiency=efficiency, steps=steps)
    ends = ends_of(monitored, times)
    places = jnp.searchsorted(ends, times, side="right") - 1

    def one(key: Array) -> dict[str, Array]:
        first, rest = jax.random.split(key)
        begun = kernel.begun(first)

        def look(pair):
            return tuple(observed(monitored, x, efficiency is not None) for x in pair)

        @jax.checkpoint
        def piece(pair, given):
            start, end, number = given
            pair, total = kernel.advanced(pair, jax.random.fold_in(rest, number), start, end)
            return pair, (look(pair), total)

        given = ends[:-1], ends[1:], np.arange(len(ends) - 1)
        _, (seen, totals) = lax.scan(piece, begun, given)
        before = look(begun)
        coarse, fine = jax.tree.map(
            lambda x, xs: jnp.concatenate([x[None], xs])[places], before, seen
        )
        so_far = jnp.concatenate([jnp.zeros((1, totals.shape[1])), jnp.cumsum(totals, axis=0)])
        currents = jnp.diff(so_far[places], axis=0) / jnp.diff(times)[:, None]
        return row(monitored, coarse, fine) | {"currents": currents}

    return one


def observed(monitored: Monitored, x: Columns, mixed: bool) -> dict[str, Array]:
    r"""Observables that are linear in the state, a ket or the columns of a matrix.

    Of a matrix from those of kets: $\rho = \sum_k\frac14(|\rho_k + k\rangle\langle\rho_k + k|
    - |\rho_k - k\rangle\langle\rho_k - k|)$ with columns $\rho_k$ and basis states k.
    """
    if not mixed:
        return monitored.observe(x[0])
    basis = jnp.stack([jnp.eye(len(x)), jnp.zeros((len(x), len(x)))], axis=1)
    more, less = (jax.vmap(monitored.observe)(y) for y in (x + basis, x - basis))
    return jax.tree.map(lambda a, b: jnp.sum(a - b, axis=0) / 4, more, less)


def unravelled(
    monitored: Monitored, times: Float[Array, " T"], *, detection, efficiency, steps
) -> Diffusive:
    """Gathers what all diffusive trajectories share; arguments as of `trajectory`."""
    jumps, signals = len(monitored.jumps), monitored.signals(times)
    share = efficiency
    if share is not None:
        share = jnp.broadcast_to(jnp.asarray(share, float), (jumps,))
    return Diffusive(
        monitored,
        detection.channels(jumps),
        share,
        bool(signals),
        steps,
        _longest(monitored, signals, times) if signals else jnp.asarray(np.inf),
    )


def row(monitored: Monitored, coarse: dict, fine: dict) -> dict[str, Array]:
    """Makes the row of a trajectory from what was seen along coarse and along fine steps."""
    found = lax.map(monitored.merits, fine)
    if "packed_cell" in fine:
        error = off(coarse["energy"], fine["energy"])
        found |= {"packed_cell": fine["packed_cell"], "step_error": error}
    ended = jnp.where(doubt.all_finite(fine), doubt.OK, doubt.NON_FINITE)
    return found | {"status": doubt.status_of(ended, fine["truncation"])}


def off(coarse: Float[Array, " T"], fine: Float[Array, " T"]) -> Float[Array, " T"]:
    """Estimates from coarse steps what fine ones add to a number."""
    return (coarse - fine) / (2**ORDER - 1)


def ends_of(monitored: Monitored, times) -> Float[Array, " P"]:
    """The ends of all pieces: saved times and edges."""
    edges = monitored.edges()
    if edges is None:
        return times
    return jnp.sort(jnp.concatenate([times, jnp.clip(edges, times[0], times[-1])]))


def _longest(monitored: Monitored, signals, times) -> Float[Array, ""]:
    """The longest coarse step of a run whose drift moves: its size, and how fast its signals do."""

    def size(t):
        return _size(monitored, monitored.operator(t))

    looks = times[0] + (times[-1] - times[0]) * np.linspace(0.0, 1.0, LOOKS)
    largest = jnp.max(lax.map(size, looks))
    views = lookout.ahead(signals, times)
    spacings = [jnp.min(view.longest) for view in views]
    spacings += [view.fine.spacing for view in views if view.fine is not None]
    return lax.stop_gradient(jnp.minimum(REACH / largest, jnp.min(jnp.stack(spacings))))


def _size(monitored: Monitored, operator) -> Float[Array, ""]:
    """A bound of the drift's norm, energies counted from their middle."""
    decay, low, high = monitored.extent(operator)
    return jnp.maximum(decay + (high - low) / 2, np.finfo(float).tiny)


def _centred(monitored: Monitored, operator) -> Callable[[Ket], Ket]:
    """The drift with energies counted from their middle: a phase that nobody sees."""
    _, low, high = monitored.extent(operator)
    middle = (low + high) / 2

    def generator(psi):
        return monitored.drift(operator, psi) + middle * jnp.stack([-psi[1], psi[0]])

    return generator
