r"""Closed forms of the DOPO's mean field (App. B of the paper, extended to a detuning).

$$\dot\alpha_s = -(\gamma_s/2 + i\Delta)\alpha_s + \kappa\alpha_s^*\alpha_p, \qquad
  \dot\alpha_p = -(\gamma_p/2 + 2i\Delta)\alpha_p - \tfrac{\kappa}{2}\alpha_s^2
  + \sqrt{\gamma_p}F .$$

With $z = (\gamma_p/2 + 2i\Delta)(\gamma_s/2 + i\Delta)/\kappa$ a steady oscillation obeys
$\gamma_p|F|^2 = |z + \tfrac{\kappa}{2}|\alpha_s|^2|^2$, and the silent state is stable until
$\sqrt{\gamma_p}|F| = |z|$. From the vacuum the mean field never starts: quantum noise does
that, which is why the battery is simulated as a density matrix.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.batteries.dopo._terms import Numbers


def threshold(numbers: Numbers) -> Float[Any, ""]:
    r"""The threshold $F_{th} = |z|/\sqrt{\gamma_p}$, $\gamma_s\sqrt{\gamma_p}/4\kappa$ at Δ = 0."""
    re, im = _unpumped(numbers)
    sqrt = _checks.array_module(*numbers).sqrt
    return sqrt(re**2 + im**2) / sqrt(numbers.pump_decay)


def photons(numbers: Numbers, amplitude) -> Float[Any, ""]:
    r"""Photons of the steady oscillation, 0 below threshold.

    $$|\alpha_s|^2 = \tfrac{2}{\kappa}(\sqrt{\gamma_p|F|^2 - (\mathrm{Im} z)^2} - \mathrm{Re} z)$$
    """
    re, im = _unpumped(numbers)
    xp = _checks.array_module(*numbers, amplitude)
    above = xp.abs(amplitude) > threshold(numbers)
    force = numbers.pump_decay * xp.abs(amplitude) ** 2
    root = xp.sqrt(xp.where(above, force - im**2, 1.0))
    return xp.where(above, 2 / numbers.coupling * (root - re), 0.0)


def steady_pump(numbers: Numbers, amplitude) -> Complex[Array, ""]:
    r"""The pump's $\alpha_p$ in the steady oscillation, or in the silent state below threshold.

    With $\gamma_p|F|^2 = |z + \tfrac{\kappa}{2}|\alpha_s|^2|^2$ the signal's phase is that of
    $\alpha_s^2 \propto F/(z + \tfrac{\kappa}{2}|\alpha_s|^2)$.

    Example:
        >>> numbers = Numbers(*map(jnp.asarray, (0.5, 1.0, 16.0)), 0, 0, 0)
        >>> complex(steady_pump(numbers, 3.0))
        (1+0j)
    """
    drive = jnp.sqrt(numbers.pump_decay).astype(complex) * jnp.asarray(amplitude, complex)
    n = photons(numbers, amplitude)
    re, im = _unpumped(numbers)
    half = numbers.coupling / 2
    squared = n.astype(complex) * drive / lax.complex(re + half * n, 1.0 * im)
    pull = half.astype(complex) * squared
    return (drive - pull) / lax.complex(numbers.pump_decay / 2, 2.0 * numbers.detuning)


def recommended_levels(
    numbers: Numbers, peak, levels: tuple[int, int], frame: str
) -> dict[str, tuple[str, int]]:
    r"""Levels that hold a coherent state of the mean-field amplitude: $\bar n + 10\sqrt{\bar n}$.

    At F = 3, 3.5 and 4 that is 56, 73 and 89 signal levels, which give the steady ergotropy
    to 1e-3. Near and below threshold fluctuations rule, and the answer is 1.4 times the
    present number. A displaced pump needs two levels more, a lab pump those of its own
    amplitude $2F/\sqrt{\gamma_p}$. Of numbers that are traced only the present levels count.

    Args:
        numbers: of the battery.
        peak: the largest |F|.
        levels: the present ones of signal and pump.
        frame: "displaced" or "lab".

    Returns:
        Mode name to (constructor argument, levels).
    """
    known, displaced = _checks.is_concrete((numbers, peak)), frame == "displaced"
    if known:  # on the host, where nothing is compiled
        host: tuple[Any, ...] = tuple(map(np.asarray, numbers))
        numbers, peak = Numbers(*host), np.asarray(peak)
    pump = float(4 * peak**2 / numbers.pump_decay) if known and not displaced else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):  # without coupling nothing lases
        signal = float(photons(numbers, peak)) if known else 0.0
    more = int(np.ceil(1.4 * levels[0])), levels[1] + (2 if displaced else 4)
    return {
        "signal": ("signal_levels", max(_enough(signal), more[0])),
        "pump": ("pump_levels", max(_enough(pump), more[1])),
    }


def _enough(photons: float) -> int:
    return int(np.ceil(photons + 10 * np.sqrt(photons)))


def _unpumped(numbers: Numbers):
    """The number z as (re, im)."""
    s, p, d = numbers.signal_decay, numbers.pump_decay, numbers.detuning
    re = (p * s / 4 - 2 * d**2) / numbers.coupling
    im = (p / 2 + s) * d / numbers.coupling
    return re, im
