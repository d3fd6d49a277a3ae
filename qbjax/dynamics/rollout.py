"""Many collisions, one after the other: the driver of collisional batteries.

Reverse mode keeps about $2\\sqrt K$ states of K collisions: whole stretches are run again on
the way back.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int, PyTree

FEW = 8
"""Number of collisions up to which all of them are kept for reverse mode."""


class Rollout(NamedTuple):
    """States and observables that a roll-out leaves behind.

    `saved` is what `save` saw at the start, after every `every`-th collision and after the last;
    `seen` what `step` reported of those collisions, zeros at the start: leading axes S.
    """

    saved: PyTree[Array]
    seen: PyTree[Array]
    final: PyTree[Array]
    made: Int[Array, ""]


def rollout(
    step: Callable,
    state: PyTree[Array],
    inputs: PyTree[Array],
    *,
    save: Callable,
    every: int = 1,
    reverse: bool = True,
    settled: float | None = None,
    settles: Callable = lambda state: state,
    made: Int[Array, ""] | None = None,
) -> Rollout:
    """Rolls a state through K collisions.

    Args:
        step: step(state, input) -> (state, seen).
        state: the state to start from.
        inputs: numbers of the collisions, leading axis K.
        save: save(index, state), index 0 … K, called on the fly.
        every: save after so many collisions, and after the last.
        reverse: whether to keep little, for reverse mode.
        settled: leave the rest out once a collision changes no number by more than this; for
            collisions that are all alike.
        settles: settles(state), the part of a state that must have settled.
        made: leave the rest out after so many; None for all. What `save` and `step` tell of those
            left out is what they told last; before the first one, zeros.

    Example:
        >>> add = lambda total, x: (total + x, x)
        >>> out = rollout(add, jnp.array(0.0), jnp.arange(5.0), save=lambda i, s: s, every=2)
        >>> out.saved.tolist(), out.seen.tolist()
        ([0.0, 1.0, 6.0, 10.0], [0.0, 1.0, 3.0, 4.0])
    """
    count = jax.tree.leaves(inputs)[0].shape[0]
    if count and not (settled is None and made is None):
        step, state, save = _stopping(step, state, inputs, save, settled, settles, made)
        out = rollout(step, state, inputs, save=save, every=every, reverse=reverse)
        return out._replace(final=out.final.state, made=out.final.made)
    blocks = count // every

    def block(carry, some):
        index, state = carry
        # Only the last step tells: what others saw would be differentiated for nothing.
        length = jax.tree.leaves(some)[0].shape[0]
        if length > 1:
            before = jax.tree.map(lambda x: x[:-1], some)
            state, _ = _scan(lambda s, x: (step(s, x)[0], None), state, before, reverse)
        state, seen = step(state, jax.tree.map(lambda x: x[-1], some))
        index = index + length
        return (index, state), (save(index, state), seen)

    whole = jax.tree.map(lambda x: x[: blocks * every].reshape(blocks, every, *x.shape[1:]), inputs)
    start = save(jnp.array(0), state)
    carry, rows = _scan(block, (jnp.array(0), state), whole, reverse)
    report = jax.tree.map(lambda x: jnp.zeros(x.shape[1:], x.dtype), rows[1])
    tail = []
    if count % every:
        carry, last = block(carry, jax.tree.map(lambda x: x[blocks * every :], inputs))
        tail = [last]
    saved, seen = jax.tree.map(
        lambda first, many, *last: jnp.concatenate(
            [first[None], many, *(x[None] for x in last)]
        ),
        (start, report), rows, *tail,
    )  # fmt: skip
    return Rollout(saved, seen, carry[1], jnp.asarray(count))


class _Stopping(NamedTuple):
    """A state, the report of its last step, whether there are no more, and how many were made."""

    state: PyTree[Array]
    report: PyTree[Array]
    done: Bool[Array, ""]
    made: Int[Array, ""]


def _stopping(step, state, inputs, save, settled: float | None, settles: Callable, most):
    """A roll-out whose steps do nothing once it has settled, or enough were made."""

    def ends(made, after, before):
        done = jnp.array(False) if most is None else made >= most
        if settled is None:
            return done
        moved = jax.tree.map(lambda a, b: jnp.max(jnp.abs(a - b)), settles(after), settles(before))
        return done | (jnp.max(jnp.stack(jax.tree.leaves(moved))) <= settled)

    def fresh(carry, x):
        after, report = step(carry.state, x)
        made = carry.made + 1
        return _Stopping(after, report, ends(made, after, carry.state), made)

    def either(carry, x):
        carry = lax.cond(carry.done, lambda c, x: c, fresh, carry, x)
        return carry, carry.report

    shapes = jax.eval_shape(step, state, jax.tree.map(lambda x: x[0], inputs))[1]
    report = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
    none = jnp.array(0)
    start = _Stopping(state, report, jnp.array(False) if most is None else most <= none, none)
    return either, start, lambda index, carry: save(index, carry.state)


def stops(count: int, every: int) -> list[int]:
    """Numbers of collisions after which a roll-out saves.

    Example:
        >>> stops(5, 2)
        [0, 2, 4, 5]
    """
    return sorted({*range(0, count + 1, every), count})


def _scan(body, carry, inputs, reverse):
    """Scans like `lax.scan`; for reverse mode in stretches, of which only the starts are kept."""
    count = jax.tree.leaves(inputs)[0].shape[0]
    if not reverse or count <= FEW:
        return lax.scan(body, carry, inputs)
    length = math.isqrt(count)
    stretches = count // length
    cut = stretches * length

    @partial(jax.checkpoint, prevent_cse=False)
    def stretch(carry, some):
        return lax.scan(body, carry, some)

    many = jax.tree.map(lambda x: x[:cut].reshape(stretches, length, *x.shape[1:]), inputs)
    carry, first = lax.scan(stretch, carry, many)
    if cut == count:
        return carry, jax.tree.map(lambda a: a.reshape(cut, *a.shape[2:]), first)
    carry, last = stretch(carry, jax.tree.map(lambda x: x[cut:], inputs))
    joined = jax.tree.map(
        lambda a, b: jnp.concatenate([a.reshape(cut, *a.shape[2:]), b]), first, last
    )
    return carry, joined
