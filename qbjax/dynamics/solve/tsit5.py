r"""Tsitouras' 5(4) Runge–Kutta method with stages that XLA:CPU cannot recompute.

diffrax's own Tsit5 is the method; only the evaluation differs. XLA fuses elementwise
work into whatever reads it, so an unrolled Runge–Kutta step recomputes every stage in
every later one (measured: ten times slower than a loop), and diffrax's loop over stages
pays for a buffer instead. Here each stage input and each right-hand side stands behind
a `lax.cond` whose predicate the compiler cannot see through: computed once, read many
times. On a 32×9-level Lindblad equation a step takes two thirds of diffrax's time.
(`lax.optimization_barrier` does not help: XLA:CPU removes it before fusion.)
"""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import diffrax
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

TABLEAU = diffrax.Tsit5.tableau
STAGES = tuple(np.asarray(row) for row in TABLEAU.a_lower)
NODES = np.asarray(TABLEAU.c)
ERROR = np.asarray(TABLEAU.b_error)


class Interpolation(diffrax.AbstractLocalInterpolation):
    """The interpolation of diffrax's Tsit5, with the stages kept apart."""

    t0: Any  # type: ignore[misc]  # diffrax declares it a class variable; its own do this too
    t1: Any  # type: ignore[misc]
    y0: Any
    y1: Any
    stages: tuple

    def evaluate(self, t0, t1=None, left=True):
        # Which share each stage has is asked with units for stages: to stack the stages would cost
        # as much as a stage, and XLA would move it to where it is done in every step.
        nothing, units = jnp.zeros(len(self.stages)), jnp.eye(len(self.stages))
        shares = diffrax.Tsit5.interpolation_cls(
            t0=self.t0, t1=self.t1, y0=nothing, y1=nothing, k=units
        ).evaluate(t0, t1, left)
        moved = jax.tree.map(lambda *k: (self.t1 - self.t0) * dot(shares, k), *self.stages)
        return moved if t1 is not None else jax.tree.map(jnp.add, self.y0, moved)


class Tsit5(diffrax.AbstractAdaptiveSolver):
    """A drop-in for `diffrax.Tsit5`: same steps to rounding, faster on a CPU."""

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar[Callable[..., Interpolation]] = Interpolation

    def order(self, terms):
        return 5

    def func(self, terms, t0, y0, args):
        return terms.vf(t0, y0, args)

    def init(self, terms, t0, t1, y0, args):
        return jnp.array(True), jax.tree.map(jnp.zeros_like, y0)

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        fresh, last = solver_state
        dt = t1 - t0
        # Always true. Unbatched under vmap, where a batched predicate would turn every
        # cond into a select of both branches.
        opaque = eqxi.unvmap_any(t1 >= t0)
        # The last stage is the next step's first, except at the start and after an edge.
        stale = eqxi.unvmap_any(fresh | made_jump)
        first = lax.cond(stale, lambda: terms.vf(t0, y0, args), lambda: last)
        inputs, stages = _climb(lambda t, y: terms.vf(t, y, args), opaque, t0, t1, y0, first)
        stages.append(fenced(opaque, lambda y: terms.vf(t1, y, args), inputs[-1]))
        error = jax.tree.map(lambda *k: dt * dot(ERROR, k), *stages)
        dense = {"y0": y0, "y1": inputs[-1], "stages": tuple(stages)}
        return inputs[-1], error, dense, (jnp.array(False), stages[-1]), diffrax.RESULTS.successful


def stage_inputs(field: Callable, t0, t1, y0) -> list:
    """The states at which a step from t0 to t1 evaluates `field(t, y)`; the last is its end."""
    opaque = eqxi.unvmap_any(t1 >= t0)
    first = fenced(opaque, lambda y: field(t0, y), y0)
    return _climb(field, opaque, t0, t1, y0, first)[0]


def node(i: int, t0, t1):
    """The time of stage i = 0 … 6 of a step."""
    c = 0.0 if i == 0 else NODES[i - 1]
    return t1 if c == 1 else t0 + c * (t1 - t0)


def _climb(field, opaque, t0, t1, y0, first):
    """Computes stage inputs 0 … 6 and stages 0 … 5 of a step."""
    field = jax.jit(field)  # traced once
    inputs, stages = [y0], [first]
    for i, row in enumerate(STAGES, 1):
        y = fenced(opaque, lambda *k, row=row: advance(y0, t1 - t0, row, k), *stages)
        inputs.append(y)
        if i < 6:
            t = node(i, t0, t1)
            stages.append(fenced(opaque, partial(field, t), y))
    return inputs, stages


def advance(y0, dt, row, stages):
    """The state after dt along stages weighted by a row of the tableau."""
    return jax.tree.map(lambda y, *k: y + dt * dot(row, k), y0, *stages)


def dot(weights, terms):
    """A weighted sum, term by term so that XLA makes one kernel of it."""
    total = weights[0] * terms[0]
    for weight, term in zip(weights[1:], terms[1:], strict=True):
        total = total + weight * term
    return total


def fenced(opaque, function, *operands, like=None):
    """Calls `function(*operands)` behind a `lax.cond`, which hides it from XLA's fusion.

    The result is like the last operand, or `like`.
    """

    def never(*operands):
        return jax.tree.map(jnp.zeros_like, operands[-1] if like is None else like)

    return lax.cond(opaque, function, never, *operands)
