"""Coherent driving of a ladder: its energy, and the time at which it beats classical qubits.

What it has to beat is said in `bounds`.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax._bisection import bisected
from qbjax._types import Scalar, ScalarLike
from qbjax.algebra.ladders import Ladder
from qbjax.merit.bounds.flows import R0
from qbjax.merit.bounds.incoherent import Form, check_form, check_ladder, incoherent_energy

LOOKS, HALVINGS = 4096, 54
"""Instants up to full charge, and bisections between two of them: exact to the last bit."""


def coherent_energy(ladder: Ladder | Any, tau: ScalarLike) -> Scalar:
    r"""Energy stored by endless short collisions with qubits of full coherence, q = 1/2.

    They drive the ladder with $(A + A^\dagger)/2$, and the state stays pure:

    $$E = \tau^2/4 \quad\text{(oscillator)}, \qquad
      E = 2j\sin^2(\tau/2) \quad\text{(spin)} .$$

    The spin is full at τ = π and swings back.

    Args:
        ladder: an oscillator or a spin.
        tau: Ωτ ≥ 0.

    Returns:
        a number, in level spacings; all of it is ergotropy.

    Raises:
        TypeError, ValueError: for another ladder, or a time that is negative or no number.

    Example:
        >>> from qbjax.algebra import ladders
        >>> coherent_energy(ladders.oscillator(250), 10).item()
        25.0
        >>> coherent_energy(ladders.spin(3 / 2), jnp.pi).item()
        3.0

    References: Salvia et al. (2023), Eqs. (19), (20), (31), (32).
    """
    check_ladder(ladder)
    if ladder.kind == "uniform":
        raise ValueError(
            "Argument `ladder` must be an oscillator or a spin, whose driving has a closed form, "
            "but is uniform."
        )
    t = _checks.scalar("tau", tau, low=0)
    return t**2 / 4 if ladder.kind == "oscillator" else (ladder.size - 1) * jnp.sin(t / 2) ** 2


def crossing_time(ladder: Ladder | Any, form: Form | Any = "rigorous") -> Scalar:
    r"""Time at which coherent driving overtakes the bound of classical qubits, without loss.

    $$\Omega\tau = \frac{4R_0}{1 - R_0^2} = 6.1028$$

    for an oscillator, the root of `coherent_energy` = `incoherent_energy` for a spin.

    Args:
        ladder: an oscillator or a spin.
        form: "rigorous" or "printed".

    Returns:
        Ωτ; infinite if it never does, as for spins up to j = 9/2 (2, printed).

    Raises:
        TypeError, ValueError: for another ladder or form.

    Example:
        >>> from qbjax.algebra import ladders
        >>> print(f"{crossing_time(ladders.oscillator(250)):.6f}")
        6.102782
        >>> crossing_time(ladders.spin(1 / 2)).item()
        inf

    References: Salvia et al. (2023), Eqs. (15), (20), (28), (31).
    """
    coherent_energy(ladder, 0)
    check_form(form)
    if ladder.kind == "oscillator":
        return jnp.asarray(4 * R0 / (1 - R0**2))
    return _crossing(ladder, form)


@partial(jax.jit, static_argnames="form")
def _crossing(ladder, form) -> Scalar:
    """The first time at which driving a spin is ahead, infinite if there is none."""

    def ahead(tau):
        return coherent_energy(ladder, tau) > incoherent_energy(ladder, tau, form=form)

    taus = jnp.asarray(np.pi * np.arange(LOOKS + 1) / LOOKS)
    over = jax.vmap(ahead)(taus)
    first = jnp.argmax(over)
    time = bisected(lambda tau: ~ahead(tau), taus[first - 1], taus[first], HALVINGS)
    return jnp.where(jnp.any(over), time, jnp.inf)
