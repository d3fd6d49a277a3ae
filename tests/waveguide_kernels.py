r"""Memory kernels of two emitters in a rectangular hollow waveguide, in closed form.

$$f_j(t) = \int_1^\infty J_j(\omega) e^{-i\omega t}\,d\omega, \qquad
  J_j(\omega) = \frac{\Gamma}{2\pi} \frac{\cos(j d k)}{k}, \quad k = \sqrt{\omega^2 - 1}$$

$$f_0(t) = -\frac{i\Gamma}{4} H_0^{(2)}(t), \qquad
  f_1(t) = \begin{cases}
    -\frac{i\Gamma}{4} H_0^{(2)}\big(\sqrt{t^2-d^2}\big) & t > d \\
    \frac{\Gamma}{2\pi} K_0\big(\sqrt{d^2-t^2}\big) & t < d \end{cases}$$

in units where the cutoff $\omega_{11}$ and c are 1. Both have a logarithm: f₀ at t = 0, f₁ at
t = d, the arrival of light. f₁ does not vanish before: the dipole interaction has no light cone
once the modes below the cutoff are gone.

| symbol | argument |
|---|---|
| $d = 2\pi\Delta_z/\lambda_{11}$ | `distance`, here in units of $c/\omega_{11}$ |
| Γ | `decay` |

Host only: the check of the quadrature that the battery uses, and its memory for `_memory`.

Reference: W.-L. Song et al., "Remote charging and degradation suppression for the quantum
battery", PRL 132, 090401 (2024), Eqs. (2) and (3); the closed forms are ours.
"""

import numpy as np
from jaxtyping import Complex, Float
from scipy import special

from qbjax.batteries.reservoir._panels import Piecewise, pieces

KERNEL_TOLERANCE = 1e-14
"""Of the integral over each piece."""


def own_kernel(times: Float[np.ndarray, " t"], decay: float) -> Complex[np.ndarray, " t"]:
    r"""$f_0$ at times t > 0.

    Example:
        >>> import numpy as np
        >>> own_kernel(np.array([1.0]), 0.5).round(6).item()
        (-0.011032-0.09565j)
    """
    return -0.25j * decay * special.hankel2(0, times)


def exchange_kernel(
    times: Float[np.ndarray, " t"], distance: float, decay: float
) -> Complex[np.ndarray, " t"]:
    r"""$f_1$ at times t ≥ 0 other than d.

    Example:
        >>> import numpy as np
        >>> exchange_kernel(np.array([0.0]), 1.0, 0.5).round(6).item()
        (0.033504+0j)
    """
    # The product keeps the digits of t − d that the difference of squares loses.
    gap = (times - distance) * (times + distance)
    root = np.sqrt(np.abs(gap))
    after = -0.25j * decay * special.hankel2(0, root)
    return np.where(gap > 0, after, decay / (2 * np.pi) * special.k0(root))


def response(distance: float, decay: float, duration: float) -> Piecewise:
    r"""$R_j(t) = \int_0^t f_j$, j = 0 and 1, up to a time, for `memory_weights.pair`.

    Args:
        distance: d > 0.
        decay: Γ.
        duration: the last time.
    """

    def kernels(t):
        return np.stack([own_kernel(t, decay), exchange_kernel(t, distance, decay)])

    inner = [distance] if distance < duration else []
    edges = np.unique([0.0, *inner, duration])
    return pieces(kernels, edges, KERNEL_TOLERANCE).integral()


def mixing() -> Float[np.ndarray, "2 2 2"]:
    r"""How $f_0$ and $f_1$ act on the two amplitudes: each on itself, and on the other."""
    return np.stack([np.eye(2), np.eye(2)[::-1]])
