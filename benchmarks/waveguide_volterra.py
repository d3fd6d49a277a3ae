"""The waveguide's Volterra equation as a researcher would solve it in NumPy and SciPy.

For comparison with `qbjax.batteries.Waveguide`, whose time per point it sets in proportion.
"""

import numpy as np
from scipy import special


def volterra_scipy(frequency, distance, decay, T, n):
    r"""Amplitudes of charger and battery by product integration on n equal steps.

    $$\dot a_\pm = -\int_0^t F_\pm(t-\tau)\,a_\pm(\tau)\,d\tau, \qquad
      F_\pm = (f_0 \pm f_1)\,e^{i\omega_0 t}$$

    for $a_\pm = (c_1 \pm c_2)e^{i\omega_0t}$. The kernels are Hankel functions, integrated exactly
    (but for rounding) against a linear interpolant of a, logarithms included; their integral is
    stepped by the trapezoidal rule, history sums are vectorised, and two meshes, of n/2 and n
    steps, are extrapolated.

    Args:
        frequency, decay: ω₀ and Γ₁₁ in units of the cutoff.
        distance: in units of the cutoff's wavelength.
        T: the last time.
        n: steps, even.

    Returns:
        times (n/2 + 1,), c₁ and c₂ there.
    """
    rough = _trapezoids(frequency, 2 * np.pi * distance, decay, T, n // 2)
    fine = _trapezoids(frequency, 2 * np.pi * distance, decay, T, n)[::2]
    times = np.linspace(0, T, n // 2 + 1)
    plus, minus = ((4 * fine - rough) / 3 * np.exp(-1j * frequency * times)[:, None]).T
    return times, (plus + minus) / 2, (plus - minus) / 2


def _trapezoids(frequency, d, decay, T, n):
    """Both signs in the turning frame, shape (n + 1, 2)."""
    h = T / n
    now, before = _moments(frequency, d, decay, h, n)
    total = now[1:] + before[:-1]
    a = np.ones((n + 1, 2), complex)
    slope = np.zeros(2, complex)
    for m in range(1, n + 1):
        memory = before[m - 1] + np.einsum("ks,ks->s", total[: m - 1], a[m - 1 : 0 : -1])
        a[m] = (a[m - 1] + h / 2 * (slope - memory)) / (1 + h / 2 * now[0])
        slope = -memory - now[0] * a[m]
    return a


def _moments(frequency, d, decay, h, n):
    """The kernel's integrals over each step against the two hat functions that share it."""
    near = h * 2.0 ** -np.arange(30)
    edges = np.concatenate([h * np.arange(n + 1), near, d + near, d - near, [d]])
    edges = np.unique(edges[(edges >= 0) & (edges <= h * n)])
    x, w = np.polynomial.legendre.leggauss(6)
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    t = middle + half * x
    root = np.sqrt(np.abs((t - d) * (t + d)))
    own = -0.25j * special.hankel2(0, t)
    other = np.where(t > d, -0.25j * special.hankel2(0, root), special.k0(root) / (2 * np.pi))
    kernel = np.stack([own + other, own - other], axis=2)
    kernel *= (decay * half * w * np.exp(1j * frequency * t))[:, :, None]
    step = np.minimum((middle[:, 0] / h).astype(int), n - 1)
    later = (t / h - step[:, None])[:, :, None]
    starts = np.flatnonzero(np.diff(step, prepend=-1))
    parts = ((kernel * (1 - later)).sum(axis=1), (kernel * later).sum(axis=1))
    return tuple(np.add.reduceat(part, starts, axis=0) for part in parts)
