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
from typing import Any, ClassVar

import diffrax
import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_TABLEAU = diffrax.Tsit5.tableau
_STAGES = tuple(np.asarray(row) for row in _TABLEAU.a_lower)
_NODES = np.asarray(_TABLEAU.c)
_ERROR = np.asarray(_TABLEAU.b_error)


class _Interpolation(diffrax.AbstractLocalInterpolation):
    """diffrax's Tsit5 interpolation, with the stages kept apart until one is needed."""

    t0: Any  # type: ignore[misc]  # diffrax declares it a class variable; its own do this too
    t1: Any  # type: ignore[misc]
    y0: Any
    y1: Any
    stages: tuple

    def evaluate(self, t0, t1=None, left=True):
        dt = self.t1 - self.t0
        k = jax.tree.map(lambda *x: dt * jnp.stack(x), *self.stages)
        dense = diffrax.Tsit5.interpolation_cls(t0=self.t0, t1=self.t1, y0=self.y0, y1=self.y1, k=k)
        return dense.evaluate(t0, t1, left)


class Tsit5(diffrax.AbstractAdaptiveSolver):
    """Drop-in for `diffrax.Tsit5`: same steps to rounding, faster on a CPU."""

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar[Callable[..., _Interpolation]] = _Interpolation

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
        # The last stage is the next step's first, except at the start and after a jump.
        stale = eqxi.unvmap_any(fresh | made_jump)
        stages = [lax.cond(stale, lambda: terms.vf(t0, y0, args), lambda: last)]
        y = y0
        for row, node in zip(_STAGES, _NODES, strict=True):
            y = _fenced(opaque, lambda *k, row=row: _advance(y0, dt, row, k), *stages)
            t = t1 if node == 1 else t0 + node * dt
            stages.append(_fenced(opaque, lambda y, t=t: terms.vf(t, y, args), y))
        error = jax.tree.map(lambda *k: dt * _dot(_ERROR, k), *stages)
        dense = {"y0": y0, "y1": y, "stages": tuple(stages)}
        return y, error, dense, (jnp.array(False), stages[-1]), diffrax.RESULTS.successful


def _advance(y0, dt, row, stages):
    return jax.tree.map(lambda y, *k: y + dt * _dot(row, k), y0, *stages)


def _dot(weights, terms):
    total = weights[0] * terms[0]
    for weight, term in zip(weights[1:], terms[1:], strict=True):
        total = total + weight * term
    return total


def _fenced(opaque, function, *operands):
    struct = eqx.filter_eval_shape(function, *operands)

    def never(*_):
        return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), struct)

    return lax.cond(opaque, function, never, *operands)
