r"""Closed forms of the DOPO's mean field (App. B of the paper, extended to a detuning).

$$\dot\alpha_s = -(\gamma_s/2 + i\Delta)\alpha_s + \kappa\alpha_s^*\alpha_p, \qquad
  \dot\alpha_p = -(\gamma_p/2 + 2i\Delta)\alpha_p - \tfrac{\kappa}{2}\alpha_s^2
  + \sqrt{\gamma_p}F .$$

With $z = (\gamma_p/2 + 2i\Delta)(\gamma_s/2 + i\Delta)/\kappa$ a steady oscillation obeys
$\gamma_p|F|^2 = |z + \tfrac{\kappa}{2}|\alpha_s|^2|^2$, and the silent state is stable until
$\sqrt{\gamma_p}|F| = |z|$. From the vacuum the mean field never starts: quantum noise does
that, which is why the battery is simulated as a density matrix.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.dynamics.solve.integrate import chosen, integrate
from qbjax.interface import pumps as moving_pumps


def threshold(battery) -> Float[Array, ""]:
    r"""$F_{th} = |z|/\sqrt{\gamma_p}$; at Δ = 0, $\gamma_s\sqrt{\gamma_p}/(4\kappa)$.

    Example:
        >>> import qbjax as qb
        >>> float(threshold(qb.batteries.DOPO(8, 3)))
        2.0
    """
    re, im = _unpumped(battery)
    return jnp.sqrt(re**2 + im**2) / jnp.sqrt(battery.pump_decay)


def photons(battery, amplitude) -> Float[Array, ""]:
    r"""$|\alpha_s|^2 = \tfrac{2}{\kappa}(\sqrt{\gamma_p|F|^2 - (\mathrm{Im} z)^2} - \mathrm{Re} z)$
    above threshold, else 0.

    Example:
        >>> import qbjax as qb
        >>> float(photons(qb.batteries.DOPO(8, 3), 3.0))
        16.0
    """
    re, im = _unpumped(battery)
    above = jnp.abs(amplitude) > threshold(battery)
    force = battery.pump_decay * jnp.abs(amplitude) ** 2
    root = jnp.sqrt(jnp.where(above, force - im**2, 1.0))
    return jnp.where(above, 2 / battery.coupling * (root - re), 0.0)


def steady_pump(battery, amplitude) -> Complex[Array, ""]:
    r"""$\alpha_p$ of the steady oscillation, or of the silent state below threshold.

    With $\gamma_p|F|^2 = |z + \tfrac{\kappa}{2}|\alpha_s|^2|^2$ the signal's phase is that of
    $\alpha_s^2 \propto F/(z + \tfrac{\kappa}{2}|\alpha_s|^2)$.

    Example:
        >>> import qbjax as qb
        >>> complex(steady_pump(qb.batteries.DOPO(8, 3), 3.0))
        (1+0j)
    """
    drive = jnp.sqrt(battery.pump_decay).astype(complex) * jnp.asarray(amplitude, complex)
    n = photons(battery, amplitude)
    re, im = _unpumped(battery)
    squared = n.astype(complex) * drive / lax.complex(re + battery.coupling / 2 * n, 1.0 * im)
    pull = (battery.coupling / 2).astype(complex) * squared
    return (drive - pull) / lax.complex(battery.pump_decay / 2, 2.0 * battery.detuning)


def amplitudes(battery, protocol, times, start=(0.1, 0.0)):
    r"""$(\alpha_s(t), \alpha_p(t))$ of the mean-field equations.

    Args:
        battery: a DOPO.
        protocol: a pump.
        times: strictly increasing, shape (T,).
        start: the amplitudes at `times[0]`. A signal that starts at 0 stays there.

    Returns:
        Two complex arrays, shape (T,).

    Raises:
        ValueError, TypeError: for times or a protocol that do not fit the battery.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.DOPO(8, 3)
        >>> signal, _ = amplitudes(battery, qb.protocols.Constant(3.0), jnp.array([0.0, 40.0]))
        >>> round(float(abs(signal[-1]) ** 2), 3)
        16.0
    """
    times = battery.check(protocol, times)
    signal_loss = lax.complex(battery.signal_decay / 2, 1.0 * battery.detuning)
    pump_loss = lax.complex(battery.pump_decay / 2, 2.0 * battery.detuning)
    coupling, drive = battery.coupling.astype(complex), jnp.sqrt(battery.pump_decay)

    def force(t):
        return drive.astype(complex) * jnp.asarray(protocol.signal(t), dtype=complex)

    def field(t, y):
        s, p = lax.complex(y[0], y[1])
        s_slope = -signal_loss * s + coupling * jnp.conj(s) * p
        p_slope = -pump_loss * p - coupling / 2 * s**2 + force(t)
        slope = jnp.stack([s_slope, p_slope])
        return jnp.stack([jnp.real(slope), jnp.imag(slope)])

    at = jnp.asarray(start, dtype=complex)
    initial = jnp.stack([jnp.real(at), jnp.imag(at)])
    run = integrate(
        field,
        initial,
        times,
        save=lambda t, y: y,
        signals=moving_pumps.signals([protocol], times),
        edges=protocol.edges(),
        solver=chosen(None),
    )
    return tuple(lax.complex(run.saved[:, 0], run.saved[:, 1]).T)


def recommended_levels(battery, peak) -> dict[str, tuple[str, int]]:
    r"""Levels that hold a coherent state of the mean-field amplitude: $\bar n + 10\sqrt{\bar n}$.

    At F = 3, 3.5 and 4 that is 56, 73 and 89 signal levels, which give the steady ergotropy
    to 1e-3. Near and below threshold fluctuations rule, and the answer is 1.4 times the
    present number. A displaced pump needs two levels more, a lab pump those of its own
    amplitude $2F/\sqrt{\gamma_p}$. Of numbers that are traced only the present levels count.

    Returns:
        Mode name to (constructor argument, levels).
    """
    displaced, known = battery.frame == "displaced", _checks.is_concrete((battery, peak))
    pump = float(4 * peak**2 / battery.pump_decay) if known and not displaced else 0.0
    mean = float(photons(battery, peak)) if known else 0.0
    signal = max(_enough(mean), int(np.ceil(1.4 * battery.signal_levels)))
    return {
        "signal": ("signal_levels", signal),
        "pump": ("pump_levels", max(_enough(pump), battery.pump_levels + (2 if displaced else 4))),
    }


def _enough(photons: float) -> int:
    return int(np.ceil(photons + 10 * np.sqrt(photons)))


def _unpumped(battery):
    s, p, d = battery.signal_decay, battery.pump_decay, battery.detuning
    re = (p * s / 4 - 2 * d**2) / battery.coupling
    im = (p / 2 + s) * d / battery.coupling
    return re, im
