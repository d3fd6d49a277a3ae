r"""Operators: ladders, qubits, spins, and their products on composite spaces.

Conventions of the whole library, stated here once:

- ħ = 1.
- Level 0 is the ground state; raising operators raise the index. A qubit is $|0\rangle$
  (ground), $|1\rangle$ (excited), so $\sigma_- = |0\rangle\langle 1|$. The Pauli matrices
  are the textbook ones in that basis: $\sigma_z|0\rangle = |0\rangle$, and a qubit's energy
  is $\omega\,\sigma_+\sigma_- = \omega(1 - \sigma_z)/2$. The levels of a spin run from
  $|j,-j\rangle$ up, so $J_z = \mathrm{diag}(-j, \ldots, j)$ (for j = 1/2 that is
  $-\sigma_z/2$).
- Tensor order: storage cell first, charger second, load third.

Constant operators are NumPy arrays, so that building one compiles nothing; those that can
be real are.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Inexact

from qbjax import _checks
from qbjax._types import Operator, Rho, TensorLike


def destroy(levels: int | Any) -> Operator:
    r"""Lowering operator of an oscillator, $a$.

    $$a|n\rangle = \sqrt{n}\,|n-1\rangle$$

    Args:
        levels: number of levels d kept, at least 1.

    Returns:
        real array (d, d).

    Raises:
        TypeError, ValueError: if `levels` is not a positive integer.

    Example:
        >>> destroy(3).round(3).tolist()
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1.414], [0.0, 0.0, 0.0]]
    """
    d = _checks.levels("levels", levels)
    return np.diag(np.sqrt(np.arange(1.0, d)), 1)


def create(levels: int | Any) -> Operator:
    r"""Raising operator of an oscillator, $a^\dagger$: real array (d, d)."""
    return destroy(levels).T


def number(levels: int | Any) -> Operator:
    r"""Number operator, $a^\dagger a = \mathrm{diag}(0, \ldots, d-1)$: real array (d, d)."""
    return np.diag(np.arange(float(_checks.levels("levels", levels))))


def identity(levels: int | Any) -> Operator:
    """Identity: real array (d, d)."""
    return np.eye(_checks.levels("levels", levels))


def pauli_x() -> Operator:
    r"""Pauli $\sigma_x = |0\rangle\langle 1| + |1\rangle\langle 0|$: real array (2, 2)."""
    return np.array([[0.0, 1.0], [1.0, 0.0]])


def pauli_y() -> Operator:
    r"""Pauli $\sigma_y = -i|0\rangle\langle 1| + i|1\rangle\langle 0|$: complex array (2, 2)."""
    return np.array([[0.0, -1.0j], [1.0j, 0.0]])


def pauli_z() -> Operator:
    r"""Pauli $\sigma_z = |0\rangle\langle 0| - |1\rangle\langle 1|$: real array (2, 2)."""
    return np.diag([1.0, -1.0])


def sigma_minus() -> Operator:
    r"""Lowering operator of a qubit, $\sigma_- = |0\rangle\langle 1|$: real array (2, 2)."""
    return destroy(2)


def sigma_plus() -> Operator:
    r"""Raising operator of a qubit, $\sigma_+ = |1\rangle\langle 0|$: real array (2, 2)."""
    return create(2)


def spin_plus(j: float | Any) -> Operator:
    r"""Raising operator of a spin, $J_+$.

    $$J_+|j, m\rangle = \sqrt{j(j+1) - m(m+1)}\,|j, m+1\rangle$$

    Args:
        j: 1/2, 1, 3/2, …; level 0 is $|j,-j\rangle$.

    Returns:
        real array (d, d), d = 2j + 1.

    Raises:
        ValueError: if 2j is not a positive integer.

    Example:
        >>> spin_plus(1 / 2).tolist()
        [[0.0, 0.0], [1.0, 0.0]]
    """
    m = _magnetic_numbers(j)
    return np.diag(np.sqrt(m[-1] * (m[-1] + 1) - m[:-1] * (m[:-1] + 1)), -1)


def spin_minus(j: float | Any) -> Operator:
    r"""Lowering operator of a spin, $J_- = J_+^\dagger$: real array (2j + 1, 2j + 1)."""
    return spin_plus(j).T


def spin_x(j: float | Any) -> Operator:
    """Spin component $J_x = (J_+ + J_-)/2$: real array (2j + 1, 2j + 1)."""
    return (spin_plus(j) + spin_minus(j)) / 2


def spin_y(j: float | Any) -> Operator:
    """Spin component $J_y = (J_+ - J_-)/2i$: complex array (2j + 1, 2j + 1)."""
    return (spin_plus(j) - spin_minus(j)) / 2j


def spin_z(j: float | Any) -> Operator:
    r"""Spin component $J_z = \mathrm{diag}(-j, \ldots, j)$: real array (2j + 1, 2j + 1)."""
    return np.diag(_magnetic_numbers(j))


def tensor(*factors: TensorLike) -> Inexact[np.ndarray | jax.Array, "..."]:
    r"""Tensor product $A \otimes B \otimes \ldots$ of operators, or of kets.

    Args:
        factors: arrays (d, d), or all (d,); the storage cell first, the charger second, the
            load third.

    Returns:
        array of the product dimension: NumPy if every factor is, else JAX.

    Raises:
        TypeError, ValueError: if a factor is neither a vector nor a square matrix, or they
        are mixed.

    Example:
        >>> tensor(pauli_z(), identity(2)).diagonal().tolist()
        [1.0, 1.0, -1.0, -1.0]
    """
    if not factors:
        raise ValueError("Argument `factors` must hold at least one, but is empty.")
    shape = ("d",) * (1 if all(_checks.axes(factor) == 1 for factor in factors) else 2)
    names = [f"factors[{i}]" for i in range(len(factors))]
    checked = [_checks.array(n, f, shape=shape, complex_ok=True) for n, f in zip(names, factors)]
    dtype = np.result_type(np.float64, *(factor.dtype for factor in checked))
    if any(isinstance(factor, jax.Array) for factor in factors):
        return functools.reduce(jnp.kron, [factor.astype(dtype) for factor in checked])
    return functools.reduce(np.kron, [np.asarray(factor, dtype) for factor in factors])


def embed(
    op: TensorLike, dims: Sequence[int] | Any, index: int | Any
) -> Inexact[np.ndarray | jax.Array, "D D"]:
    r"""Extends one subsystem's operator to the whole space.

    $$1 \otimes \ldots \otimes A \otimes \ldots \otimes 1$$

    Args:
        op: operator (d, d) with d = dims[index].
        dims: levels of every subsystem, D their product.
        index: which subsystem, counted from 0.

    Returns:
        array (D, D): NumPy if `op` is, else JAX.

    Raises:
        TypeError, ValueError: if the pieces do not fit.

    Example:
        >>> embed(number(2), (3, 2), 1).diagonal().tolist()
        [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]
    """
    sizes = _dims(dims)
    place = _checks.integer("index", index, low=0, high=len(sizes) - 1)
    _checks.array("op", op, shape=(sizes[place],) * 2, complex_ok=True)
    before, after = math.prod(sizes[:place]), math.prod(sizes[place + 1 :])
    return tensor(identity(before), op, identity(after))


def partial_trace(rho: TensorLike, dims: Sequence[int] | Any, keep: Any) -> Rho:
    r"""Reduced state of some subsystems, $\mathrm{Tr}_{\text{others}}\,\rho$.

    Linear: it takes derivatives of states, too.

    Args:
        rho: operator (D, D), D the product of `dims`.
        dims: levels of every subsystem.
        keep: which subsystem, or subsystems, to keep; their order stays that of `dims`.

    Returns:
        array (d, d), d the product of the kept levels.

    Raises:
        TypeError, ValueError: if the pieces do not fit.

    Example:
        >>> partial_trace(np.diag([0.1, 0.2, 0.3, 0.4]), (2, 2), 0).diagonal().round(6).tolist()
        [0.3, 0.7]
    """
    sizes = _dims(dims)
    whole = _checks.array("rho", rho, shape=(math.prod(sizes),) * 2, complex_ok=True)
    n = len(sizes)
    kept = sorted(set(_checks.indices("keep", keep, n)))
    columns = [n + k if k in kept else k for k in range(n)]
    out = kept + [n + k for k in kept]
    reduced = jnp.einsum(whole.reshape(sizes + sizes), [*range(n), *columns], out)
    d = math.prod(sizes[k] for k in kept)
    return reduced.reshape(d, d)


def _magnetic_numbers(j: float | Any) -> Float[np.ndarray, "d"]:
    twice = _checks.doubled("j", j, low=0.5)
    _checks.room("j", j, (twice + 1) ** 2, "one matrix of 2j + 1 levels")
    return np.arange(twice + 1) - twice / 2


def _dims(dims: Any) -> tuple[int, ...]:
    sizes = _checks.dimensions("dims", dims)
    _checks.room("dims", sizes, math.prod(sizes) ** 2, "one matrix of so many levels")
    return sizes
