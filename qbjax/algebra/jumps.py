r"""Losses and noise in one line: lists of pairs (rate, operator), as a Lindblad battery takes them.

Lists add: `jumps = loss(0.1, dims, 1) + dephasing(0.05, dims, (0, 2))`. Rates may be traced; a rate
that is the plain number 0 drops its jump. Lowering operators are those of a ladder, $a|n\rangle =
\sqrt n|n-1\rangle$: of a qubit, $\sigma_-$. Beyond `DENSE` levels operators are sparse matrices.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from qbjax import _checks
from qbjax._types import Scalar, ScalarLike
from qbjax.algebra.operators import destroy, embed, number

Jumps = list[tuple[Any, np.ndarray | sp.csr_array]]

DENSE = 1024
"""Levels up to which operators are dense arrays, beyond which SciPy's sparse ones."""

KELVIN = 130920333756.0
"""One kelvin as an angular frequency, $k_B/\\hbar$ in 1/s."""


def occupation(frequency: ScalarLike, temperature: ScalarLike) -> Scalar:
    r"""Thermal occupation of a mode, as `loss` and the batteries take it.

    $$\bar n = \frac{1}{e^{\hbar\omega/k_BT} - 1}$$

    Args:
        frequency: ω > 0.
        temperature: $k_BT/\hbar$ ≥ 0 in the unit of the frequency; for one in 1/s that is `KELVIN`
            times the temperature in kelvin.

    Returns:
        a number ≥ 0; at 0, its derivatives included, 0.

    Raises:
        TypeError, ValueError: if a number is out of range.

    Example:
        The mode of 1550 nm of a degenerate parametric oscillator, at room temperature:

        >>> float(f"{occupation(2 * np.pi * 299792458 / 1550e-9, 300 * KELVIN):.2g}")
        3.7e-14

    References:
        J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026), Eqs. (A20), (A26).
    """
    omega = _checks.scalar("frequency", frequency, low=0, open_low=True)
    warmth = _checks.scalar("temperature", temperature, low=0)
    # where twice: the branch not taken is differentiated as well. Beyond 700 the exponential
    # overflows, and n̄ is 0 in double precision.
    cold = omega >= 700 * warmth
    return jnp.where(cold, 0.0, 1 / jnp.expm1(omega / jnp.where(cold, omega, warmth)))


def loss(rate: Any, dims: Sequence[int] | Any, factors: Any, thermal: Any = 0) -> Jumps:
    r"""Jumps by which every factor loses to, and gains from, a bath of its own.

    $$\gamma(\bar n + 1)D[a_k]\rho + \gamma\bar nD[a_k^\dagger]\rho$$

    Args:
        rate: γ ≥ 0, of energy.
        dims: levels of every factor.
        factors: index, or indices, of those that lose.
        thermal: occupation $\bar n$ ≥ 0 of the baths.

    Returns:
        pairs of rate and operator.

    Raises:
        ValueError, TypeError: for negative numbers or an index out of range.

    Example:
        >>> [float(rate) for rate, _ in loss(0.5, (2, 3), 1, thermal=0.2)]
        [0.6, 0.1]
    """
    rate = _checks.optional_scalar("rate", rate, low=0)
    thermal = _checks.optional_scalar("thermal", thermal, low=0)
    sizes, found = _places(dims, factors)
    jumps: Jumps = []
    for k in found:
        a = _embedded(destroy, sizes, k)
        if _checks.is_plain_zero(thermal):
            jumps.append((rate, a))
        else:
            jumps += [(rate * (thermal + 1), a), (rate * thermal, a.T)]
    return jumps


def collective_loss(rate: Any, dims: Sequence[int] | Any, factors: Any) -> Jumps:
    r"""The one jump by which factors lose into a bath that does not tell them apart: superradiance.

    $$\gamma D\Big[\sum_ka_k\Big]\rho$$

    Returns one pair; arguments and errors are those of `loss`.

    Example:
        >>> ((_, both),) = collective_loss(1.0, (2, 2), (0, 1))
        >>> both[0].tolist()
        [0.0, 1.0, 1.0, 0.0]
    """
    rate = _checks.optional_scalar("rate", rate, low=0)
    sizes, found = _places(dims, factors)
    lowering = [_embedded(destroy, sizes, k) for k in found]
    if not lowering:
        raise ValueError("Argument `factors` must name at least one, but is empty.")
    return [(rate, sum(lowering[1:], start=lowering[0]))]


def dephasing(rate: Any, dims: Sequence[int] | Any, factors: Any) -> Jumps:
    r"""Jumps that dephase every factor and leave populations as they are.

    $$2\gamma D[n_k]\rho, \qquad \dot\rho_{mn} = -\gamma(m-n)^2\rho_{mn}$$

    Returns one pair per factor; arguments and errors are those of `loss`, with γ the rate at which
    the coherence of neighbouring levels decays.

    Example:
        >>> ((double, n),) = dephasing(0.1, (2,), 0)
        >>> float(double), n.diagonal().tolist()
        (0.2, [0.0, 1.0])
    """
    rate = _checks.optional_scalar("rate", rate, low=0)
    sizes, found = _places(dims, factors)
    return [(2 * rate, _embedded(number, sizes, k)) for k in found]


def _embedded(make: Callable, sizes: tuple[int, ...], factor: int) -> np.ndarray | sp.csr_array:
    if math.prod(sizes) <= DENSE:
        return np.asarray(embed(make(sizes[factor]), sizes, factor))
    before, after = math.prod(sizes[:factor]), math.prod(sizes[factor + 1 :])
    here = sp.kron(sp.eye_array(before), make(sizes[factor]), format="csr")
    return sp.csr_array(sp.kron(here, sp.eye_array(after), format="csr"))


def _places(dims: Any, factors: Any) -> tuple[tuple[int, ...], list[int]]:
    """Checks the levels of every factor and the indices of some, each named once; returns both."""
    sizes = _checks.dimensions("dims", dims)
    _checks.room("dims", sizes, 2 * math.prod(sizes), "one operator of so many levels")
    found = _checks.indices("factors", factors, len(sizes))
    if len(set(found)) != len(found):
        raise ValueError(
            f"Argument `factors` must name each factor once, but is {_checks.show(factors)}."
        )
    return sizes, found
