r"""Imperfections of a stream of qubits: what differs from qubit to qubit, and is not known.

Every collision draws its numbers anew, independently of all others. So the state of the battery,
averaged over them, moves by the averaged collision: an exact channel, no sampling, and as
differentiable as one. With the numbers of a stream for means:

| scattered | law | enters by |
|---|---|---|
| arrival | a qubit is missed with probability p | $(1-p)\mathcal C + p$ |
| waiting | exponential times between qubits | $(1-\ell\mathcal G)^{-1}$ for $e^{\ell\mathcal G}$ |
| θ | normal, of standard deviation σθ | Gauss–Hermite quadrature |
| Δ | normal | Gauss–Hermite quadrature |
| α | normal | $x\,e^{-\sigma^2/2}$ |
| q | beta | $x\,S(a)S(b)$, $S(z) = \Gamma(z+\frac12)/(\Gamma(z)\sqrt z)$ |

A collision is linear in the state of its qubit: so scatter of c changes nothing as long as its mean
is c, and scatter of α and q takes coherence from the qubits, nothing else. The parameters of the
beta law are $a = q\nu$, $b = (1-q)\nu$, $\nu = q(1-q)/\sigma^2 - 1$.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import ScalarLike

TOLERANCE = 1e-9
"""Largest error of a quadrature that is taken for exact."""

MOST_NODES = 64
"""Largest number of nodes of a quadrature."""

LARGE = 50.0
"""Argument from which on S(z) is summed as a series: there its terms fall below rounding."""

SERIES = (1.0, -1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304)
"""Coefficients of S in powers of 1/z."""


class Scatter(eqx.Module):
    r"""Scatter of the qubits of a stream about what `Collisions` says of them.

    A number left out, or given as the plain number 0, does not scatter.

    Args:
        missed: probability p that a qubit does not come; its time passes all the same, and the
            loss after it.
        theta: standard deviation of the swap angles, relative to each: that of the speeds in a
            beam.
        ground_population: standard deviation of q, less than √(q(1 − q)).
        phase: standard deviation of α.
        detuning: standard deviation of Δ/Ω.
        waiting: "regular", or "random": the loss is then the mean over exponentially distributed
            waiting times of mean $t_0$.
        nodes: of the quadratures over θ and Δ, each.

    Raises:
        ValueError, TypeError: for numbers out of range or not finite, an unknown waiting.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(3))
        >>> scatter = qb.protocols.Scatter(missed=0.25)
        >>> stream = qb.protocols.Collisions(jnp.array([jnp.pi / 2]), scatter=scatter)
        >>> qb.charge(battery, stream).energy.round(6).tolist()
        [0.0, 0.75]
    """

    missed: Any
    theta: Any
    ground_population: Any
    phase: Any
    detuning: Any
    waiting: str = eqx.field(static=True)
    nodes: int = eqx.field(static=True)

    def __init__(
        self, missed: Any = 0, theta=0, ground_population=0, phase=0, detuning=0, waiting="regular",
        nodes=12,
    ):  # fmt: skip
        self.missed = _checks.optional_scalar("missed", missed, low=0, high=1)
        self.theta = _checks.optional_scalar("theta", theta, low=0)
        self.ground_population = _checks.optional_scalar(
            "ground_population", ground_population, low=0, high=0.5
        )
        self.phase = _checks.optional_scalar("phase", phase, low=0)
        self.detuning = _checks.optional_scalar("detuning", detuning, low=0)
        self.waiting = _checks.choice("waiting", waiting, ("regular", "random"))
        self.nodes = _checks.integer("nodes", nodes, low=2, high=MOST_NODES)

    def coherence_kept(self, ground_population: ScalarLike) -> Float[Array, "..."]:
        """The share of the mean qubit's coherence that scatter of α and q leaves.

        Args:
            ground_population: mean q, of any shape.

        Returns:
            array of that shape; NaN where the standard deviation of q is too large for q.

        Example:
            >>> round(float(Scatter(phase=1.0).coherence_kept(0.5)), 6)
            0.606531
        """
        q = jnp.asarray(ground_population, float)
        kept = jnp.exp(-(jnp.asarray(self.phase, float) ** 2) / 2) * jnp.ones_like(q)
        if _checks.is_plain_zero(self.ground_population):
            return kept
        square = self.ground_population**2
        left = q * (1 - q) - square
        inverse = square / jnp.where(left > 0, left, 1.0)  # 1/ν
        ends = (q <= 0) | (q >= 1)
        ratio = _half_step(inverse / jnp.where(ends, 1.0, q))
        ratio = ratio * _half_step(inverse / jnp.where(ends, 1.0, 1 - q))
        return kept * jnp.where(left > 0, ratio, jnp.where(square > 0, jnp.nan, 1.0))

    def rule(self) -> tuple[Float[np.ndarray, "M 2"], Float[np.ndarray, " M"]]:
        """The nodes of the quadrature, in standard deviations of θ and Δ, and their weights."""
        x, w = np.polynomial.hermite_e.hermegauss(self.nodes)
        w = w / np.sum(w)
        alone = np.zeros(1), np.ones(1)
        (x, u), (y, v) = (
            alone if _checks.is_plain_zero(sigma) else (x, w)
            for sigma in (self.theta, self.detuning)
        )
        pairs = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
        return pairs, np.outer(u, v).ravel()

    def error(self, frequency: ScalarLike, nodes: int | Any = None) -> Float[Array, "..."]:
        r"""A bound of the mean's error for $e^{i\omega\sigma x}$: $n!(\omega\sigma)^{2n}/(2n)!$.

        Args:
            frequency: ωσ, of any shape.
            nodes: n; None for those of the rule.

        Example:
            >>> bool(Scatter().error(1.0) < 1e-14)
            True
        """
        n = self.nodes if nodes is None else _checks.integer("nodes", nodes, low=2)
        size = jnp.asarray(frequency, float)
        scale = math.exp((math.lgamma(n + 1) - math.lgamma(2 * n + 1)) / (2 * n))
        return (scale * size) ** (2 * n)


def _half_step(inverse: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""The ratio $S(z) = \Gamma(z+\frac12)/(\Gamma(z)\sqrt z)$ as a function of 1/z."""
    large = inverse * LARGE < 1
    near = jnp.polyval(jnp.asarray(SERIES[::-1]), inverse)
    z = 1 / jnp.where(large, 1.0, inverse)
    far = jnp.exp(jax.lax.lgamma(z + 0.5) - jax.lax.lgamma(z)) / jnp.sqrt(z)
    return jnp.where(large, near, far)
