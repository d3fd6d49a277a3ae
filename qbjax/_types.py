"""Names for the arrays that travel between the floors.

Results carry strict jaxtyping shapes; pytest switches them on for the whole package.
Arguments of the front door are annotated with the loose `…Like` names, because there
`_checks` answers a wrong shape or dtype with a sentence of its own.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Inexact

Scalar: TypeAlias = Float[Array, ""]
"""A real number, as an array of no axes."""

Number: TypeAlias = Inexact[Array, ""]
"""A real or complex number, as an array of no axes."""

Levels: TypeAlias = Float[Array, "d"]
"""Energies, or eigenvalues, of d levels."""

Times: TypeAlias = Float[Array, "t"]
"""Instants, strictly increasing."""

Ket: TypeAlias = Inexact[Array, "d"]
"""A pure state of d levels: real amplitudes stay real."""

Rho: TypeAlias = Inexact[Array, "d d"]
"""A density matrix, or its derivative: real symmetric or complex Hermitian."""

Hamiltonian: TypeAlias = Float[Array, "d"] | Inexact[Array, "d d"]
"""Levels (d,) in any order, or a Hermitian matrix (d, d)."""

Operator: TypeAlias = Inexact[np.ndarray, "d d"]
"""A constant operator: a NumPy array, so that building one compiles nothing."""

ScalarLike: TypeAlias = ArrayLike | Any
"""A Python, NumPy or JAX number, as `_checks.scalar` takes it; Any, so that something else gets our
sentence, and not a type checker's."""

TensorLike: TypeAlias = ArrayLike | Sequence[Any] | Any
"""An array of any library, or nested sequences of numbers, as `_checks.array` and its kin take it;
Any, as in `ScalarLike`."""
