r"""One collision while the ladder loses, traced over the qubit.

Loss and exchange at the same time do not factor; with $\lambda = \kappa/\Omega$ and times in 1/Ω

$$\dot J = -i[H, J] + \lambda(\bar n + 1)\mathcal D[A]J + \lambda\bar n\mathcal D[A^\dagger]J,
  \qquad H = \tfrac\Delta2\sigma_z + A\sigma_+ + A^\dagger\sigma_-$$

for ladder and qubit together, in the frame of the ladder; with counter-rotating terms in the
Schrödinger picture, $H = (n + \sigma_z/2)/r + \frac\Delta2\sigma_z + (A + A^\dagger)\sigma_x$: the
damping is the same in both. The exponential of θ times this is summed as a Taylor series in parts
of norm 3 at most, to rounding: O(N²) per term.

In reverse mode the dual map brings a cotangent back, and its derivatives by the numbers are slopes.

References: V. Shaghaghi et al., "Lossy micromaser battery" (2023), Sec. 5, which neglects γτ.
"""

from typing import NamedTuple

import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import CustomVJPPrimal
from jaxtyping import Array, Complex, Float

from qbjax._types import Scalar
from qbjax.algebra.ladders import Ladder
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional._channels import Collision, rephased
from qbjax.batteries.collisional._outgoing import Qubit, density_matrix
from qbjax.dynamics.generator.shifts import inner

NORM, TERMS = 3.0, 28
"""Largest norm of a part, and the terms that its exponential needs: 3^28/28! is 8e-17."""


class Numbers(NamedTuple):
    """The numbers of a damped collision.

    Attributes:
        theta: θ.
        loss: λ = κ/Ω.
        thermal: occupation of the bath; None for a cold one.
        detuning: Δ; None for 0.
        frequency: ω/Ω of a ladder with counter-rotating terms; None without.
    """

    theta: Scalar
    loss: Scalar
    thermal: Scalar | None = None
    detuning: Scalar | None = None
    frequency: Scalar | None = None


def collide(
    ladder: Ladder, evolve, numbers: Numbers, packed: Float[Array, "N N"], collision: Collision
) -> tuple[Float[Array, "N N"], Qubit]:
    """One damped collision of a packed state and a qubit.

    Args:
        ladder: that loses.
        evolve: `evolved`, or the same with rules of its own for reverse mode.
        numbers: those that all collisions share.
        packed: one real matrix (`algebra.packing`) in the gauge of `_channels`.
        collision: its numbers, scalars.

    Returns:
        The packed state and the qubit afterwards.

    Example:
        An excitation leaks, or moves to the qubit:

        >>> from qbjax.algebra import ladders
        >>> numbers = Numbers(jnp.array(0.0), jnp.array(2.0))
        >>> wait = Collision(jnp.array(0.5), jnp.array(1.0))
        >>> start = jnp.diag(jnp.array([0.0, 1.0]))
        >>> after, _ = collide(ladders.oscillator(2), evolved, numbers, start, wait)
        >>> round(float(after[0, 0]), 6)
        0.731418
    """
    size, theta = ladder.size, collision.theta
    numbers = numbers._replace(theta=theta, detuning=collision.detuning)
    before = after = jnp.zeros(())
    if numbers.frequency is not None:
        start = 0.0 if collision.start is None else collision.start
        before, after = (t * numbers.frequency for t in (start, start + theta))
    rho = rephased(unpack(packed, real=False), -np.pi / 2 - before)
    joint = jnp.kron(density_matrix(collision, before), rho)
    joint = unpack(evolve(ladder, numbers, pack(joint)), real=False)
    gg, ge = joint[:size, :size], joint[:size, size:]
    x = jnp.trace(ge) * lax.complex(jnp.cos(after), -jnp.sin(after))
    left = Qubit(jnp.real(jnp.trace(gg)), jnp.real(x), jnp.imag(x))
    return pack(rephased(gg + joint[size:, size:], np.pi / 2 + after)), left


def evolved(
    ladder: Ladder, numbers: Numbers, packed: Float[Array, "M M"], dual: bool = False
) -> Float[Array, "M M"]:
    """The packed joint state at the end of a collision, or what the dual map makes of it."""
    J = unpack(packed, real=False)
    size = jnp.asarray(_norm(ladder, numbers) * numbers.theta)
    parts = jnp.maximum(jnp.ceil(eqxi.unvmap_max(lax.stop_gradient(size)) / NORM), 1.0)
    step = numbers.theta / parts

    def part(_, J):
        def term(k, sums):
            total, last = sums
            last = _times(step / (k + 1.0), _generated(ladder, numbers, last, dual))
            return total + last, last

        return lax.fori_loop(0, TERMS, term, (J, J))[0]

    return pack(lax.fori_loop(0, parts.astype(int), part, J))


def evolved_with_dual(ladder: Ladder, numbers: Numbers, packed: Float[Array, "M M"]):
    """Calls `evolved`, to be differentiated in reverse mode only, where JAX cannot."""

    @jax.custom_vjp
    def evolve(numbers, packed):
        return evolved(ladder, numbers, packed)

    def forward(numbers, packed):
        given = numbers._asdict().items()
        wanted = tuple(name for name, x in given if x is not None and x.perturbed)
        inputs = jax.tree.map(lambda x: x.value, (numbers, packed), is_leaf=_is_primal)
        return evolved(ladder, *inputs), _Kept(inputs[0], inputs[1], wanted)

    def backward(kept, cotangent):
        def dual(**changed):
            return evolved(ladder, kept.numbers._replace(**changed), cotangent, True)

        def slope(name):
            value = getattr(kept.numbers, name)
            _, along = jax.jvp(lambda x: dual(**{name: x}), (value,), (jnp.ones_like(value),))
            return inner(along, kept.packed)

        slopes = jax.tree.map(jnp.zeros_like, kept.numbers)
        return slopes._replace(**{name: slope(name) for name in kept.wanted}), dual()

    evolve.defvjp(forward, backward, symbolic_zeros=True)
    return evolve(numbers, packed)


def _is_primal(x) -> bool:
    return isinstance(x, CustomVJPPrimal)


class _Kept(eqx.Module):
    """The numbers of a collision that its way back needs, and which are differentiated."""

    numbers: Numbers
    packed: Float[Array, "M M"]
    wanted: tuple[str, ...] = eqx.field(static=True)


def _generated(ladder: Ladder, numbers: Numbers, J, dual: bool) -> Complex[Array, "M M"]:
    """The generator, or its dual, applied to a Hermitian matrix; what it makes is Hermitian."""
    a, size = np.concatenate([[0.0], ladder.couplings, [0.0]]), ladder.size
    down = numbers.loss * (1.0 if numbers.thermal is None else numbers.thermal + 1)
    rates = [(down, a[:-1], a[1:], 1)]
    if numbers.thermal is not None:
        rates.append((numbers.loss * numbers.thermal, a[1:], a[:-1], -1))
    leaving = sum(rate * leave**2 for rate, leave, _, _ in rates)
    half = _times(jnp.tile(leaving / 2, 2)[:, None], J)
    turned = (1j if dual else -1j) * _energy(ladder, numbers, J) - half
    total, J = turned + turned.conj().T, J.reshape(2, size, 2, size)
    for rate, leave, come, k in rates:
        factor, k = (leave, -k) if dual else (come, k)
        jumped = _moved(_moved(J, 1, k), 3, k)
        weight = rate * jnp.asarray(np.outer(factor, factor)[None, :, None, :])
        total = total + _times(weight, jumped).reshape(2 * size, 2 * size)
    return total


def _energy(ladder: Ladder, numbers: Numbers, J) -> Complex[Array, "M M"]:
    """The Hamiltonian times a matrix."""
    size = ladder.size
    below = jnp.asarray(np.concatenate([[0.0], ladder.couplings]))[:, None]
    above = jnp.asarray(np.concatenate([ladder.couplings, [0.0]]))[:, None]

    def lowered(x):
        return _times(above, _moved(x, 0, 1))

    def raised(x):
        return _times(below, _moved(x, 0, -1))

    ground, excited = J[:size], J[size:]
    parts = [raised(excited), lowered(ground)]
    if numbers.frequency is not None:
        parts = [parts[0] + lowered(excited), parts[1] + raised(ground)]
    tilt = 0.0 if numbers.detuning is None else numbers.detuning / 2
    free = jnp.zeros((size, 1))
    if numbers.frequency is not None:
        free, tilt = (
            numbers.frequency * np.arange(float(size))[:, None],
            tilt + numbers.frequency / 2,
        )
    parts = [parts[0] + _times(free - tilt, ground), parts[1] + _times(free + tilt, excited)]
    return jnp.concatenate(parts)


def _norm(ladder: Ladder, numbers: Numbers) -> Scalar:
    """A bound of the norm of the generator."""
    largest = float(np.max(ladder.couplings, initial=0.0))
    thermal = 0.0 if numbers.thermal is None else numbers.thermal
    bound = 2 * largest + 2 * numbers.loss * (2 * thermal + 1) * largest**2
    if numbers.detuning is not None:
        bound = bound + jnp.abs(numbers.detuning)
    if numbers.frequency is not None:
        bound = bound + 2 * largest + numbers.frequency * (ladder.size + 1)
    return bound


def _moved(x, axis: int, k: int):
    """The element n + k of an axis at n, k = ±1; zeros come in."""
    edges, size = [(0, 0)] * x.ndim, x.shape[axis]
    edges[axis] = (0, 1) if k > 0 else (1, 0)
    ends = (1, size) if k > 0 else (0, size - 1)
    return jnp.pad(lax.slice_in_dim(x, *ends, axis=axis), edges)


def _times(real, values) -> Complex[Array, "..."]:
    """A real factor times complex numbers."""
    return lax.complex(real * jnp.real(values), real * jnp.imag(values))
