r"""Trapping states of the micromaser, in closed form.

When $\theta\sqrt m$ is an odd multiple of π no collision lifts the cavity past level m − 1. At the
smallest such angle, $\theta = \pi/\sqrt m$, the levels below hold a stationary state:

* of classical qubits, by detailed balance, $p_n \propto \left(\frac{1-q}q\right)^n$;
* of coherent ones, pure, the cotangent state

$$|\phi\rangle \propto \sum_{n<m} (-ie^{i\alpha})^n\left(\frac{1-q}q\right)^{n/2}
  \prod_{k=1}^n\cot\frac{\theta\sqrt k}2\;|n\rangle .$$

Check: with $c_n = \cos\theta\sqrt n$, $s_n = \sin\theta\sqrt n$ a collision takes $\phi$ to
$\sqrt q\,(c_n + s_n\tan\tfrac{\theta\sqrt n}2)\phi_n = \sqrt q\,\phi_n$ beside $|g\rangle$, and to
$-\sqrt{1-q}\,\phi_n$ beside $|e\rangle$: a product, and the cavity is where it was.

Reference: V. Shaghaghi et al., "Lossy micromaser battery: almost pure states in the
Jaynes–Cummings regime" (2023), Eqs. (11)–(16), whose incoherent steady state is printed with
$|m\rangle$ for $|m-1\rangle$; J. J. Slosser and P. Meystre, Phys. Rev. A 41, 3867 (1990).
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax._types import Rho, Scalar, ScalarLike
from qbjax.dynamics.channels import rephased


def trapping_angle(m: int | Any) -> Scalar:
    r"""The smallest swap angle that traps a cavity below level m, $\pi/\sqrt m$.

    Args:
        m: levels of the trap, at least 1.

    Raises:
        ValueError, TypeError: if it is no such integer.

    Example:
        >>> round(float(trapping_angle(4)), 6)
        1.570796
    """
    return jnp.asarray(np.pi / np.sqrt(_checks.integer("m", m, low=1)))


def trapping_state(
    m: int | Any, ground_population: ScalarLike, coherence: Any, phase: ScalarLike = 0.0
) -> Rho:
    r"""The stationary state of a lossless micromaser at $\theta = \pi/\sqrt m$.

    Args:
        m: levels of the trap, at least 1.
        ground_population: q of the qubits.
        coherence: their c, 0 or 1; in between there is no closed form.
        phase: their α.

    Returns:
        Density matrix (m, m).

    Raises:
        ValueError, TypeError: for numbers out of range, a coherence that is neither.

    Example:
        >>> import qbjax as qb
        >>> rho = trapping_state(15, 0.25, 1)
        >>> round(float(qb.merit.energy(rho, jnp.arange(15.0))), 9)
        6.150291006
    """
    m = _checks.integer("m", m, low=1)
    q = _checks.scalar("ground_population", ground_population, low=0, high=1)
    phase = _checks.scalar("phase", phase)
    coherence = float(_checks.scalar("coherence", coherence, low=0, high=1))
    if coherence not in (0.0, 1.0):
        raise ValueError(
            "Argument `coherence` must be 0 or 1, for which there are closed forms, but is "
            f"{coherence:g}; charge with many collisions instead."
        )
    n = np.arange(float(m))
    weights = (1 - q) ** n * q ** (m - 1 - n)
    if coherence == 0:
        return jnp.diag(weights / jnp.sum(weights)).astype(complex)
    halves = np.pi * np.sqrt(np.arange(1, m) / m) / 2
    cotangents = np.concatenate([[1.0], np.cumprod(1 / np.tan(halves))])
    phi = jnp.sqrt(weights) * cotangents
    phi = phi / jnp.linalg.norm(phi)
    return rephased(jnp.outer(phi, phi), phase - np.pi / 2)
