r"""Detectors of currents: which quadrature of what every jump emits, and how much of it.

A local oscillator of phase φ beside channel L shows $\langle e^{-i\varphi}L + \text{h.c.}\rangle$:
φ = 0 shows $\langle x\rangle$ of L = a, φ = π/2 shows $\langle p\rangle$, x = a + a†.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax import _checks


class Homodyne(eqx.Module):
    r"""Homodyne detection: one current per jump, of a quadrature.

    $$I = \sqrt\eta\,\langle e^{-i\varphi}L + e^{i\varphi}L^\dagger\rangle + \xi, \qquad
      \overline{\xi(t)\xi(s)} = \delta(t - s).$$

    Args:
        phase: φ, of all jumps or of each, shape (J,).

    Raises:
        ValueError, TypeError: if it is not finite, or has another shape.

    Example:
        >>> float(Homodyne(jnp.pi / 2).phase)
        1.5707963267948966
    """

    phase: Any

    def __init__(self, phase: Any = 0.0):
        self.phase = _phase(phase)

    def channels(self, jumps: int) -> "Channels":
        """The currents of a number of jumps."""
        return Channels(jnp.broadcast_to(self.phase, (jumps,))[None], 1)


class Heterodyne(eqx.Module):
    r"""Heterodyne detection: two currents per jump, at φ and at φ + π/2.

    Each is as a homodyne one of half of what the jump emits: η/2 for η.

    The first J currents are at φ, then J at φ + π/2.

    Args:
        phase: φ, of all jumps or of each, shape (J,): it turns the two currents into each other.

    Raises:
        ValueError, TypeError: if it is not finite, or has another shape.
    """

    phase: Any

    def __init__(self, phase: Any = 0.0):
        self.phase = _phase(phase)

    def channels(self, jumps: int) -> "Channels":
        """The currents of a number of jumps."""
        phase = jnp.broadcast_to(self.phase, (jumps,))
        return Channels(jnp.stack([phase, phase + jnp.pi / 2]), 2)


class Channels(NamedTuple):
    """The currents that show R quadratures of each of J jumps.

    Attributes:
        phases: shape (R, J).
        quadratures: R; each receives a share 1/R.
    """

    phases: Float[Array, "R J"]
    quadratures: int

    def watched(self, each: Callable, efficiency: Any) -> Callable:
        r"""The operators $\sqrt{\eta_j/R}\,e^{-i\varphi}L_j$, each on a ket of its own.

        Args:
            each: the jumps (J, 2, d) to (J, 2, d), each applied to its own ket.
            efficiency: η, of all jumps or of each.
        """
        count, jumps = self.phases.shape
        size = jnp.sqrt(jnp.broadcast_to(efficiency, (jumps,)) / count)
        cosine, sine = (size[None] * f(self.phases) for f in (jnp.cos, jnp.sin))

        def applied(many):
            parted = many.reshape(count, jumps, *many.shape[1:])
            found = jnp.stack([each(part) for part in parted])
            real, imaginary = found[:, :, 0], found[:, :, 1]
            c, s = cosine[..., None], sine[..., None]
            turned = jnp.stack([c * real + s * imaginary, c * imaginary - s * real], axis=2)
            return turned.reshape(many.shape)

        return applied


def _phase(phase: Any) -> Float[Any, "..."]:
    """A checked phase: a number, or a row of one per jump."""
    found = _checks.array("phase", phase)
    if found.ndim > 1 or found.size == 0:
        raise ValueError(
            "Argument `phase` must be a number or a row of one per jump, but has shape "
            f"{found.shape}."
        )
    return found
