"""One step of a gradient search, jitted whole: the body of the loop of `maximize`.

The search runs in the unbounded coordinates of `protocols.free`; several starts are one
program, `lax.map` on a CPU and `vmap` on an accelerator.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import optax
import optax.tree_utils as otu
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax.dynamics.record import witness
from qbjax.dynamics.undefined import allowed
from qbjax.protocols import coordinates

VERY_BAD = 1e12
"""Loss of a protocol that cannot be evaluated, in units of what counts as one: finite, since the
zoom line search interpolates cubics through it."""

NOT_A_LOSS = 1e300
"""Loss of such a protocol where it is not yet known what counts as one."""


class Search(NamedTuple):
    """The state of the search from one start.

    Losses are in units of `size`, the larger of the first loss and its slopes: line searches have
    steps and limits of their own, and know no unit of the objective.
    """

    coordinates: list
    optimizer: Any
    best: list
    best_slopes: list
    best_loss: Float[Array, ""]
    first_loss: Float[Array, ""]
    size: Float[Array, ""]
    stalled: Int[Array, ""]


class Problem(eqx.Module):
    """The loss as a function of coordinates: a pytree, so that jit finds it again."""

    objective: Callable = eqx.field(static=True)
    template: Any
    mode: str = eqx.field(static=True)

    def protocol(self, us: list) -> Any:
        return coordinates(self.template)[1](us)

    def value(self, us, battery):
        return called(self.objective, self.protocol(us), battery)

    def shape_of(self, function: Callable, battery) -> Any:
        """Shape and type of what a function of a protocol, and of a battery, returns."""
        us, _ = coordinates(self.template)
        look = lambda us, battery: called(function, self.protocol(us), battery)  # noqa: E731
        return eqx.filter_eval_shape(look, us, battery)

    def check_scalar(self, battery) -> witness.Heard:
        """Checks that the objective is a real scalar; returns what its runs tell of themselves."""
        found = []

        def value(us, battery):
            with witness.listening() as heard:
                found.append(heard)
                return self.value(us, battery)

        us, _ = coordinates(self.template)
        out = eqx.filter_eval_shape(value, us, battery)
        if getattr(out, "shape", None) != () or out.dtype != jnp.float64:
            raise ValueError(
                "Argument `objective` must return a real scalar of double precision, but returns "
                f"{shown(out)}."
            )
        return found[0]

    def loss(self, battery, size, bad) -> Callable:
        """Minus the objective over a size, NaN-safe, differentiated in the chosen mode."""

        def slopes(us):
            if self.mode == "reverse":
                return jax.value_and_grad(self.value)(us, battery)
            return _forward_value_and_grad(partial(self.value, battery=battery), us)

        @jax.custom_vjp
        def loss(us):
            value = self.value(us, battery)
            return jnp.where(jnp.isfinite(value), -value / size, bad)

        def forward(us):
            value, grads = slopes(us)
            finite = jnp.isfinite(value)
            for g in grads:
                finite &= jnp.all(jnp.isfinite(g))
            safe = [jnp.where(finite, -g / size, 0.0) for g in grads]
            return jnp.where(finite, -value / size, bad), safe

        loss.defvjp(forward, lambda grads, ct: ([ct * g for g in grads],))
        return loss


def called(function: Callable, protocol: Any, battery: Any) -> Any:
    """Calls a function of a protocol, and of a battery where there is one."""
    return function(protocol) if battery is None else function(protocol, battery)


def shown(out: Any) -> str:
    """Words for the shape and type of a returned value."""
    if isinstance(out, jax.ShapeDtypeStruct):
        return f"{out.dtype} of shape {out.shape}"
    return _checks.show(out)


def _forward_value_and_grad(function, us):
    """Value and gradient by one forward tangent per number, without memory of the run."""
    flat, unravel = jax.flatten_util.ravel_pytree(us)
    push = partial(jax.jvp, lambda x: function(unravel(x)), (flat,))
    if flat.size == 1:
        value, slope = push((jnp.ones(1),))
        return value, unravel(slope[None])
    value, slopes = jax.vmap(lambda e: push((e,)), out_axes=(None, 0))(jnp.eye(flat.size))
    return value, unravel(slopes)


@eqx.filter_jit
def doubt_of(problem: Problem, battery, us: list) -> tuple[Int[Array, ""], dict[str, Array]]:
    """Status of the runs behind a value, and the population of the top levels of each mode."""
    with witness.listening() as heard:
        problem.value(us, battery)
    return heard.status, heard.truncation


@eqx.filter_jit
def begin(optimizer, stacked) -> Search:
    """Makes searches that have not looked yet, one for each row of the coordinates."""

    def begin(us):
        worst, unknown = jnp.array(jnp.inf), jnp.array(1.0)
        flat = jax.tree.map(jnp.zeros_like, us)
        return Search(us, optimizer.init(us), us, flat, worst, worst, unknown, jnp.array(0))

    return strong(jax.vmap(begin)(stacked))


@eqx.filter_jit
def step_all(problem: Problem, optimizer, battery, search: Search, tolerance, parallel: bool):
    """Takes one step from every start, but converged ones; losses are in the objective's unit.

    `parallel` says whether all starts are computed at once, as it suits an accelerator, or one
    after the other.
    """
    one = partial(step_one, problem, optimizer, battery, tolerance)
    batched = jax.vmap(one) if parallel else partial(jax.lax.map, one)
    search, value, done = batched(search)
    return strong(search), value, done


def step_one(problem: Problem, optimizer, battery, tolerance, search: Search):
    """Takes one step from one start, unless it has converged; its loss, and whether it has."""
    update = optax.with_extra_args_support(optimizer).update
    remembers = _remembers(search.optimizer)

    us = search.coordinates
    value, grads, size = _looked(problem, battery, search)
    loss = problem.loss(battery, size, VERY_BAD)
    first = jnp.where(jnp.isinf(search.first_loss), value, search.first_loss)
    scale = tolerance * jnp.maximum(jnp.abs(value), 1e-3 * jnp.abs(value - first))
    slope = _largest(grads)
    # Against the best, not the last: at a kink the values go up and down for ever.
    gained = search.best_loss - value > 0.1 * scale
    stalled = jnp.where(gained, 0, search.stalled + 1)
    updated = _with_best(search, value, grads)
    updated = updated._replace(first_loss=first, size=size, stalled=stalled)
    settled = (slope <= scale) | (remembers & (stalled >= 2))
    done = (value < VERY_BAD) & settled

    def move(updated: Search):
        # A learning rate belongs to the slopes that the objective has.
        pulls = grads if remembers else [g * size for g in grads]
        updates, state = update(
            pulls, updated.optimizer, us, value=value, grad=grads, value_fn=loss
        )
        moved = optax.apply_updates(us, updates)
        moved = jax.tree.map(lambda a, b: jnp.where(jnp.isfinite(a), a, b), moved, us)
        return updated._replace(coordinates=moved, optimizer=state)

    return jax.lax.cond(done, lambda s: s, move, updated), value * size, done


def _with_best(search: Search, value, grads) -> Search:
    """Remembers the point where a search stands, if nothing was better."""
    new, old = (search.coordinates, grads), (search.best, search.best_slopes)
    better = value < search.best_loss
    best, slopes = jax.tree.map(lambda a, b: jnp.where(better, a, b), new, old)
    least = jnp.minimum(value, search.best_loss)
    return search._replace(best=best, best_slopes=slopes, best_loss=least)


def _looked(problem: Problem, battery, search: Search):
    """Loss and slopes where a search stands, and their size, which the first look finds."""
    fresh = jnp.isinf(search.first_loss)
    bad = jnp.where(fresh, NOT_A_LOSS, VERY_BAD)
    loss = problem.loss(battery, search.size, bad)
    evaluate = jax.value_and_grad(loss)
    if _remembers(search.optimizer):
        evaluate = partial(optax.value_and_grad_from_state(loss), state=search.optimizer)
    value, grads = evaluate(search.coordinates)
    size = jnp.where(fresh, _size(value, grads), search.size)
    share = search.size / size
    return jnp.where(value < bad, value * share, VERY_BAD), [g * share for g in grads], size


def _size(value, grads) -> Float[Array, ""]:
    """The size that counts as one: the larger of a loss and its slopes, where they have a size."""
    size = jnp.maximum(jnp.abs(value), _largest(grads))
    return jnp.where((value < NOT_A_LOSS) & (size > 0), size, 1.0)


def _largest(grads) -> Float[Array, ""]:
    return jnp.max(jnp.stack([jnp.max(jnp.abs(g)) for g in grads]))


def _remembers(state) -> bool:
    """Whether a line search left value and gradient of its last trial in the state."""
    return otu.tree_get(state, "grad") is not None


def explained(step, mode):
    """Rewords JAX's complaint about the other mode: it names the argument that is wrong.

    What is not finite here is no fault (`undefined.allowed`): an objective that is NaN is very bad.
    """

    def attempt(*args):
        try:
            with allowed():
                return step(*args)
        except (TypeError, ValueError) as error:
            if "custom_vjp" not in str(error) and "Reverse-mode" not in str(error):
                raise
            raise ValueError(
                f'Argument `mode` must fit the objective, but is "{mode}": its qb.charge and '
                f'qb.store need adjoint="{mode}" (or "direct").'
            ) from error

    return attempt


def strong(tree):
    """Makes weak types strong: a step then takes what a step returns, and compiles once."""
    return jax.tree.map(lambda x: jax.lax.convert_element_type(x, x.dtype), tree)
