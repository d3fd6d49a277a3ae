r"""A driven system, as the bounds on its protocols see it: its operators, and what is stored.

$$\dot\rho = -i\Big[H_0 + \sum_ku_k(t)H_k,\ \rho\Big]
  + \sum_j\left(L_j\rho L_j^\dagger - \tfrac12\{L_j^\dagger L_j, \rho\}\right), \qquad
  E = \mathrm{Tr}\,\rho H_B - \epsilon_0$$

What the operators cannot reach from the start counts for nothing: bounds in the smallest space that
holds the start, and that no operator leaves (`reachable`), are bounds, and lower ones.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.algebra import spectral

ALONG = 1e-10
"""Share of an operator's image that counts as rounding where it leaves a space."""


EMPTY = 1e-14
"""Weight of a vector in a start that counts as rounding."""


class Driven(eqx.Module):
    r"""Operators of a driven system; see the module's docstring.

    Args:
        hamiltonian: $H_0$, (d, d).
        controls: $H_k$, a list of matrices (d, d).
        stored: $H_B$, levels (d,) or a matrix (d, d), of the whole system.
        noise: $L_j$ with their rates absorbed, a list of matrices (d, d).
        start: density matrix (d, d) or ket (d,); None is the first basis state.

    Raises:
        TypeError, ValueError: for matrices of other sizes, Hamiltonians that are not Hermitian, a
            start that is no state.

    Example:
        >>> import numpy as np
        >>> qubit = Driven(np.zeros((2, 2)), [np.eye(2)[::-1]], np.array([0.0, 1.0]))
        >>> qubit.size, float(qubit.top)
        (2, 1.0)
    """

    hamiltonian: Complex[Array, "d d"]
    controls: Complex[Array, "K d d"]
    stored: Complex[Array, "d d"]
    noise: Complex[Array, "J d d"]
    start: Complex[Array, "d d"]
    ground: Float[Array, ""]

    def __init__(
        self,
        hamiltonian: Any,
        controls: Sequence[Any] | Any,
        stored: Any,
        noise: Sequence[Any] | Any = (),
        start: Any = None,
        *,
        ground: Any = None,
    ):
        H = _checks.hermitian("hamiltonian", hamiltonian)
        d = H.shape[0]
        held = _checks.hamiltonian("stored", stored, dim=d).astype(complex)
        self.hamiltonian = H.astype(complex)
        self.stored = jnp.diag(held) if held.ndim == 1 else held
        self.controls = _stacked("controls", controls, d, hermitian=True)
        self.noise = _stacked("noise", noise, d, hermitian=False)
        state = np.eye(1, d)[0] if start is None else start
        self.start = _state(state, d)
        known = None if ground is None else _checks.scalar("ground", ground)
        self.ground = spectral.eigenvalues(self.stored)[0] if known is None else known

    @property
    def size(self) -> int:
        """The number d of levels."""
        return self.hamiltonian.shape[0]

    @property
    def top(self) -> Scalar:
        """The largest energy that can be stored, from the ground state."""
        return spectral.eigenvalues(self.stored)[-1] - self.ground

    def compressed(self, basis: Any) -> "Driven":
        """Cuts the system down to a space that no operator leaves.

        Args:
            basis: orthonormal vectors of the space, as columns (d, m).
        """
        V = jnp.asarray(basis).astype(complex)

        def inside(A):
            return V.conj().T @ A @ V

        return Driven(
            inside(self.hamiltonian),
            [inside(A) for A in self.controls],
            inside(self.stored),
            [inside(A) for A in self.noise],
            inside(self.start),
            ground=self.ground,
        )


def reachable(
    operators: Sequence[Any] | Any, start: Any, most: int | Any = None
) -> Complex[np.ndarray, "d m"]:
    r"""The smallest space that holds a start and that no operator leaves.

    For an equation with noise name $L_j$ and $L_j^\dagger L_j$ among the operators.

    Args:
        operators: matrices (d, d), dense or sparse; numbers that multiply them do not matter.
        start: density matrix (d, d) or ket (d,).
        most: the number of levels beyond which it stops looking and returns all; None for none.

    Returns:
        orthonormal columns, on the host.

    Raises:
        TypeError, ValueError: if anything is traced, or has another size.

    Example:
        One of two spins, turned:

        >>> import numpy as np
        >>> turn = np.kron(np.eye(2)[::-1], np.eye(2))
        >>> reachable([turn], np.eye(4)[0]).shape
        (4, 2)
    """
    _checks.sequence("operators", operators)
    if not _checks.is_concrete((list(operators), start)):
        raise TypeError("Argument `operators` must be known numbers, but holds traced ones.")
    axes = _checks.axes(start)
    state = (_checks.ket if axes == 1 else _checks.density_matrix)("start", start)
    found = _support(np.asarray(state, complex)).T
    matrices = [_sized(A, found.shape[1]) for A in operators]
    limit = None if most is None else _checks.integer("most", most, low=1)
    seen = 0
    while seen < len(found):
        if limit is not None and len(found) > limit:
            return np.eye(found.shape[1], dtype=complex)
        vector, seen = found[seen], seen + 1
        for A, size in matrices:
            image = np.asarray(A @ vector, complex).ravel()
            for _ in range(2):  # a second time for what rounding left
                image = image - found.T @ (found.conj() @ image)
            length = float(np.linalg.norm(image))
            if length > ALONG * size:
                found = np.vstack([found, image / length])
    return found.T


def _support(start: Complex[np.ndarray, "..."]) -> Complex[np.ndarray, "d m"]:
    if start.ndim == 1:
        return start[:, None] / np.linalg.norm(start)
    weights, vectors = np.linalg.eigh(start)
    return vectors[:, weights > EMPTY]


def _sized(operator: Any, d: int) -> tuple[Any, float]:
    """An operator, and the size of its elements."""
    if not sp.issparse(operator):
        checked = _checks.array("operators", operator, shape=(d, d), complex_ok=True)
        return np.asarray(checked), float(np.abs(np.asarray(checked)).max())
    if operator.shape != (d, d):
        raise ValueError(
            f"Argument `operators` must have shape ({d}, {d}), but has shape {operator.shape}."
        )
    return operator, float(abs(operator).max())


def _stacked(name: str, given: Any, d: int, *, hermitian: bool) -> Complex[Array, "n d d"]:
    _checks.sequence(name, given)
    each = []
    for A in given:
        if hermitian:
            each.append(_checks.hermitian(name, A, dim=d).astype(complex))
        else:
            each.append(_checks.array(name, A, shape=(d, d), complex_ok=True).astype(complex))
    return jnp.stack(each) if each else jnp.zeros((0, d, d), complex)


def _state(given: Any, d: int) -> Complex[Array, "d d"]:
    if _checks.axes(given) == 1:
        ket = _checks.ket("start", given, dim=d).astype(complex)
        return jnp.outer(ket, ket.conj())
    return _checks.density_matrix("start", given, dim=d).astype(complex)
