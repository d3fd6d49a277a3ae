r"""The qubit after its collision, and an account of what a stream of them spent.

With the amplitudes of `_channels` ($c_n$, $s_n$; r in their gauge; of a detuned qubit $c_n$ is
$u_n^*$ and $c_{n+1}$, which is conjugated in x', $u_{n+1}$, as in `_detuned`) it has

$$\begin{aligned} q' &= \sum_n\left[q\,c_n^2r_{nn} + (1-q)s_{n+1}^2r_{nn}\right]
  + 2\,\mathrm{Re}\;x\sum_n s_nc_n\,r_{n,n-1} , \\
x' &= x\sum_n c_nc_{n+1}r_{nn} - x^*\sum_n s_ns_{n+1}r_{n-1,n+1}
  + (1-q)\sum_n s_nc_{n+1}r_{n-1,n} - q\sum_n s_{n+1}c_nr_{n,n+1} . \end{aligned}$$

A qubit's energy is $1-q$ and its ergotropy
$W = \frac12\left(1 - 2q + \sqrt{(1-2q)^2 + 4|x|^2}\right)$, both in units of its level spacing.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax._types import Scalar
from qbjax.batteries.collisional._channels import Collision
from qbjax.batteries.collisional._detuned import amplitudes


class Qubit(NamedTuple):
    """The state of a qubit.

    Attributes:
        ground: q.
        overlap, quadrature: real and imaginary part of x.
    """

    ground: Scalar
    overlap: Scalar
    quadrature: Scalar

    @property
    def size(self) -> Scalar:
        """The coherence |x|."""
        return _root(self.overlap**2 + self.quadrature**2)

    @property
    def ergotropy(self) -> Scalar:
        """The ergotropy, in units of the level spacing."""
        tilt = 1 - 2 * self.ground
        length = _root(tilt**2 + 4 * (self.overlap**2 + self.quadrature**2))
        return (tilt + length) / 2


class Account(NamedTuple):
    """Sums over the collisions of a run.

    Attributes:
        collisions: how many there were, missed qubits included.
        energy_spent: energy that the qubits lost.
        ergotropy_brought, ergotropy_kept: ergotropy of the qubits before and after.
    """

    collisions: Any
    energy_spent: Any
    ergotropy_brought: Any
    ergotropy_kept: Any

    def after(self, came: Qubit, left: Qubit, share) -> "Account":
        """The account after one more collision, of a qubit that comes with that probability."""
        return Account(
            self.collisions + 1.0,
            self.energy_spent + share * (left.ground - came.ground),
            self.ergotropy_brought + share * came.ergotropy,
            self.ergotropy_kept + share * left.ergotropy,
        )

    def told(self) -> dict[str, Scalar]:
        """The account as observables of a run."""
        spent = self.ergotropy_brought - self.ergotropy_kept
        return {
            "collisions": self.collisions,
            "energy_spent": self.energy_spent,
            "ergotropy_spent": spent,
            "ergotropy_brought": self.ergotropy_brought,
        }


def opened() -> Account:
    """An account before the first collision."""
    return Account(*(jnp.zeros(()) for _ in Account._fields))


def incoming(collision: Collision) -> Qubit:
    """The qubit before its collision.

    Example:
        >>> excited = incoming(Collision(jnp.array(0.5), jnp.array(0.0)))
        >>> float(excited.ergotropy), float(excited.size)
        (1.0, 0.0)
    """
    q = jnp.asarray(collision.ground_population)
    x, y = (jnp.zeros(()) if part is None else part for part in collision[2:4])
    return Qubit(q, x, y)


def density_matrix(collision: Collision, angle: Scalar) -> Complex[Array, "2 2"]:
    """The qubit before its collision, ground level first, turned to the Schrödinger picture.

    Args:
        collision: its numbers, scalars.
        angle: ωt of the clock.
    """
    q = collision.ground_population
    x = lax.complex(*(jnp.zeros(()) if y is None else y for y in collision[2:4]))
    x = x * lax.complex(jnp.cos(angle), jnp.sin(angle))
    ground, excited = (lax.complex(p, jnp.zeros(())) for p in (q, 1 - q))
    return jnp.stack([jnp.stack([ground, x]), jnp.stack([x.conj(), excited])])


def outgoing(
    couplings: Float[Array | np.ndarray, " links"],
    packed: Float[Array, "..."],
    collision: Collision,
) -> Qubit:
    """The qubit after its collision in the rotating-wave approximation, O(N).

    Args:
        couplings: $a_1 … a_{N-1}$.
        packed: the ladder's state before, populations (N,) or packed (N, N).
        collision: its numbers, scalars.

    Example:
        A full swap leaves the qubit's excitation behind:

        >>> full = Collision(jnp.array(jnp.pi / 2), jnp.array(0.0))
        >>> outgoing(jnp.ones(1), jnp.array([1.0, 0.0]), full).ground.round(12).item()
        1.0
    """
    q, (stay, swap) = collision.ground_population, amplitudes(couplings, collision)
    p = packed if packed.ndim == 1 else jnp.diagonal(packed)
    lent = swap[1:] ** 2
    ground = jnp.sum((q * (1 - swap[:-1] ** 2) + (1 - q) * lent) * p)
    if packed.ndim == 1:
        return Qubit(ground, jnp.zeros(()), jnp.zeros(()))
    came = incoming(collision)
    x, near, far = lax.complex(came.overlap, came.quadrature), _band(packed, 1), _band(packed, 2)
    # Amplitudes to stay at level n: in the ground state, and conjugate, in the excited one.
    still, risen, s = stay[:-1].conj(), stay[1:].conj(), swap[1:-1]
    ground = ground + 2 * jnp.real(x * _sum(s, still[1:] * near.conj()))
    left = x * _sum(p, still * risen) - x.conj() * _sum(s[1:] * s[:-1], far)
    left = left + _sum((1 - q) * s, risen[1:] * near) - _sum(q * s, still[:-1] * near)
    return Qubit(ground, jnp.real(left), jnp.imag(left))


def _sum(real: Float[Array, " M"], values: Complex[Array, " M"]) -> Complex[Array, ""]:
    return lax.complex(jnp.sum(real * jnp.real(values)), jnp.sum(real * jnp.imag(values)))


def _band(packed: Float[Array, "N N"], k: int) -> Complex[Array, " M"]:
    """The elements r_{n, n+k} of a packed state."""
    above, below = jnp.diagonal(packed, k), jnp.diagonal(packed, -k)
    return lax.complex((above + below) / 2, (above - below) / 2)


def _root(square: Scalar) -> Scalar:
    """A square root whose slope at 0 counts as 0."""
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)
