r"""One collision beyond the rotating-wave approximation, traced over the qubit.

Ladder and qubit of one frequency ω meet with all four terms of their dipole coupling; in the
interaction picture, with $t$ counted in units of $1/g$ and $r = g/\omega$,

$$H_I(t) = A\sigma_+ + A^\dagger\sigma_- + e^{2it/r}A^\dagger\sigma_+ + e^{-2it/r}A\sigma_- .$$

With $H_0 = (n + \sigma_z/2)/r$ the Schrödinger picture does not depend on time,

$$U(t_1, t_0) = e^{iH_0t_1}e^{-iH(t_1-t_0)}e^{-iH_0t_0}, \qquad
  H = H_0 + (A + A^\dagger)(\sigma_+ + \sigma_-) ,$$

and conserves the parity of $n + |e\rangle\langle e|$. The even sector is $|0g\rangle, |1e\rangle,
|2g\rangle, …$, the odd one $|0e\rangle, |1g\rangle, |2e\rangle, …$: in each of them every level
occurs once and H is a real tridiagonal matrix, with the couplings $a_n$ beside the diagonal. One
diagonalisation per r then serves any number of collisions, O(N³) each. H is that of the truncated
ladder, so that the trace stays 1.

Reference: V. Shaghaghi, V. Singh, M. Carrega, D. Rosa and G. Benenti, "Lossy micromaser battery:
almost pure states in the Jaynes–Cummings regime" (2023), Eqs. (1)–(4).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax._types import Scalar
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional._channels import Collision, rephased
from qbjax.batteries.collisional._outgoing import Qubit, density_matrix


class Sectors(NamedTuple):
    """The Hamiltonian, diagonalised in both sectors of parity.

    Attributes:
        frequency: ω/g.
        values: eigenvalues, even sector first.
        vectors: eigenvectors as columns; row n is level n.
    """

    frequency: Scalar
    values: Float[Array, "2 N"]
    vectors: Float[Array, "2 N N"]


def sectors(
    couplings: Float[Array | np.ndarray, " links"], ratio: Scalar, detuning: Scalar | None = None
) -> Sectors:
    """Diagonalises the Hamiltonian. Its eigenvalues are never degenerate: derivatives exist.

    Args:
        couplings: $a_1 … a_{N-1}$.
        ratio: r = g/ω > 0.
        detuning: $(\\omega_q - \\omega)/g$, which adds $\\Delta\\sigma_z/2$; None for 0.

    Returns:
        `Sectors`, in units of g.

    Example:
        A ladder of one level leaves the qubit alone, at energies ∓ω/2:

        >>> import jax.numpy as jnp, numpy as np
        >>> sectors(np.zeros(0), jnp.array(0.5)).values.tolist()
        [[-1.0], [1.0]]
    """
    frequency = 1 / jnp.asarray(ratio, float)
    beside = jnp.asarray(np.diag(couplings, 1) + np.diag(couplings, -1))
    n = np.arange(float(len(couplings) + 1))
    tilts = np.stack(excited(n.size)) - 0.5
    alone = frequency * (n + tilts) + (0.0 if detuning is None else detuning * tilts)
    values, vectors = jnp.linalg.eigh(jax.vmap(jnp.diag)(alone) + beside[None])
    return Sectors(frequency, values, vectors)


def met(
    couplings: Float[Array | np.ndarray, " links"],
    ratio: Scalar,
    packed: Float[Array, "N N"],
    collision: Collision,
) -> tuple[Float[Array, "N N"], Qubit]:
    """Calls `collide` for a qubit of its own detuning."""
    return collide(sectors(couplings, ratio, collision.detuning), packed, collision)


def collide(
    spectrum: Sectors, packed: Float[Array, "N N"], collision: Collision
) -> tuple[Float[Array, "N N"], Qubit]:
    """One collision of a packed state and a qubit, counter-rotating terms included.

    Args:
        spectrum: of the Hamiltonian.
        packed: one real matrix (`algebra.packing`) in the gauge of `_channels`.
        collision: its numbers, scalars.

    Returns:
        The packed state and the qubit afterwards.

    Example:
        At g = ω/2 the qubit in its ground state excites the ladder, too:

        >>> import jax.numpy as jnp, numpy as np
        >>> spectrum = sectors(np.ones(1), jnp.array(0.5))
        >>> cold = Collision(jnp.array(1.0), jnp.array(1.0))
        >>> after, _ = collide(spectrum, jnp.diag(jnp.array([1.0, 0.0])), cold)
        >>> bool(jnp.isclose(after[1, 1], jnp.sin(jnp.sqrt(5.0)) ** 2 / 5))
        True
    """
    start = 0.0 if collision.start is None else collision.start
    before, after = start * spectrum.frequency, (start + collision.theta) * spectrum.frequency
    V, W = (_propagator(spectrum, p, collision.theta) for p in (0, 1))
    return traced_over(V, W, before, after, packed, collision)


def traced_over(
    V: Complex[Array, "N N"],
    W: Complex[Array, "N N"],
    before: Scalar,
    after: Scalar,
    packed: Float[Array, "N N"],
    collision: Collision,
) -> tuple[Float[Array, "N N"], Qubit]:
    """Ladder and qubit after a unitary that conserves parity, each traced over the other.

    Args:
        V, W: the unitary in the even and in the odd sector, Schrödinger picture.
        before, after: phases of the interaction picture.
        packed: the ladder's state in the interaction picture.
        collision: the qubit.
    """
    # The gauge's quarter turns and those of the interaction picture, in one go.
    rho = rephased(unpack(packed, real=False), -np.pi / 2 - before)
    size = packed.shape[0]
    qubit = density_matrix(collision, before)
    even, odd = excited(size)

    def moved(left, right, of, to):
        return left @ (rho * qubit[of[:, None], to[None, :]]) @ right.conj().T

    first, second = moved(V, V, even, even), moved(W, W, odd, odd)
    alike, mixed = first + second, moved(V, W, even, odd)
    # The trace joins equal qubit levels: equal sectors if n − m is even, different ones if odd.
    same = jnp.asarray(even[:, None] == even[None, :])
    total = jnp.where(same, alike, mixed + mixed.conj().T)
    a, b, c = map(jnp.diagonal, (first, second, mixed))
    return pack(rephased(total, np.pi / 2 + after)), _left(a, b, c, after)


def _left(first, second, mixed, angle) -> Qubit:
    """The qubit that leaves, in the interaction picture: the trace over the ladder.

    Of the joint state it is given the diagonals of the even sector, of the odd one, and of the
    block between them, where the qubit is in its two levels.
    """
    even, _ = excited(mixed.size)
    ground = jnp.sum(jnp.real(jnp.where(even == 0, first, second)))
    x = jnp.sum(jnp.where(even == 0, mixed, mixed.conj()))
    x = x * lax.complex(jnp.cos(angle), -jnp.sin(angle))
    return Qubit(ground, jnp.real(x), jnp.imag(x))


def excited(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether the qubit is excited beside level n, in the even and in the odd sector."""
    n = np.arange(size)
    return n % 2, (n + 1) % 2


def _propagator(spectrum: Sectors, parity: int, theta) -> Complex[Array, "N N"]:
    vectors, turns = spectrum.vectors[parity], theta * spectrum.values[parity]
    real, imag = (vectors * f(turns)[None, :] @ vectors.T for f in (jnp.cos, jnp.sin))
    return lax.complex(real, -imag)
