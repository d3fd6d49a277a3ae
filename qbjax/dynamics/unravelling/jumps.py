r"""Quantum jumps: the state of a battery whose every loss is counted.

$$\psi' = A\psi \ \text{ until } \lVert\psi\rVert^2 = u_n, \qquad
  \text{then } \psi \to \frac{L_j\psi}{\lVert L_j\psi\rVert}
  \ \text{ with } p_j \propto \lVert L_j\psi\rVert^2,$$

with $u_n$ uniform in [0, 1), and a second such number that picks j. Where a jump is seen with
probability η < 1 alone, the state is a density matrix (`unravelling.conditional`).

The time of a jump is a root, found to rounding. Nothing has a tolerance: an equation that stands
still is followed to rounding, by exponentials that all trajectories share where the state has few
numbers, else by power series; one that moves to order six in the length of steps
(`unravelling.series`), which end at its edges and take an eighth of the longest that any other
method is allowed (`solve.lookout`).

References: J. Dalibard, Y. Castin and K. Mølmer, Phys. Rev. Lett. 68, 580 (1992); H. J. Carmichael,
An Open Systems Approach to Quantum Optics (1993).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from qbjax.dynamics.record import doubt
from qbjax.dynamics.solve.lookout import ahead
from qbjax.dynamics.unravelling import series as steps
from qbjax.dynamics.unravelling.conditional import Conditional, Densities, Kets, picked
from qbjax.dynamics.unravelling.monitored import Monitored, is_constant
from qbjax.dynamics.unravelling.spans import passed, spans_of

FEW = 128
"""Real numbers of a state that exponentials move faster than series (measured on a CPU)."""

FINER = 8
"""Times as many looks at a signal, and steps as much shorter, as for any other method."""

Advance = Callable[..., tuple[Array, Array, Array]]


class Record(NamedTuple):
    """The jumps so far.

    Attributes:
        times: when, NaN behind the last.
        channels: which, −1 behind the last.
        counts: of each jump.
        total: of all, also those that found no place above.
    """

    times: Float[Array, " most"]
    channels: Int[Array, " most"]
    counts: Int[Array, " J"]
    total: Int[Array, ""]


class Moment(NamedTuple):
    """The known state at a time, the size that it waits for, and the jumps before."""

    state: Array
    time: Float[Array, ""]
    wait: Float[Array, ""]
    record: Record


def trajectory(
    monitored: Monitored,
    times: Float[Array, " T"],
    *,
    efficiency: Float[Array, " J"] | None = None,
    most: int = 256,
) -> Callable[[PRNGKeyArray], dict[str, Array]]:
    """Makes the function from a key to the row of one trajectory (`dynamics.unravelling`).

    Args:
        monitored: the master equation.
        times: strictly increasing; the start belongs to the first.
        efficiency: share of each jump that is seen, in [0, 1]; None for all, of kets.
        most: jumps that a record has room for.

    Returns:
        A pure function; what it shares with others is computed outside it. To differentiate it by
        anything raises NotImplementedError.
    """
    monitored, times = _undifferentiated((monitored, times))
    known = known_of(monitored, efficiency)
    advance = _advance(known, monitored, times)

    def one(key: PRNGKeyArray) -> dict[str, Array]:
        first, then = jax.random.split(key)
        start = Moment(known.start(first), times[0], draws(then, 0)[0], _no_jumps(monitored, most))

        def interval(moment, target):
            moment = _until(known, advance, then, moment, target)
            return moment, _seen(known, moment)

        last, rows = lax.scan(interval, start, times[1:])
        seen, counts = jax.tree.map(
            lambda x, xs: jnp.concatenate([x[None], xs]), _seen(known, start), rows
        )
        return _row(monitored, seen, counts, last.record)

    return one


def begun(
    monitored: Monitored,
    key: PRNGKeyArray,
    time: Float[Array, ""],
    *,
    efficiency: Float[Array, " J"] | None = None,
    most: int = 256,
) -> Moment:
    """The start of a trajectory that `followed` follows; arguments as of `trajectory`."""
    first, then = jax.random.split(key)
    start = known_of(monitored, efficiency).start(first)
    return Moment(start, time, draws(then, 0)[0], _no_jumps(monitored, most))


def followed(
    monitored: Monitored,
    key: PRNGKeyArray,
    moment: Moment,
    interval: Float[Array, "2"],
    *,
    efficiency: Float[Array, " J"] | None = None,
) -> Moment:
    """Follows a trajectory through an interval, under an equation that may be its own.

    Args:
        monitored: the equation of this interval.
        key: of the trajectory, as `begun` had it.
        moment: at the beginning of the interval.
        interval: first and last time.
        efficiency: as of `trajectory`.
    """
    monitored = _undifferentiated(monitored)
    known, (_, then) = known_of(monitored, efficiency), jax.random.split(key)
    advance = _by_changing_steps(known, monitored, interval)
    return _until(known, advance, then, moment, interval[1])


def known_of(monitored: Monitored, efficiency: Float[Array, " J"] | None) -> Conditional:
    """The state that is known: a ket, or of shares of jumps a density matrix."""
    return Kets(monitored) if efficiency is None else Densities(monitored, efficiency)


def draws(key: PRNGKeyArray, count: Int[Array, ""] | int) -> Float[Array, "2"]:
    """Two uniform numbers: the size at which the jump after so many others comes, and its pick."""
    return jax.random.uniform(jax.random.fold_in(key, count), (2,), float)


def _until(known: Conditional, advance: Advance, key, moment: Moment, target) -> Moment:
    """Follows a state to a time, through all jumps before."""

    def step(moment):
        state, time, hit = advance(moment.state, moment.time, target, moment.wait)
        moved = moment._replace(state=state, time=time)
        return lax.cond(hit, lambda m: _jump(known, key, m), lambda m: m, moved)

    return lax.while_loop(lambda m: m.time < target, step, moment)


def _jump(known: Conditional, key, moment: Moment) -> Moment:
    """One jump, now."""
    times, channels, counts, total = moment.record
    after = known.jumped(moment.time, moment.state)
    rates = jax.vmap(known.size)(after)
    channel = picked(rates, draws(key, total)[1])
    record = Record(
        times.at[total].set(moment.time, mode="drop"),
        channels.at[total].set(channel, mode="drop"),
        counts.at[channel].add(1),
        total + 1,
    )
    return Moment(known.of_size_one(after[channel]), moment.time, draws(key, total + 1)[0], record)


def _advance(known: Conditional, monitored: Monitored, times) -> Advance:
    """Makes the function (state, time, target, size) -> (state, time, whether it fell to size).

    It goes as far as one step does.
    """
    shape = jax.eval_shape(known.start, jax.random.key(0)).shape
    if not is_constant(monitored, times):
        return _by_changing_steps(known, monitored, times)
    operator = known.operator(times[0])
    if np.prod(shape) <= FEW:
        return _by_spans(known, operator, spans_of(known, operator, shape, times))
    radius = known.radius(operator)

    def advance(state, time, target, size):
        step = jnp.minimum(target - time, steps.REACH / radius)
        end = jnp.where(step >= target - time, target, time + step)
        return _leg(known, steps.constant(operator, step), state, (time, end), size)

    return advance


def _by_spans(known: Conditional, operator, spans) -> Advance:
    def advance(state, time, target, size):
        reached = passed(known, spans, state, target - time, size)
        start, left = time + reached.passed, reached.left
        end = jnp.minimum(start + left, target)
        end = jnp.where(target - end < spans.shortest * steps.CLOSE, target, end)
        return _leg(known, steps.constant(operator, left), reached.state, (start, end), size)

    return advance


def _by_changing_steps(known: Conditional, monitored: Monitored, times) -> Advance:
    edges = monitored.edges()
    found = [s._replace(cells=FINER * s.cells) for s in monitored.signals(times)]
    views = ahead(found, times)

    def advance(state, time, target, size):
        stop = target
        if edges is not None:
            stop = jnp.minimum(stop, jnp.min(jnp.where(edges > time, edges, jnp.inf)))
        for view in views:
            stop = jnp.minimum(stop, view.limit(time))
        radii = [known.radius(known.operator(time + x * (stop - time))) for x in steps.NODES]
        step = jnp.minimum(stop - time, steps.REACH / jnp.max(jnp.stack(radii)))
        end = jnp.where(step >= stop - time, stop, time + step)
        if views:
            powers = steps.moving(known.operator, time, end - time)
        else:
            powers = steps.constant(known.operator((time + end) / 2), end - time)
        return _leg(known, powers, state, (time, end), size)

    return advance


def _leg(known: Conditional, powers, state, span, size):
    """One step by series from the first time to the last, or to the jump in between."""
    time, end = span
    there = steps.advanced(known, powers, state)
    hit = known.size(there) <= size

    def found():
        share, fallen = steps.crossing(known, powers, state, size)
        return fallen, jnp.minimum(time + share * (end - time), end), hit

    return lax.cond(hit, found, lambda: (there, end, hit))


def _seen(known: Conditional, moment: Moment) -> tuple[dict[str, Array], Int[Array, " J"]]:
    return known.seen(known.of_size_one(moment.state)), moment.record.counts


def _row(monitored: Monitored, seen, counts, record: Record) -> dict[str, Array]:
    ended = jnp.where(doubt.all_finite(seen), doubt.OK, doubt.NON_FINITE)
    merits = lax.map(monitored.merits, seen)  # see there why not by `vmap`
    averaged = {k: x for k, x in seen.items() if k != "norm_squared"}
    return {
        **averaged,
        **merits,
        "status": doubt.status_of(ended, seen["truncation"]),
        "jump_times": record.times,
        "jump_channels": record.channels,
        "jump_counts": counts,
    }


def _no_jumps(monitored: Monitored, most: int) -> Record:
    counts = jnp.zeros(len(monitored.jumps), int)
    return Record(jnp.full(most, jnp.nan), jnp.full(most, -1), counts, jnp.array(0))


def _undifferentiated(given: Any) -> Any:
    """Makes arguments of which nothing can be differentiated.

    What changes by a jump is not continuous in any number: a derivative at a fixed key forgets
    that it moves from one trajectory to another.
    """
    numbers, rest = eqx.partition(given, eqx.is_inexact_array)
    return eqx.combine(_fixed(numbers), rest)


@jax.custom_jvp
def _fixed(numbers):
    return numbers


@_fixed.defjvp
def _refuse(primals, tangents):
    raise NotImplementedError(
        "Trajectories of quantum jumps have no derivative at a fixed key: differentiate qb.charge, "
        'which is their mean, or trajectories with unravelling="diffusive".'
    )
