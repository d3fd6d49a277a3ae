r"""A bound on the energy of every charging, open or not: an operator that is solved for backwards.

$$-\dot A = L_0^\dagger(A) + \sum_k\max_{l_k\le u\le h_k}u\,X_k, \qquad X_k = i[H_k, A], \qquad
  A(T) = H_B - \epsilon_0 .$$

The maximum is that of a number, taken for every eigenvalue of X: $\frac{l+h}2X + \frac{h-l}2|X|$,
which is no less than uX for every u between l and h. So along any protocol

$$\frac{d}{dt}\mathrm{Tr}A\rho = \mathrm{Tr}\rho\Big[\dot A + L_0^\dagger(A)
  + \sum_ku_kX_k\Big] \le 0 \quad\Rightarrow\quad E(T) \le \mathrm{Tr}A(0)\rho(0) .$$

The dynamic programme of control theory, with a value that is linear in ρ: for one that is not, the
bound is loose. (A qubit turned from its ground state has $\sin^2T$; here |X| is the identity, A
grows by as much for all states, and the bound is T.) Fixed signals, l = h, leave an equation.

*Discretised it stays a bound.* In each of many steps A is a parabola with Bernstein coefficients
$B_0, B_1, B_2$. For fixed signals the right side is linear in A, so that what the equation misses
is a parabola, too, and its coefficients lie above the $E_j - F(B_j)$, with $E_j$ those of
$-\dot A$ and F the right side above. A polynomial is between its smallest and largest coefficients;
so adding to $-\dot A$ the identity times $\delta_j = \max\{0, \lambda_\text{max}[F(B_j) - E_j]\}$,
which neither L† nor a commutator sees, makes it no less than what every signal needs. This costs
the `margin`, of order steps⁻², and is in the bound; what is left is rounding.

Reference for the equation without a maximum: H.-P. Breuer and F. Petruccione, "The Theory of Open
Quantum Systems" (2002), Eq. (3.96). The inequality is proved above.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.algebra import spectral
from qbjax.merit.bounds.angle import Reach, check_pair
from qbjax.merit.bounds.driven import Driven


class Backward(NamedTuple):
    """A bound on the energy, from the ground state.

    Attributes:
        energy: the bound.
        margin: the share of it that discretisation costs.
        operator: A(0), the margin included: its mean bounds the energy from any other start.
    """

    energy: Scalar
    margin: Scalar
    operator: Complex[Array, "d d"]


def backward_energy(driven: Driven | Any, reach: Reach | Any, *, steps: int | Any = 64) -> Backward:
    r"""The largest energy that a charging with losses can have stored.

    Rigorous for every protocol whose signals keep to their ranges, and often loose; areas are not
    used. Never more than all there is.

    Args:
        driven: of a few dozen levels: every step diagonalises matrices of their number.
        reach: the signals, one per control.
        steps: in each stretch of time: more of them are less `margin`.

    Returns:
        A `Backward`.

    Raises:
        TypeError, ValueError: for another number of signals than controls, no positive number of
            steps.

    Example:
        A decaying qubit, |u| ≤ 1:

        >>> import numpy as np
        >>> lower = np.array([[0.0, 1.0], [0.0, 0.0]])
        >>> qubit = Driven(np.zeros((2, 2)), [lower + lower.T], np.array([0.0, 1.0]), [lower])
        >>> found = backward_energy(qubit, Reach(0.5, -1.0, 1.0))
        >>> round(float(found.energy), 3), bool(found.margin < 1e-4)
        (0.393, True)
    """
    check_pair(driven, reach)
    return _backward(driven, reach, _checks.integer("steps", steps, low=1))


@eqx.filter_jit
def _backward(driven: Driven, reach: Reach, steps: int) -> Backward:
    d = driven.size
    identity = jnp.eye(d, dtype=complex)
    decay = jnp.einsum("jab,jac->bc", driven.noise.conj(), driven.noise) / 2
    G = 1j * driven.hamiltonian - decay

    def right(A, low, high):
        """The right side F."""
        half = G @ A
        found = half + half.conj().T
        found += jnp.einsum("jab,ac,jcd->bd", driven.noise.conj(), A, driven.noise)
        X = jax.vmap(lambda H: 1j * (H @ A - A @ H))(driven.controls)
        parts = jax.vmap(_largest)(X, low, high)
        return _hermitian(found + jnp.sum(parts, axis=0))

    def stretch(carry, numbers):
        duration, low, high = numbers
        step = duration / steps

        def one(carry, _):
            return _parabola(lambda A: right(A, low, high), step, *carry), None

        return lax.scan(one, carry, None, length=steps)[0], None

    last = driven.stored - driven.ground.astype(complex) * identity
    backwards = (reach.duration[::-1], reach.low[::-1], reach.high[::-1])
    (A, margin), _ = lax.scan(stretch, (last, jnp.zeros(())), backwards)
    operator = A + margin.astype(complex) * identity
    found = jnp.real(jnp.sum(operator * driven.start.T))
    return Backward(jnp.minimum(found, driven.top), margin, operator)


def _parabola(right, step, A, margin) -> tuple[Complex[Array, "d d"], Scalar]:
    """A step back, and what it lacks."""
    small = (step / 2).astype(complex)
    E0 = right(A)
    B1 = A + small * E0
    F1 = right(B1)
    E2 = right(A + 2 * small * F1)
    B2 = B1 + small * E2
    missing = [F1 - (E0 + E2) / 2, right(B2) - E2]
    lacks = [jnp.maximum(spectral.eigenvalues(D)[-1], 0.0) for D in missing]
    return B2, margin + step * (lacks[0] + lacks[1]) / 3


def _largest(X, low, high) -> Complex[Array, "d d"]:
    middle, radius = (low + high) / 2, (high - low) / 2
    return middle.astype(complex) * X + radius.astype(complex) * absolute(X)


@jax.custom_jvp
def absolute(X: Complex[Array, "d d"]) -> Complex[Array, "d d"]:
    r"""The absolute value $|X| = \sqrt{X^2}$ of a Hermitian matrix.

    Its derivative is $V\left[\frac{\lambda_i + \lambda_j}{|\lambda_i| + |\lambda_j|}
    (V^\dagger\,dX\,V)_{ij}\right]V^\dagger$, finite where eigenvalues are equal, and 0 between
    eigenvalues that vanish.

    Example:
        >>> absolute(jnp.array([[0.0, 2.0], [2.0, 0.0]]) + 0j).real.round(6).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """
    levels, V = spectral.eigensystem(X)
    return (V * jnp.abs(levels).astype(complex)[None, :]) @ V.conj().T


@absolute.defjvp
def _absolute_jvp(primals, tangents):
    (X,), (dX,) = primals, tangents
    levels, V = spectral.eigensystem(X)
    size = jnp.abs(levels)
    both = size[:, None] + size[None, :]
    share = jnp.where(
        both > 0, (levels[:, None] + levels[None, :]) / jnp.where(both > 0, both, 1), 0
    )
    found = (V * size.astype(complex)[None, :]) @ V.conj().T
    return found, V @ (share.astype(complex) * (V.conj().T @ dX @ V)) @ V.conj().T


def _hermitian(A) -> Complex[Array, "d d"]:
    return (A + A.conj().T) / 2
