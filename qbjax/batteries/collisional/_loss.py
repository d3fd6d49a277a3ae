r"""Photon loss, or a thermal bath, between collisions: exact on each diagonal of the state.

For a time $t_0$ at the rate κ, with $\ell = \kappa t_0$ and a bath of $\bar n$ quanta,

$$\rho' = e^{\ell\mathcal G}\rho, \qquad
  \mathcal G = (\bar n + 1)\,\mathcal D[A] + \bar n\,\mathcal D[A^\dagger], \qquad
  \mathcal D[A]\rho = A\rho A^\dagger - \tfrac12\{A^\dagger A, \rho\},$$

where A is the operator of the truncated ladder, so that the trace stays. Element (n, m) meets
(n ± 1, m ± 1) alone, by real factors: a packed state moves like the state, and populations by
themselves. Two ways to the exponential, both sums of positive terms, so that nothing cancels:

- An oscillator in a cold bath (`thermal` the plain number 0) loses l quanta with
  $K_l = \sum_m \sqrt{p_l(m)}\,|m-l\rangle\langle m|$, where $p_l(m) = \binom ml\gamma^l
  (1-\gamma)^{m-l}$, $\gamma = 1 - e^{-\ell}$: a shift by l with an outer product as factor.
- Else with Λ the largest rate of leaving a level, $P = 1 + \mathcal G/\Lambda$ is positive, and
  $e^{\ell\mathcal G}$ is the mean of $P^k$ over k with a Poisson law of mean $\ell\Lambda$.

What depends on ℓ and $\bar n$ alone is prepared once; then a state costs as many passes over it
as there are terms above rounding: for ℓN < 1 about a dozen.

References: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by
repeated interactions" (2023), Eq. (21), which as printed overflows for large ℓ; V. Shaghaghi
et al., "Lossy micromaser battery" (2023), Eq. (17).
"""

import math

import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax._types import Scalar, ScalarLike
from qbjax.algebra.ladders import Ladder
from qbjax.batteries.collisional._binomial import (
    ROUNDING,
    Binomial,
    Packed,
    binomial,
    product,
    shifted,
)

LONGEST = 512.0
"""Largest mean of one Poisson law: a longer loss is taken in parts."""

SHORTEST = 1e-3
"""Least mean of the law: some terms even where nothing is lost."""

TERMS = 768
"""Most terms of one part: eleven standard deviations above `LONGEST`."""


class Loss(eqx.Module):
    r"""Loss for a while, prepared; call it with a state after every collision.

    Differentiable with respect to the state, `loss` and `thermal`: in reverse mode once, and in
    forward mode as often as wanted, also of the reverse.

    Args:
        ladder: whose lowering operator is A.
        loss: $\ell = \kappa t_0 ≥ 0$; the plain number 0 leaves every state as it is.
        thermal: $\bar n ≥ 0$; the plain number 0 is a cold bath.
        populations_only: whether only populations will be moved; then nothing prepared is
            larger than they are.

    Raises:
        TypeError, ValueError: if `loss` or `thermal` is no such number.

    Example:
        >>> from qbjax.algebra import ladders
        >>> half = Loss(ladders.oscillator(3), jnp.log(2.0))
        >>> half(jnp.array([0.0, 0.0, 1.0])).round(6).tolist()
        [0.25, 0.5, 0.25]
    """

    ladder: Ladder
    loss: Scalar
    thermal: Scalar | None
    plan: "Binomial | _Poisson | None"

    def __init__(
        self,
        ladder: Ladder,
        loss: ScalarLike,
        thermal: ScalarLike = 0,
        *,
        populations_only: bool = False,
    ):
        self.ladder = ladder
        self.loss = _checks.scalar("loss", loss, low=0)
        cold = _checks.is_plain_zero(thermal)
        self.thermal = None if cold else _checks.scalar("thermal", thermal, low=0)
        # Algorithm, not physics: derivatives are taken of the map, in `_moved`.
        numbers = lax.stop_gradient((self.loss, self.thermal))
        if _checks.is_plain_zero(loss):
            self.plan = None
        elif cold and ladder.kind == "oscillator" and not populations_only:
            self.plan = binomial(ladder.size, numbers[0])
        else:
            self.plan = _poisson(ladder, *numbers)

    def __call__(self, state: Packed) -> Packed:
        """The state after the loss: packed (N, N), or populations (N,)."""
        return self._moved(state, False)

    def dual(self, observable: Packed) -> Packed:
        r"""The dual map: $\sum X\rho' = \sum X'\rho$ with sums over all elements."""
        return self._moved(observable, True)

    def generator(self, state: Packed) -> Packed:
        r"""The generator at work, $\mathcal G\rho$.

        Of the state after the loss it makes the derivative with respect to `loss`.
        """
        return _generated(self.ladder, self.thermal, state, False)

    def _moved(self, state: Packed, dual: bool) -> Packed:
        if self.plan is None:
            return state
        return _moved(self.ladder, self.plan, self.loss, self.thermal, state, dual)


# A primitive, for JAX cannot transpose a loop of unknown length, and would transpose every shift
# into a padded sum; but the transpose of the map is the dual map, and that is all it needs.


@eqxi.filter_primitive_def
def _moved_impl(ladder, plan, loss, thermal, state, dual):
    return _applied(ladder, plan, loss, thermal, state, dual)


@eqxi.filter_primitive_def
def _moved_abstract(ladder, plan, loss, thermal, state, dual):
    return state


@eqxi.filter_primitive_jvp
def _moved_jvp(primals, tangents):
    ladder, plan, loss, thermal, state, dual = primals
    _, _, loss_dot, thermal_dot, state_dot, _ = tangents
    out = _moved(*primals)
    total = jnp.zeros_like(out)
    if state_dot is not None:
        total = total + _moved(ladder, plan, loss, thermal, state_dot, dual)
    if loss_dot is not None:
        total = total + loss_dot * _generated(ladder, thermal, out, dual)
    if thermal_dot is not None:
        # Exact whatever the plan, which fixes only how the exponential is summed.
        _, slope = jax.jvp(
            lambda n: _applied(ladder, plan, loss, n, state, dual),
            (thermal,),
            (jnp.ones_like(thermal),),
        )
        total = total + thermal_dot * slope
    return out, total


@eqxi.filter_primitive_transpose(materialise_zeros=True)
def _moved_transpose(inputs, cotangent):
    ladder, plan, loss, thermal, _, dual = inputs
    nothing = jax.tree.map(lambda _: None, (ladder, plan, loss, thermal))
    return *nothing, _moved(ladder, plan, loss, thermal, cotangent, not dual), None


_moved_p = eqxi.create_vprim("loss", _moved_impl, _moved_abstract, _moved_jvp, _moved_transpose)


def _moved(*inputs):
    return eqxi.filter_primitive_bind(_moved_p, *inputs)


@eqx.filter_jit
def _applied(ladder, plan, loss, thermal, state, dual):
    if isinstance(plan, Binomial):
        return shifted(plan, state, dual)
    return _averaged(ladder, plan, loss, thermal, state, dual)


class _Poisson(eqx.Module):
    """The numbers of a Poisson law that depend on the loss alone.

    Attributes:
        parts: in how many the loss is taken.
        mean: of the law of each.
        ratios: its probability of $k ≥ j$ where $k ≥ j - 1$, for j = 1, 2, …
        count: how many j matter.
    """

    parts: Scalar
    mean: Scalar
    ratios: Float[Array, " J"]
    count: Int[Array, ""]


@eqx.filter_jit
def _poisson(ladder: Ladder, loss, thermal) -> _Poisson:
    below, above = _squares(ladder)
    down, up = _rates(thermal)
    total = jnp.minimum(loss, _forgetting(ladder)) * jnp.max(down * below + up * above)
    parts = jnp.maximum(jnp.ceil(eqxi.unvmap_max(total) / LONGEST), 1.0)
    # Any mean that is large enough gives the same map; one of 0 would not know its derivatives.
    mean = jnp.maximum(total / parts, SHORTEST)
    law = jnp.cumprod(jnp.concatenate([jnp.ones(1), mean / np.arange(1.0, TERMS)]))
    tails = jnp.cumsum(law[::-1])[::-1]
    count = jnp.sum(tails[1:] > ROUNDING * tails[0])
    ratios = tails[1:] / jnp.where(tails[:-1] > 0, tails[:-1], 1.0)  # terms too small for a number
    return _Poisson(parts, mean, ratios, eqxi.unvmap_max(count))


def _forgetting(ladder: Ladder) -> float:
    """A loss after which nothing is left of the initial state, so that more changes nothing.

    Whatever the bath, an oscillator decays at half the rate κ at least, and a spin at j/2 times
    it (0.76j was the least found). A uniform ladder may be slower, but its Λ is small.
    """
    slowest = {"oscillator": 0.5, "spin": (ladder.size - 1) / 4, "uniform": 0.0}[ladder.kind]
    return (42.0 + math.log(ladder.size)) / slowest if slowest else math.inf


def _averaged(ladder: Ladder, plan: _Poisson, loss, thermal, state, dual):
    scale = jnp.minimum(loss, _forgetting(ladder)) / (plan.parts * plan.mean)

    def part(_, state):
        # Horner's rule for the mean of P^k; whatever stands in between is a state, too.
        def term(i, later):
            moved = later + scale * _generated(ladder, thermal, later, dual)
            return state + plan.ratios[plan.count - 1 - i] * (moved - state)

        return lax.fori_loop(0, plan.count, term, state)

    return lax.fori_loop(0, plan.parts.astype(int), part, state)


def _rates(thermal):
    """The rates of going down and up, in units of κ."""
    return (1.0, 0.0) if thermal is None else (thermal + 1, thermal)


def _generated(ladder: Ladder, thermal, state, dual):
    """The generator, or its dual, applied to a state."""
    below, above = _squares(ladder)
    down, up = _rates(thermal)
    leaving = jnp.asarray(down * below + up * above)
    if state.ndim == 2:
        leaving = (leaving[:, None] + leaving[None, :]) / 2
    total = -leaving * state
    jumps = ((down, below, above, 1), (up, above, below, -1))
    # A cold bath's way up is left out, not multiplied by 0.
    for rate, leave, come, k in jumps[: 1 if thermal is None else 2]:
        factors = jnp.sqrt(leave if dual else come)
        step = -k if dual else k
        total = total + rate * product(factors, state.ndim) * _neighbour(state, step)
    return total


def _squares(ladder: Ladder):
    """The squares $a_n^2$ and $a_{n+1}^2$ for n = 0 … N−1, zero beyond the ends."""
    squares = ladder.squared_couplings
    return np.concatenate([[0.0], squares]), np.concatenate([squares, [0.0]])


def _neighbour(state, k):
    """A state with element (n + k, m + k) at (n, m), k = ±1.

    What is carried over at the borders meets factors zero.
    """
    edges = [(2, 2, 0)] + [(0, 0, 0)] * (state.ndim - 1)
    line = lax.pad(state, 0.0, edges).ravel()
    step = state.shape[0] + 1 if state.ndim == 2 else 1
    start = (line.size - state.size) // 2 + k * step
    return lax.slice(line, (start,), (start + state.size,)).reshape(state.shape)
