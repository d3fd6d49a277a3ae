r"""Light in a DOPO's modes: quadratures and squeezing, $g^{(2)}(0)$, parity, photons.

The displaced frame counts the pump from β: with $b = a_p + \beta$,

$$\langle b^{\dagger2}b^2\rangle = \langle a^{\dagger2}a^2\rangle
  + 4|\beta|^2\langle a^\dagger a\rangle + |\beta|^4
  + 2\mathrm{Re}[2\beta^*\langle a^\dagger a^2\rangle + \beta^{*2}\langle a^2\rangle
  + 2|\beta|^2\beta^*\langle a\rangle],$$

and variances do not see β.
"""

from typing import Any

from jaxtyping import Array

from qbjax.batteries.dopo._readings import Readings
from qbjax.merit.light import central, ratio, squeezing_of_moments

NAMES = ("signal_photons", "x_variance", "p_variance", "g2", "parity", "pump_photons", "pump_g2")
"""Observables without a unit."""

DECIBELS = ("squeezing", "pump_squeezing")


def light(
    readings: Readings, stack, displacement, *, real: bool, sectored: bool
) -> dict[str, Array]:
    """Observables of both modes.

    Args:
        readings: of the state.
        stack: the state.
        displacement: β as (re, im), or None in the lab frame.
        real: whether the state is real, so that imaginary parts are left out.
        sectored: whether parity splits the state, so that the signal has no amplitude.
    """
    moments = iter(readings.moments(stack))
    take = lambda: (next(moments), 0.0 if real else next(moments))  # noqa: E731
    photons, bunched, parity = next(moments), next(moments), next(moments)
    amplitude = (0.0, 0.0) if sectored else take()
    pairs = take()
    number, (along, _) = central(photons, pairs, amplitude)
    return {
        "signal_photons": photons,
        "x_variance": 0.5 + number + along,
        "p_variance": 0.5 + number - along,
        "squeezing": squeezing_of_moments(photons, pairs, amplitude),
        "g2": ratio(bunched, photons),
        "parity": parity,
        **_pump(take(), take(), take(), next(moments), next(moments), displacement),
    }


def _pump(amplitude, pairs, cubic, photons, quartic, beta) -> dict[str, Array]:
    """Observables of the pump, from the moments of what is left when β is taken off."""
    squeezing = squeezing_of_moments(photons, pairs, amplitude)
    if beta is not None:
        size, turned = _along(beta, beta), _times(beta, beta)
        quartic += 4 * size * photons + size**2 + 4 * size * _along(beta, amplitude)
        quartic += 4 * _along(beta, cubic) + 2 * _along(turned, pairs)
        photons += size + 2 * _along(beta, amplitude)
    found = {"pump_photons": photons, "charger_energy": 2 * photons, "pump_squeezing": squeezing}
    return found | {"pump_g2": ratio(quartic, photons)}


def _along(z, w) -> Any:
    """The real part of z* w."""
    return z[0] * w[0] + z[1] * w[1]


def _times(z, w) -> tuple[Any, Any]:
    return z[0] * w[0] - z[1] * w[1], z[0] * w[1] + z[1] * w[0]
