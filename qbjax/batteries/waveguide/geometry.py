r"""A rectangular hollow waveguide in metres, from which the numbers of a battery follow.

Between perfect walls at 0 and a, 0 and b, two emitters sit at one transverse place (x, y), their
dipoles d along the guide. TE modes, the lowest ones, have no field in that direction: the emitters
see TM modes alone, m, n ≥ 1, each a band of its own,

$$\omega_{mn} = \pi c\sqrt{(m/a)^2 + (n/b)^2}, \qquad
  J_{mn} = \frac{\Gamma_{mn}}{2\pi}\frac{\cos(k\Delta_z)}{\sqrt{(\omega/\omega_{mn})^2 - 1}}, \qquad
  \Gamma_{mn} = \frac{4\omega_{mn}d^2}{\hbar\epsilon_0abc}
  \sin^2\frac{m\pi x}a\sin^2\frac{n\pi y}b .$$

(For a field $E_z \propto \sin\sin e^{ikz}$ holds $\int|u|^2 = 1$ with
$|u_z|^2 = 4\omega_{mn}^2/\omega_k^2abL$ at its largest.) A battery has the lowest, TM₁₁, alone. The
others exchange excitations, too, below their cutoffs by the near field,

$$X_{mn}(E) = \frac{\Gamma_{mn}\omega_{mn}}{2\kappa}e^{-\kappa\Delta_z/c}, \qquad
  \kappa = \sqrt{\omega_{mn}^2 - E^2},$$

counter-rotating terms included, so that all modes together are the dipoles' own
$d^2/2\pi\epsilon_0\hbar\Delta_z^3$ where they are near each other. And they shift each emitter
alone, which belongs to ω₀.

| symbol | argument | unit | good value |
|---|---|---|---|
| a, b | `width`, `height` | m | 0.45e-6 for 637 nm |
| ω₀ | `frequency` | rad/s | 0.95 ω₁₁ |
| d | `dipole` | C m | `free_dipole(1 / lifetime, frequency)` |
| Δ_z | `separation` | m | from 0.7 λ₁₁ on TM₁₁ is alone to 1 % |
| x, y | `x`, `y` | m | the middle |

Reference: W.-L. Song et al., "Remote charging and degradation suppression for the quantum battery",
Phys. Rev. Lett. 132, 090401 (2024), Eq. (2) and below it, who leave ħ out and have no other mode.
"""

import warnings
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy import constants

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.waveguide._self_energy import STRONGEST_DECAY
from qbjax.batteries.waveguide.battery import FREQUENCY, Waveguide
from qbjax.batteries.waveguide.spectrum import bound_states
from qbjax.interface.info import Info, number

MOST = 30
"""Largest m and n of the modes that are counted."""

LIMIT = 0.01
"""Share of TM₁₁'s exchange that the other modes may have before a battery warns of them."""

COUPLED = 1e-9
"""Coupling, relative to that of TM₁₁, from which a mode is felt."""

_AWAY = 1e6
"""Cutoff in units of the frequency that stands for that of a mode which is not felt."""

_M, _N = (1.0 + i.ravel()[1:] for i in np.mgrid[:MOST, :MOST])


class ModeWarning(UserWarning):
    """Warns that a battery with one mode stands for emitters that feel several."""


class HigherModes(NamedTuple):
    """The modes that a battery leaves out.

    Attributes:
        m, n: the next mode that the emitters feel.
        cutoff: its $\\omega_{mn}$ in units of $\\omega_{11}$, to be compared with the frequency.
        decay: its $\\Gamma_{mn}$ in units of $\\omega_{11}$.
        exchange: the sum of all their $|X_{mn}|$ over that of TM₁₁, the larger of two: at ω₀, and
            at the energy of the lower bound state.
    """

    m: Int[Array, ""]
    n: Int[Array, ""]
    cutoff: Float[Array, ""]
    decay: Float[Array, ""]
    exchange: Float[Array, ""]


class RectangularGuide(eqx.Module):
    r"""Two emitters in a rectangular hollow waveguide, in SI units; see the module's docstring.

    Everything is differentiable in all numbers, which may be traced.

    Args:
        width, height: a, b > 0 between the walls, in m.
        frequency: ω₀ > 0 of both emitters, in rad/s.
        dipole: $|d_z| > 0$ of their transition, in C m.
        separation: Δ_z > 0 along the guide, in m.
        x, y: their transverse place, in m from a corner; by default the middle.

    Raises:
        ValueError: for a number out of range, a place within a wall, a frequency or dipole beyond
            what a `Waveguide` has. TypeError: for what is no real number.

    Example:
        >>> import numpy as np
        >>> omega = 2 * np.pi * 299792458 / 637e-9  # a colour centre, of 12 ns
        >>> dipole = free_dipole(1 / 12e-9, omega)
        >>> guide = RectangularGuide(0.45e-6, 0.45e-6, omega, dipole, separation=0.5e-6)
        >>> round(float(guide.wavelength) * 1e9, 1), f"{float(guide.decay / guide.cutoff):.2e}"
        (636.4, '5.39e-08')
        >>> round(float(guide.battery().distance), 4)
        0.7857
    """

    width: Scalar
    height: Scalar
    frequency: Scalar
    dipole: Scalar
    separation: Scalar
    x: Scalar
    y: Scalar

    def __init__(
        self,
        width: Any,
        height: Any,
        frequency: Any,
        dipole: Any,
        separation: Any,
        x: Any = None,
        y: Any = None,
    ):
        self.width = _checks.scalar("width", width, low=0, open_low=True)
        self.height = _checks.scalar("height", height, low=0, open_low=True)
        self.frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)
        self.dipole = _checks.scalar("dipole", dipole, low=0, open_low=True)
        self.separation = _checks.scalar("separation", separation, low=0, open_low=True)
        self.x = _between("x", x, self.width)
        self.y = _between("y", y, self.height)
        if _checks.is_concrete(self):
            self._check_reach()

    @property
    def cutoff(self) -> Scalar:
        """The cutoff ω₁₁ in rad/s; seconds times it are a battery's times."""
        return self._modes(1.0, 1.0)[0]

    @property
    def wavelength(self) -> Scalar:
        """The wavelength λ₁₁ = 2πc/ω₁₁ in m, a battery's unit of length."""
        return 2 * np.pi * constants.c / self.cutoff

    @property
    def decay(self) -> Scalar:
        """The rate Γ₁₁ in 1/s; far above the cutoff an emitter decays at Γ₁₁ω₁₁/ω₀."""
        return self._modes(1.0, 1.0)[1]

    @property
    def free_decay(self) -> Scalar:
        """The rate in 1/s at which an emitter decays in free space, outside of the guide."""
        return (self.dipole / free_dipole(1.0, self.frequency)) ** 2

    def battery(self, longest: float | Any = 1000.0, *, shielded: bool | Any = False) -> Waveguide:
        """The battery in units of ω₁₁ and λ₁₁, with TM₁₁ alone.

        It warns (`ModeWarning`) if other modes have more than 1 % of the exchange, unless the
        numbers are traced.

        Args:
            longest: as in `Waveguide`.
            shielded: whether it keeps its energy once it is withdrawn, or decays in free space.
        """
        numbers = self._numbers()
        outside = 0 if _checks.flag("shielded", shielded) else self.free_decay / self.cutoff
        made = Waveguide(*numbers, longest=longest, outside_decay=outside)
        if _checks.is_concrete(numbers):
            self._warn()
        return made

    def higher_modes(self) -> HigherModes:
        """The next mode that the emitters feel, and the share that all of them have."""
        frequency, distance, decay = self._numbers()
        cutoffs, decays = self._modes(_M, _N)
        # One that is not felt goes out of the way, or its own cutoff would be 0 times infinity.
        cutoffs = jnp.where(decays > COUPLED * self.decay, cutoffs, _AWAY * self.frequency)
        first = jnp.argmin(cutoffs)
        below = bound_states(frequency, distance, decay).energies[0] * self.cutoff
        shares = [self._share(energy, cutoffs, decays) for energy in (self.frequency, below)]
        return HigherModes(
            jnp.asarray(_M)[first].astype(int),
            jnp.asarray(_N)[first].astype(int),
            cutoffs[first] / self.cutoff,
            decays[first] / self.cutoff,
            jnp.maximum(*shares),
        )

    def info(self) -> Info:
        """Facts in SI units, a battery's numbers and units, and the modes that it leaves out."""
        frequency, distance, decay = self._numbers()
        more = self.higher_modes()
        next_ = f"TM {_index(more.m)},{_index(more.n)} from {number(more.cutoff)} omega_11"
        return Info(
            {
                "omega_11": f"{number(self.cutoff)} rad/s",
                "lambda_11": f"{number(self.wavelength)} m",
                "gamma_11": f"{number(self.decay)} 1/s",
                "free decay": f"{number(self.free_decay)} 1/s",
                "frequency": f"{number(frequency)} omega_11",
                "distance": f"{number(distance)} lambda_11",
                "decay": f"{number(decay)} omega_11",
                "unit of time": f"{number(1 / self.cutoff)} s",
                "unit of energy": f"{number(constants.hbar * self.cutoff)} J",
                "unit of power": f"{number(constants.hbar * self.cutoff**2)} W",
                "next mode": next_,
                "higher modes": f"{number(more.exchange)} times the exchange of TM 1,1",
            }
        )

    def _numbers(self) -> tuple[Scalar, Scalar, Scalar]:
        """The frequency, distance and decay of the battery."""
        cutoff, decay = self._modes(1.0, 1.0)
        return self.frequency / cutoff, self.separation / self.wavelength, decay / cutoff

    def _modes(self, m, n):
        """Cutoffs and rates of some modes, in rad/s."""
        cutoffs = np.pi * constants.c * jnp.hypot(m / self.width, n / self.height)
        field = jnp.sin(np.pi * m * self.x / self.width) * jnp.sin(np.pi * n * self.y / self.height)
        volume = constants.hbar * constants.epsilon_0 * constants.c * self.width * self.height
        return cutoffs, 4 * cutoffs * self.dipole**2 / volume * field**2

    def _share(self, energy, cutoffs, decays) -> Scalar:
        """The exchange of some modes over that of TM₁₁, at an energy."""
        lowest = self._exchange(energy, *self._modes(1.0, 1.0))
        return jnp.sum(self._exchange(energy, cutoffs, decays)) / lowest

    def _exchange(self, energy, cutoffs, decays):
        squared = (cutoffs - energy) * (cutoffs + energy)
        wave = jnp.sqrt(jnp.abs(squared))
        damped = jnp.where(squared > 0, wave, 0.0)
        return decays * cutoffs / (2 * wave) * jnp.exp(-damped * self.separation / constants.c)

    def _check_reach(self) -> None:
        frequency, _, decay = (float(x) for x in self._numbers())
        if frequency > FREQUENCY:
            raise ValueError(
                f"Argument `frequency` must be at most {FREQUENCY:g} times the cutoff "
                f"{float(self.cutoff):.4g} rad/s of TM 1,1, but is {frequency:.4g} times that."
            )
        if not 0 < decay <= STRONGEST_DECAY:
            raise ValueError(
                "Argument `dipole` must make a rate above 0 and at most "
                f"{STRONGEST_DECAY:g} of the cutoff, but makes one of {decay:.4g}."
            )

    def _warn(self) -> None:
        more = self.higher_modes()
        if not float(more.exchange) <= LIMIT:
            warnings.warn(
                f"Modes above TM 1,1 have {float(more.exchange):.2g} times its exchange at Δ_z = "
                f"{float(self.separation / self.wavelength):.3g} λ₁₁, TM {int(more.m)},"
                f"{int(more.n)} the next of them from {float(more.cutoff):.4g} ω₁₁ on, but the "
                "battery has TM 1,1 alone: move the emitters apart, or lower their frequency.",
                ModeWarning,
                stacklevel=3,
            )


def free_dipole(rate: Any, frequency: Any) -> Scalar:
    r"""The dipole moment of an emitter that decays at a rate γ in free space.

    $$d = \sqrt{3\pi\epsilon_0\hbar c^3\gamma/\omega_0^3}$$

    Args:
        rate: γ ≥ 0, in 1/s.
        frequency: ω₀ > 0, in rad/s.

    Returns:
        d in C m; in a medium of index n that much less is needed as $1/\sqrt n$.

    Example:
        >>> f"{float(free_dipole(1 / 12e-9, 2.957e15)):.3g} C m"
        '2.76e-29 C m'
    """
    rate = _checks.scalar("rate", rate, low=0)
    frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)
    unit = 3 * np.pi * constants.epsilon_0 * constants.hbar * constants.c**3
    return jnp.sqrt(unit * rate / frequency**3)


def _between(name: str, place: Any, side: Scalar) -> Scalar:
    """A place between two walls, in the middle if it is left out."""
    if place is None:
        return side / 2
    high = float(side) if _checks.is_concrete(side) else None
    return _checks.scalar(name, place, low=0, high=high, open_low=True, open_high=high is not None)


def _index(value: Any) -> str:
    return str(int(value)) if _checks.is_concrete(value) else "?"
