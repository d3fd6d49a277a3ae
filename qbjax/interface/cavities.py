"""Levels of a cavity that spins charge, or that charges them."""

import numpy as np

USUAL = 0.5
"""The coupling in units of ω_c for which a Dicke battery has enough levels by default."""


def enough_levels(spins: int, photons: int, coupling: float) -> int:
    r"""Levels of the cavity that hold what N spins can put there at $x = gN/\omega_c$.

    Energy is conserved, so that of the mean field $\sqrt{n} \le A = x + \sqrt{x^2 + n_0}$. Of
    $\lceil A^2 + 7A\rceil + 4$ levels the top two then hold less than 1e-4 at all times: measured
    for up to ten spins and thirty photons at g ≤ ω_c/2, and for six at g = ω_c.

    Args:
        spins: N.
        photons: $n_0$, at the start.
        coupling: $g/\omega_c$.

    Example:
        >>> enough_levels(10, 10, 0.5)
        200
    """
    x = coupling * spins
    amplitude = x + np.sqrt(x**2 + photons)
    return int(np.ceil(amplitude**2 + 7 * amplitude)) + 4
