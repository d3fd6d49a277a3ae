r"""A collision with a qubit that is not resonant.

With $\Delta = (\omega_q - \omega_F)/\Omega$, in the frame that turns with the ladder's frequency,
U acts in each pair $|n-1,e\rangle, |n,g\rangle$ as $e^{-i\theta H}$,

$$H = \begin{pmatrix}\Delta/2 & a_n\\ a_n & -\Delta/2\end{pmatrix}, \qquad
  u_n = \cos\Omega_n\theta - \frac{i\Delta}{2\Omega_n}\sin\Omega_n\theta, \qquad
  s_n = \frac{a_n}{\Omega_n}\sin\Omega_n\theta, \qquad \Omega_n^2 = a_n^2 + \Delta^2/4 ,$$

where $u_n$ is the amplitude to stay excited, $u_n^*$ that to stay in the ground state, and
$-is_n$ that to swap; $|0,g\rangle$ and $|N-1,e\rangle$ take phases alone. Then the formula of
`_channels` holds with $c_n \to u_n^*$ and $c_{n+1} \to u_{n+1}$ left of r, and their conjugates to
its right: a map of complex matrices, O(N²), and of populations as before.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional._channels import Collision


class Amplitudes(NamedTuple):
    """The amplitudes of a collision in each pair of levels, n = 0 … N.

    Attributes:
        stay: $u_n$.
        swap: $s_n$.
    """

    stay: Complex[Array, " pairs"]
    swap: Float[Array, " pairs"]


def amplitudes(couplings: Float[Array | np.ndarray, " links"], collision: Collision) -> Amplitudes:
    """The amplitudes of one collision.

    Example:
        >>> pair = Collision(jnp.array(1.0), jnp.array(0.0), detuning=jnp.array(0.0))
        >>> amplitudes(jnp.array([jnp.pi / 2]), pair).swap.round(12).tolist()
        [0.0, 1.0, 0.0]
    """
    a = jnp.concatenate([jnp.zeros(1), jnp.asarray(couplings), jnp.zeros(1)])
    theta = collision.theta
    if collision.detuning is None:
        return Amplitudes(_complex(jnp.cos(theta * a)), jnp.sin(theta * a))
    half = collision.detuning / 2
    # The first and the last level are alone, where a slope of Ω_n at Δ = 0 would be none.
    paired = np.arange(a.size) % (a.size - 1) > 0
    rabi = jnp.sqrt(jnp.where(paired, a, 1.0) ** 2 + half**2)
    tilt, share = jnp.where(paired, half / rabi, 1.0), jnp.where(paired, a / rabi, 0.0)
    turn = theta * jnp.where(paired, rabi, half)
    return Amplitudes(lax.complex(jnp.cos(turn), -tilt * jnp.sin(turn)), share * jnp.sin(turn))


def collide(
    couplings: Float[Array | np.ndarray, " links"],
    packed: Float[Array, "N N"],
    collision: Collision,
) -> Float[Array, "N N"]:
    """One collision of a packed state with a detuned qubit.

    Example:
        Far from resonance nothing is exchanged:

        >>> far = Collision(jnp.array(1.0), jnp.array(0.0), detuning=jnp.array(1e6))
        >>> after = collide(jnp.ones(1), jnp.diag(jnp.array([1.0, 0.0])), far)
        >>> bool(after[1, 1] < 1e-11)
        True
    """
    stay, swap = amplitudes(couplings, collision)
    ground, excited = stay[:-1].conj(), stay[1:]
    swap = _complex(swap)
    up, down = swap[1:], swap[:-1]
    q, r = _complex(collision.ground_population), unpack(packed, real=False)
    total = (q * _outer(ground, ground) + (1 - q) * _outer(excited, excited)) * r
    total = total + q * _outer(up, up) * jnp.pad(r[1:, 1:], ((0, 1), (0, 1)))
    total = total + (1 - q) * _outer(down, down) * jnp.pad(r[:-1, :-1], ((1, 0), (1, 0)))
    if collision.overlap is not None:
        y = collision.quadrature
        x = lax.complex(collision.overlap, jnp.zeros(()) if y is None else y)
        mixed = _outer(ground, down) * jnp.pad(r[:, :-1], ((0, 0), (1, 0)))
        mixed = x * (mixed - _outer(up, excited) * jnp.pad(r[1:], ((0, 1), (0, 0))))
        total = total + mixed + mixed.conj().T
    return pack(total)


def collide_populations(
    couplings: Float[Array | np.ndarray, " links"],
    populations: Float[Array, " N"],
    collision: Collision,
) -> Float[Array, " N"]:
    """One collision of a diagonal state with a classical detuned qubit, O(N)."""
    q, square = collision.ground_population, amplitudes(couplings, collision).swap ** 2
    lost, gained = square[1:-1] * populations[1:], square[1:-1] * populations[:-1]
    step = (1 - q) * gained - q * lost
    nothing = jnp.zeros(1)
    return populations + jnp.concatenate([nothing, step]) - jnp.concatenate([step, nothing])


def _outer(left, right) -> Complex[Array, "N N"]:
    return left[:, None] * right.conj()[None, :]


def _complex(x) -> Complex[Array, "..."]:
    x = jnp.asarray(x)
    return lax.complex(x, jnp.zeros_like(x))
