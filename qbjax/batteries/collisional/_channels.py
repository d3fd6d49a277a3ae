r"""One collision of a ladder with a qubit, traced over the qubit: a channel of few terms.

The ladder ($A|n\rangle = a_n|n-1\rangle$, n = 0 … N−1) meets a resonant qubit for a while,

$$U = e^{-i\theta(A\otimes|e\rangle\langle g| + A^\dagger\otimes|g\rangle\langle e|)},
  \qquad \rho_Q = q|g\rangle\langle g| + (1-q)|e\rangle\langle e|
  + x|g\rangle\langle e| + x^*|e\rangle\langle g|, \qquad
  x = c\sqrt{q(1-q)}\,e^{-i\alpha} .$$

U rotates each pair $|n-1,e\rangle, |n,g\rangle$ by the angle $\theta a_n$ and leaves $|0,g\rangle$
and, at the end of the ladder, $|N-1,e\rangle$ alone: the exact unitary of the truncated ladder, so
that the trace stays 1. With $c_n = \cos\theta a_n$, $s_n = \sin\theta a_n$ ($a_0 = a_N = 0$), and
with $\rho_{nm} = (-i)^{n-m}r_{nm}$,

$$\begin{aligned} r'_{nm} =\;& (q\,c_nc_m + (1-q)\,c_{n+1}c_{m+1})\,r_{nm}
  + q\,s_{n+1}s_{m+1}\,r_{n+1,m+1} + (1-q)\,s_ns_m\,r_{n-1,m-1} \\
  &+ x\,(c_ns_m\,r_{n,m-1} - s_{n+1}c_{m+1}\,r_{n+1,m})
  + x^*(s_nc_m\,r_{n-1,m} - c_{n+1}s_{m+1}\,r_{n,m+1}) . \end{aligned}$$

So a real x keeps a real state real: seven shifted terms of one matrix, O(N²). A complex x adds
four terms of the transposed packed matrix (`algebra.packing`). Without coherence, populations
move by themselves: O(N). A qubit of partial coherence c is the convex sum of a pure and a
classical one, and the formula is linear in c as it must be.

References: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by
repeated interactions" (2023), Eqs. (1)–(4), App. A; V. Shaghaghi et al., "Lossy micromaser
battery: almost pure states in the Jaynes–Cummings regime" (2023), Eqs. (2)–(7). Signs and gauge
follow from U as written.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import CustomVJPPrimal
from jaxtyping import Array, Complex, Float

from qbjax.dynamics.generator.shifts import inner


class Collision(NamedTuple):
    """The numbers of one collision, or of many along a leading axis.

    Attributes:
        theta: swap angle θ = Ωt.
        ground_population: q.
        overlap: Re x; None if the qubit is classical.
        quadrature: Im x; None if x is real.
        start: when it begins, in units of 1/Ω, which counts beyond the rotating-wave
            approximation alone (`_counter_rotating`); None for 0.
        detuning: Δ/Ω of the qubit (`_detuned`); None for 0.
    """

    theta: Float[Array, "..."]
    ground_population: Float[Array, "..."]
    overlap: Float[Array, "..."] | None = None
    quadrature: Float[Array, "..."] | None = None
    start: Float[Array, "..."] | None = None
    detuning: Float[Array, "..."] | None = None


def overlap(ground_population, coherence) -> Float[Array, "..."]:
    r"""The coherence between the levels of a qubit, $|x| = c\sqrt{q(1-q)}$.

    Its slope with respect to q is infinite at q = 0 and 1, and is counted as 0 there.

    Example:
        >>> overlap(jnp.array([0.0, 0.5]), 1.0).tolist()
        [0.0, 0.5]
    """
    both = ground_population * (1 - ground_population)
    inside = both > 0
    return jnp.where(inside, coherence * jnp.sqrt(jnp.where(inside, both, 1.0)), 0.0)


def collide(
    couplings: Float[Array | np.ndarray, " links"],
    packed: Float[Array, "N N"],
    collision: Collision,
) -> Float[Array, "N N"]:
    """One collision of a state r, packed as one real matrix (`algebra.packing`).

    Example:
        A two-level ladder takes the excitation of a qubit at θ = π/2:

        >>> full = Collision(jnp.array(jnp.pi / 2), jnp.array(0.0))
        >>> collide(jnp.ones(1), jnp.diag(jnp.array([1.0, 0.0])), full).round(6).tolist()
        [[0.0, 0.0], [0.0, 1.0]]
    """
    return _sum(_terms(couplings, collision), packed)


@jax.custom_vjp
def collide_with_dual(
    couplings: Float[Array | np.ndarray, " links"],
    packed: Float[Array, "N N"],
    collision: Collision,
) -> Float[Array, "N N"]:
    """Calls `collide`, to be differentiated in reverse mode only, at a third of the price.

    JAX would transpose every shift into a padded sum of its own; but the dual of a shift is a
    shift, and one derivative of the channel per number is a channel with other factors.
    """
    return collide(couplings, packed, collision)


def _forward(couplings, packed, collision):
    """Remembers which numbers are being differentiated: the others need no slope."""
    wanted = tuple(name for name, x in collision._asdict().items() if x is not None and x.perturbed)
    couplings, packed, collision = jax.tree.map(
        lambda x: x.value, (couplings, packed, collision), is_leaf=_is_primal
    )
    # Kept with its margins, which `_sum` makes anyway: one copy less than the state itself.
    line = _line(packed)
    after = _sum(_terms(couplings, collision), packed, line)
    return after, _Kept(couplings, line, collision, wanted)


def _backward(kept, cotangent):
    couplings, collision = kept.couplings, kept.collision
    packed = _moved_by(kept.line, cotangent.shape[0], 0, 0)

    def dual(**numbers):
        terms = _terms(couplings, collision._replace(**numbers))
        return _sum([term.dual() for term in terms], cotangent)

    def slope(name):
        # <cotangent, C' packed> = <C'† cotangent, packed>: the state itself need not be shifted.
        value = getattr(collision, name)
        along = jax.jvp(lambda x: dual(**{name: x}), (value,), (jnp.ones_like(value),))[1]
        return inner(along, packed)

    slopes = jax.tree.map(jnp.zeros_like, collision)
    slopes = slopes._replace(**{name: slope(name) for name in kept.wanted})
    return jnp.zeros_like(couplings), dual(), slopes


def _is_primal(x) -> bool:
    return isinstance(x, CustomVJPPrimal)


class _Kept(eqx.Module):
    """The numbers of a collision that its way back needs."""

    couplings: Float[Array | np.ndarray, " links"]
    line: Float[Array, " margins_and_N_squared"]
    collision: Collision
    wanted: tuple[str, ...] = eqx.field(static=True)


collide_with_dual.defvjp(_forward, _backward, symbolic_zeros=True)


def collide_populations(
    couplings: Float[Array | np.ndarray, " links"],
    populations: Float[Array, " N"],
    collision: Collision,
) -> Float[Array, " N"]:
    """One collision of a diagonal state with a classical qubit, O(N)."""
    q = collision.ground_population
    cos, sin, up_cos, up_sin = rotations(couplings, collision.theta)
    below = jnp.concatenate([jnp.zeros(1), populations[:-1]])
    above = jnp.concatenate([populations[1:], jnp.zeros(1)])
    stays = q * cos**2 + (1 - q) * up_cos**2
    return stays * populations + q * up_sin**2 * above + (1 - q) * sin**2 * below


def rotations(couplings, theta) -> tuple[Float[Array, " N"], ...]:
    """The factors $c_n, s_n$ and $c_{n+1}, s_{n+1}$ of a swap angle, n = 0 … N−1."""
    angles = theta * jnp.asarray(couplings)
    cos, sin = jnp.cos(angles), jnp.sin(angles)
    pairs = (jnp.ones(1), cos), (jnp.zeros(1), sin), (cos, jnp.ones(1)), (sin, jnp.zeros(1))
    return tuple(jnp.concatenate(pair) for pair in pairs)


class _Term(NamedTuple):
    """A term row_n column_m R_{n + down, m + right} of the channel; `turned`: of R transposed."""

    row: Float[Array, " N"]
    column: Float[Array, " N"]
    down: int
    right: int
    turned: bool = False

    def dual(self) -> "_Term":
        """The term read backwards, as a cotangent meets it."""
        row, column = _moved(self.row, self.down), _moved(self.column, self.right)
        if self.turned:
            return _Term(column, row, -self.right, -self.down, True)
        return _Term(row, column, -self.down, -self.right)


def _terms(couplings, collision: Collision) -> list[_Term]:
    theta, q, x, y = collision[:4]
    cos, sin, up_cos, up_sin = rotations(couplings, theta)
    terms = [_Term(q * cos, cos, 0, 0), _Term((1 - q) * up_cos, up_cos, 0, 0)]
    terms += [_Term(q * up_sin, up_sin, 1, 1), _Term((1 - q) * sin, sin, -1, -1)]
    if x is not None:
        terms += [_Term(x * cos, sin, 0, -1), _Term(-x * up_sin, up_cos, 1, 0)]
        terms += [_Term(x * sin, cos, -1, 0), _Term(-x * up_cos, up_sin, 0, 1)]
    if y is not None:
        terms += [_Term(y * cos, sin, 0, -1, True), _Term(-y * up_sin, up_cos, 1, 0, True)]
        terms += [_Term(-y * sin, cos, -1, 0, True), _Term(y * up_cos, up_sin, 0, 1, True)]
    return terms


def _sum(terms: list[_Term], packed, line=None):
    straight = _line(packed) if line is None else line
    turned = _line(packed.T) if any(term.turned for term in terms) else straight
    total = jnp.zeros_like(packed)
    for row, column, down, right, is_turned in terms:
        moved = _moved_by(turned if is_turned else straight, packed.shape[0], down, right)
        total = total + row[:, None] * column[None, :] * moved
    return total


def _moved_by(line, n: int, down: int, right: int):
    """The matrix R_{n + down, m + right}, of the R that lies in a line."""
    start = (2 + down) * n + right
    return lax.slice(line, (start,), (start + n * n,)).reshape(n, n)


def _line(packed):
    """Lays the rows of a matrix in a line, zeros before and behind.

    Elements that a slice carries over from row to row meet factors zero (see
    `dynamics.generator.shifts`).
    """
    return lax.pad(packed, jnp.zeros((), packed.dtype), ((2, 2, 0), (0, 0, 0))).ravel()


def _moved(vector, by: int):
    """A vector moved by one place, or none: element n to n + by. Zeros follow."""
    if by == 0:
        return vector
    zero = jnp.zeros(1, vector.dtype)
    return jnp.concatenate([zero, vector[:-1]] if by > 0 else [vector[1:], zero])


def real_gauge(rho, phase=0.0):
    r"""The gauge $r_{nm} = i^{n-m}e^{-i\alpha(n-m)}\rho_{nm}$: real for collisions of phase α."""
    return rephased(rho, np.pi / 2 - phase)


def from_real_gauge(r, phase=0.0):
    """The density matrix that r stands for; undoes `real_gauge`."""
    return rephased(r, phase - np.pi / 2)


def rephased(rho, angle) -> Complex[Any, "N N"]:
    r"""A matrix with other phases, $e^{i\varphi(n-m)}\rho_{nm}$."""
    n = np.arange(float(rho.shape[0]))
    turns = angle * (n[:, None] - n[None, :])
    if isinstance(rho, np.ndarray) and isinstance(turns, np.ndarray):
        return rho.astype(complex) * np.exp(1j * turns)
    return jnp.asarray(rho).astype(complex) * lax.complex(jnp.cos(turns), jnp.sin(turns))
