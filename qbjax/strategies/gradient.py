"""`maximize`: find the best protocol by gradient.

The optimiser sees the unbounded coordinates of `protocols.free`, so every protocol it
tries is feasible. A whole optimiser step, line search included, is one jitted function;
the host only looks on between steps (progress, early stop). A protocol whose objective
or gradient is not finite counts as very bad and flat, so a line search backs out of it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import optax
import optax.tree_utils as otu
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax.batteries.base import Battery
from qbjax.dynamics.integrate import sharpened
from qbjax.protocols import coordinates, is_free, random_start

_VERY_BAD = 1e12
"""Loss of a protocol that cannot be evaluated: finite, since the zoom line search
interpolates cubics through it."""

_LBFGS = optax.lbfgs(
    linesearch=optax.scale_by_zoom_linesearch(max_linesearch_steps=6, initial_guess_strategy="one")
)
"""One object, so that a second `maximize` of the same objective compiles nothing. Six trials
per line search, not optax's twenty: at a kink (populations that change order) no step
satisfies the Wolfe conditions, and the best of six does."""


class Progress(NamedTuple):
    """What a `progress` callback sees after every step."""

    step: int
    steps: int
    value: float
    best_value: float
    protocol: Any


class Best(eqx.Module):
    """What `maximize` found.

    Attributes:
        protocol: the best protocol, with plain numbers in place of the free ones.
        value: its objective.
        verified_value: the same with `battery.refined()` at ten times tighter tolerances;
            None when no battery was given.
        history: objective of the winning start at each iterate.
        converged: whether the gradient vanished or the value settled before `steps`.
        start_values: the best value of every start, shape (starts,).
    """

    protocol: Any
    value: Float[Array, ""]
    verified_value: Float[Array, ""] | None
    history: Float[np.ndarray, " steps"]
    converged: bool
    start_values: Float[np.ndarray, " starts"]


class _Search(NamedTuple):
    """The state of one start."""

    coordinates: list
    optimizer: Any
    best: list
    best_loss: Float[Array, ""]
    first_loss: Float[Array, ""]
    stalled: Int[Array, ""]


def maximize(
    objective: Callable,
    protocol: Any,
    *,
    battery: Battery | None = None,
    optimizer: optax.GradientTransformation = _LBFGS,
    steps: int = 50,
    starts: int = 1,
    key: Array | None = None,
    mode: Literal["reverse", "forward"] = "reverse",
    tolerance: float = 1e-7,
    progress: Callable[[Progress], None] | None = None,
) -> Best:
    r"""Finds the protocol that maximises an objective.

    Args:
        objective: `objective(protocol)`, or `objective(protocol, battery)` if a battery is
            given; it sees plain numbers in place of the free ones and returns a real
            scalar. It is traced once; keep the function itself (not a new lambda) between
            calls and the second call compiles nothing.
        protocol: any pytree with at least one `qb.free(value, low, high)`; the search
            starts from the values.
        battery: passed to the objective; also switches the verification on.
        optimizer: any optax optimiser; L-BFGS with its line search by default.
        steps: most optimiser steps.
        starts: independent searches; the first from the given values, the others uniform
            between the bounds. One program: `lax.map` on a CPU, `vmap` elsewhere.
        key: for the random starts; `jax.random.key(0)` by default.
        mode: "reverse" for many numbers; "forward" for few (the objective's `qb.charge`
            then needs `adjoint="forward"`).
        tolerance: relative to the objective, or to a thousandth of what was gained if that
            is more. Stop when no coordinate's slope exceeds it, or when two steps in a row
            gained less than a tenth of it (ten steps, if the optimizer has no line search).
        progress: called on the host after every step with a `Progress`.

    Returns:
        A `Best`. The value is the best of all iterates, not the last.

    Raises:
        ValueError: if nothing is free, the objective is no real scalar, or it is not
            finite at any start.

    Example:
        >>> import qbjax as qb
        >>> best = qb.maximize(lambda x: -((x - 1.0) ** 2), qb.free(0.0, -3.0, 3.0))
        >>> round(float(best.protocol), 6)
        1.0
    """
    _checks.x64()
    steps, starts = _checks.integer("steps", steps, low=1), _checks.integer("starts", starts, low=1)
    _checks.choice("mode", mode, ("reverse", "forward"))
    threshold = _checks.scalar("tolerance", tolerance, low=0)
    candidates = _starting_points(protocol, starts, key)
    problem = _Problem(objective, candidates[0], mode)
    problem.check_scalar(battery)
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *[coordinates(p)[0] for p in candidates])
    search = _begin(optimizer, stacked)
    losses, stopped = [], False
    for step in range(steps):
        tried = search.coordinates
        search, loss, done = _step(problem, optimizer, battery, search, threshold)
        losses.append(np.asarray(loss))
        if step == 0 and not np.any(losses[0] < _VERY_BAD):
            raise ValueError(
                "Argument `objective` must be finite at the start, but its value or gradient "
                "is not, at any start."
            )
        if progress is not None:
            progress(_progress(problem, search, tried, losses[-1], step, steps))
        stopped = bool(np.all(done))
        if stopped:
            break
    winner = int(np.argmin(search.best_loss))
    best = problem.protocol([u[winner] for u in search.best])
    return Best(
        protocol=best,
        value=-search.best_loss[winner],
        verified_value=None if battery is None else _verify(objective, best, battery),
        history=-np.array([loss[winner] for loss in losses]),
        converged=stopped,
        start_values=-np.asarray(search.best_loss),
    )


class _Problem(eqx.Module):
    """The loss as a function of coordinates: a pytree, so that jit finds it again."""

    objective: Callable = eqx.field(static=True)
    template: Any
    mode: str = eqx.field(static=True)

    def protocol(self, us: list) -> Any:
        return coordinates(self.template)[1](us)

    def value(self, us, battery) -> Float[Array, ""]:
        protocol = self.protocol(us)
        return self.objective(protocol) if battery is None else self.objective(protocol, battery)

    def check_scalar(self, battery):
        us, _ = coordinates(self.template)
        out = eqx.filter_eval_shape(self.value, us, battery)
        if getattr(out, "shape", None) != () or not jnp.issubdtype(out.dtype, jnp.floating):
            raise ValueError(f"Argument `objective` must return a real scalar, but returns {out}.")

    def loss(self, battery) -> Callable:
        """Minus the objective, NaN-safe, differentiated in the chosen mode."""

        def slopes(us):
            if self.mode == "reverse":
                return jax.value_and_grad(self.value)(us, battery)
            return _forward_value_and_grad(partial(self.value, battery=battery), us)

        @jax.custom_vjp
        def loss(us):
            value = self.value(us, battery)
            return jnp.where(jnp.isfinite(value), -value, _VERY_BAD)

        def forward(us):
            value, grads = slopes(us)
            finite = jnp.isfinite(value)
            for g in grads:
                finite &= jnp.all(jnp.isfinite(g))
            safe = [jnp.where(finite, -g, 0.0) for g in grads]
            return jnp.where(finite, -value, _VERY_BAD), safe

        loss.defvjp(forward, lambda grads, ct: ([ct * g for g in grads],))
        return loss


def _forward_value_and_grad(function, us):
    """Value and gradient by one forward tangent per number, no memory of the run."""
    flat, unravel = jax.flatten_util.ravel_pytree(us)
    push = partial(jax.jvp, lambda x: function(unravel(x)), (flat,))
    if flat.size == 1:
        value, slope = push((jnp.ones(1),))
        return value, unravel(slope[None])
    value, slopes = jax.vmap(lambda e: push((e,)), out_axes=(None, 0))(jnp.eye(flat.size))
    return value, unravel(slopes)


@eqx.filter_jit
def _begin(optimizer, stacked) -> _Search:
    def begin(us):
        worst = jnp.array(jnp.inf)
        return _Search(us, optimizer.init(us), us, worst, worst, jnp.array(0))

    return _strong(jax.vmap(begin)(stacked))


@eqx.filter_jit
def _step(problem: _Problem, optimizer, battery, search: _Search, tolerance):
    """One step of every start; converged starts stand still."""
    loss = problem.loss(battery)
    evaluate = optax.value_and_grad_from_state(loss)
    update = optax.with_extra_args_support(optimizer).update
    patience = 2 if otu.tree_get(search.optimizer, "grad") is not None else 10

    def one(search: _Search):
        us = search.coordinates
        value, grads = evaluate(us, state=search.optimizer)
        first = jnp.where(jnp.isinf(search.first_loss), value, search.first_loss)
        scale = tolerance * jnp.maximum(jnp.abs(value), 1e-3 * jnp.abs(value - first))
        slope = jnp.max(jnp.stack([jnp.max(jnp.abs(g)) for g in grads]))
        # Against the best, not the last: at a kink the values go up and down for ever.
        gained = search.best_loss - value > 0.1 * scale
        stalled = jnp.where(gained, 0, search.stalled + 1)
        better = value < search.best_loss
        seen = search._replace(
            best=jax.tree.map(lambda a, b: jnp.where(better, a, b), us, search.best),
            best_loss=jnp.minimum(value, search.best_loss),
            first_loss=first,
            stalled=stalled,
        )
        done = (value < _VERY_BAD) & ((slope <= scale) | (stalled >= patience))

        def move(seen: _Search):
            updates, state = update(
                grads, seen.optimizer, us, value=value, grad=grads, value_fn=loss
            )
            moved = optax.apply_updates(us, updates)
            moved = jax.tree.map(lambda a, b: jnp.where(jnp.isfinite(a), a, b), moved, us)
            return seen._replace(coordinates=moved, optimizer=state)

        return jax.lax.cond(done, lambda s: s, move, seen), value, done

    batched = partial(jax.lax.map, one) if jax.default_backend() == "cpu" else jax.vmap(one)
    search, value, done = batched(search)
    return _strong(search), value, done


def _strong(tree):
    """Weak types made strong: a step then takes what a step returns, and compiles once."""
    return jax.tree.map(lambda x: jax.lax.convert_element_type(x, x.dtype), tree)


def _starting_points(protocol, starts, key) -> list:
    fixed = jax.tree.map(lambda x: x if is_free(x) else _as_leaf(x), protocol, is_leaf=is_free)
    keys = jax.random.split(jax.random.key(0) if key is None else key, starts)
    return [fixed] + [random_start(k, fixed) for k in keys[1:]]


def _as_leaf(x):
    """Plain numbers become arrays, so that another number compiles nothing anew."""
    return jnp.asarray(x, dtype=float) if type(x) in (int, float) else x


def _progress(problem, search, tried, losses, step, steps) -> Progress:
    leader = int(np.argmin(search.best_loss))
    protocol = problem.protocol([u[leader] for u in tried])
    return Progress(
        step + 1, steps, -float(losses[leader]), -float(search.best_loss[leader]), protocol
    )


def _verify(objective, protocol, battery):
    """The objective with more levels and tighter tolerances."""
    # Not under one jit: eager, `charge` warns if even the refined ladder is too short, and
    # its own compilations serve every verification of this battery.
    with sharpened(10.0):
        return objective(protocol, battery.refined())
