r"""A battery charged at a distance, by an excited emitter in the same hollow waveguide.

Two emitters of frequency $\omega_0$, $\Delta_z$ apart, share the field of the lowest mode,
$\omega_k = \sqrt{1 + k^2}$, with one excitation between them all:

$$\dot c_j + i\omega_0c_j + \sum_{j'}\int_0^tf_{|j-j'|}(t-\tau)c_{j'}(\tau)\,d\tau = 0, \quad
  f_j = \int_1^\infty J_je^{-i\omega t}d\omega, \quad
  J_j(\omega) = \frac{\Gamma_{11}}{2\pi}\frac{\cos(j\Delta_z\sqrt{\omega^2-1})}{\sqrt{\omega^2-1}}$$

from $c_1(0) = 1$ (the charger), $c_2(0) = 0$ (the battery). Nothing is Markovian: the band edge
keeps part of the excitation for ever in bound states (`spectrum`), and the field
remembers, so that a run cannot be cut and continued; but the battery may be withdrawn, to wait
outside or to meet a load (`_outside`).

| symbol | argument | good value |
|---|---|---|
| $\omega_0/\omega_{11}$ | `frequency` | 0.66 for the most ergotropy; 1.4 for a fast first charge |
| $\Delta_z/\lambda_{11}$ | `distance` | 0.1 |
| $\Gamma_{11}/\omega_{11}$ | `decay` | 0.5 |
| $\gamma/\omega_{11}$ | `outside_decay` | 0; in free space $\Gamma_{11}\omega_0^3\pi/6$ |

Units: $\omega_{11} = c = 1$, so $\lambda_{11} = 2\pi$ and the stored energy is
$\omega_0|c_2|^2$. The battery's reduced state has no coherence: its ergotropy is
$\omega_0\max(0, 2|c_2|^2-1)$.

Reference: W.-L. Song, H.-B. Liu, B. Zhou, W.-L. Yang and J.-H. An, "Remote charging and degradation
suppression for the quantum battery", Phys. Rev. Lett. 132, 090401 (2024).
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _checks
from qbjax._types import Number, Scalar
from qbjax.batteries.waveguide import _ageing as ageing
from qbjax.batteries.waveguide import _markov as markov
from qbjax.batteries.waveguide import _outside as outside
from qbjax.batteries.waveguide import _resolvent as resolvent
from qbjax.batteries.waveguide import _span as spans
from qbjax.batteries.waveguide import continuum, peak, spectrum
from qbjax.batteries.waveguide._self_energy import STRONGEST_DECAY
from qbjax.batteries.waveguide.continuum import ContinuumStates
from qbjax.batteries.waveguide.peak import Peak
from qbjax.batteries.waveguide.spectrum import BoundStates
from qbjax.dynamics.motion import Path
from qbjax.dynamics.record.observed import POWERS
from qbjax.interface import Battery, Cell, Origin, State, check_origin, single_excitation

FREQUENCY = 40.0
"""Largest ω₀ that the quadrature reaches; its last corner is at 100."""


class Waveguide(Battery):
    r"""Two emitters in a waveguide; see the module's docstring.

    Args:
        frequency: $\omega_0$, in (0, 40].
        distance: $\Delta_z > 0$ in units of $\lambda_{11}$.
        decay: $\Gamma_{11}$ in [0, 3].
        longest: the longest span of times, in units of $1/\omega_{11}$, that is computed, up to
            1e9. The nodes of the quadrature grow with a run's span up to 1024, not with this; a
            longer run adds poles to an early horizon that the distance sets. Where the two
            disagree, as they may beyond five λ₁₁, later numbers are NaN and the status says so.
        loss: γ ≥ 0, the rate at which each emitter decays into anything but the waveguide, in
            units of $\omega_{11}$. What is lost counts to `field_population`. States that stay,
            steady ranges and Markov's rates are those without it: `noise` says how long they last,
            and has dephasing.
        outside_decay: γ ≥ 0, the rate at which the battery decays once it is withdrawn: 0 if it is
            shielded there.

    Raises:
        ValueError, TypeError: for numbers out of these ranges.

    Example:
        >>> import qbjax as qb
        >>> guide = qb.batteries.Waveguide(frequency=1.4, distance=0.1)
        >>> run = qb.charge(guide, None, jnp.array([0.0, 5.0, 10.0]))
        >>> [round(float(p), 8) for p in run.energy / 1.4]
        [0.0, 0.31201629, 0.12592683]
    """

    frequency: Float[Array, ""]
    distance: Float[Array, ""]
    decay: Float[Array, ""]
    longest: float = eqx.field(static=True)
    loss: Number | float | int
    outside_decay: Number | float | int
    nodes: Any

    def __init__(
        self,
        frequency: Any = 1.0,
        distance: Any = 0.1,
        decay: Any = 0.5,
        longest: Any = 1000.0,
        *,
        loss: Any = 0,
        outside_decay: Any = 0,
    ):
        self.frequency = _checks.scalar(
            "frequency", frequency, low=0, high=FREQUENCY, open_low=True
        )
        self.distance = _checks.scalar("distance", distance, low=0, open_low=True)
        self.decay = _checks.scalar("decay", decay, low=0, high=STRONGEST_DECAY)
        self.longest = spans.check_longest(longest)
        self.loss = _checks.optional_scalar("loss", loss, low=0)
        self.outside_decay = _checks.optional_scalar("outside_decay", outside_decay, low=0)
        self.nodes = None  # Until a run's span is known: `prepared`.

    def amplitudes(self, times: Any) -> tuple[Complex[Array, " T"], Complex[Array, " T"]]:
        """Amplitudes of charger and battery, from the moment the charger is excited.

        Args:
            times: times since then ≥ 0, strictly increasing, concrete.

        Returns:
            $c_1$ and $c_2$, complex, in the frame at rest.

        Raises:
            ValueError, TypeError: for times out of order, negative, traced, or beyond `longest`.
        """
        checked = _checks.times("times", times)
        first, last = spans.ends(times)
        if first < 0:
            raise ValueError(f"Argument `times` must be ≥ 0, but starts at {first:g}.")
        spans.check(last, self.longest)
        return _amplitudes(self._reaching(last), checked)

    def bound_states(self) -> BoundStates:
        """Energies and residues of the states below the band (`spectrum`)."""
        return spectrum.bound_states(*self._numbers)

    def continuum_states(self, tolerance: Any = continuum.TOLERANCE) -> ContinuumStates:
        """Bound states in the continuum, and how long the nearest live (`continuum`)."""
        return continuum.continuum_states(*self._numbers, tolerance)

    def steady_energy_range(self, tolerance: Any = continuum.TOLERANCE) -> tuple[Scalar, Scalar]:
        """The least and the most energy that the battery has again and again, for ever."""
        return spectrum.steady_energy_range(*self._numbers, tolerance)

    def steady_ergotropy_range(self, tolerance: Any = continuum.TOLERANCE) -> tuple[Scalar, Scalar]:
        """The least and the most work that can be drawn again and again, for ever."""
        return spectrum.steady_ergotropy_range(*self._numbers, tolerance)

    def ageing_free_time(self, fraction: Any = 0.9) -> Scalar:
        """The time for which the largest energy stays above a fraction (`_ageing`)."""
        return ageing.ageing_free_time(*self._numbers, fraction)

    def first_peak(self, until: float | Any | None = None) -> Peak:
        """The time of the first charge, how full the battery is then, and its power (`peak`)."""
        return peak.first_peak(*self._numbers, until, loss=self.loss)

    def markov_amplitudes(self, times: Any) -> tuple[Complex[Array, " T"], Complex[Array, " T"]]:
        """The amplitudes of charger and battery without memory, the paper's Eq. (6)."""
        return markov.markov_amplitudes(*self._numbers, times)

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        if isinstance(protocol, outside.Withdrawn):
            return _checks.times("times", times)
        single_excitation.check_undriven(protocol, "waveguide")
        checked = _checks.times("times", times)
        first, last = spans.ends(times)
        spans.check(last - first, self.longest)
        return checked

    def prepared(self, times) -> "Waveguide":
        if not _checks.is_concrete(times):  # outside, where no field needs nodes
            return self
        first, last = spans.ends(times)
        return self._reaching(min(last - first, self.longest))

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        if initial is not None:
            raise _remembered(initial)
        return State(np.diag([1.0, 0.0]), self._origin)

    def motion(self, protocol, state, times) -> Path:
        if isinstance(protocol, outside.Withdrawn):
            return outside.motion(self, state, times, UNITS)
        if state.layout == "moved":
            raise _remembered(state)
        elapsed = times - times[0]
        return Path(
            # Apart: a gradient of what one of them says need not compute the other.
            points=resolvent.amplitudes_along(self.nodes, *self._damped, elapsed),
            state=self._state,
            observe=self._observed,
            steps=jnp.array(self.nodes.energies.size),
            units=UNITS,
            picture=PICTURE,
        )

    def idle(self) -> outside.Withdrawn:
        """The battery withdrawn; who wants it to stay in the guide charges it for longer."""
        return outside.Withdrawn()

    def open_cell(self) -> Cell:
        """The battery alone, withdrawn from the guide."""
        return outside.cell(self)

    def cell(self, state: State | Any) -> Inexact[Array, "d d"]:
        """Density matrix of the battery, ground state first."""
        return single_excitation.cell(check_origin(state, self._origin).content[1])

    @property
    def cell_hamiltonian(self):
        return self.frequency * np.arange(2.0)

    def facts(self, initial):
        return {"moves": "two amplitudes", "method": "integral of the resolvent"}

    # --- how it is done

    @property
    def _numbers(self) -> tuple[Any, Any, Any]:
        return self.frequency, self.distance, self.decay

    @property
    def _damped(self) -> tuple[Any, Any, Any]:
        return resolvent.damped(self.frequency, self.loss), self.distance, self.decay

    @property
    def _origin(self) -> Origin:
        return Origin(("Waveguide",), (*self._numbers, jnp.asarray(self.loss, float)))

    def _state(self, time, both) -> State:
        return State(single_excitation.pack(jnp.stack(both)), self._origin, "moved", made=time)

    def _observed(self, time, both) -> dict[str, Array]:
        p1, p2 = (jnp.abs(c) ** 2 for c in both)
        seen = single_excitation.observables(self.frequency, p2, 1 - p1 - p2)
        return seen | {"charger_energy": self.frequency * p1}

    def _reaching(self, span: float) -> "Waveguide":
        nodes = resolvent.route(resolvent.horizon_of(span), self.distance)
        return eqx.tree_at(lambda g: g.nodes, self, nodes, is_leaf=lambda x: x is None)


def _remembered(initial: Any) -> ValueError:
    return ValueError(
        "Argument `initial` must be left out for a waveguide, whose field remembers what was "
        f"before, but is {type(initial).__name__}; ask for later times in one run."
    )


@eqx.filter_jit
def _amplitudes(guide: Waveguide, times):
    return resolvent.amplitudes_along(guide.nodes, *guide._damped, times)


_ENERGIES = ("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy", "charger_energy")
PICTURE = (("energy", "ergotropy", "charger_energy"), POWERS, ("field_population",))
"""Names of the observables in each panel of a run's own picture."""

UNITS = (
    ("time", "1/omega_11"),
    *((name, "omega_11") for name in _ENERGIES),
    *((name, "omega_11^2") for name in ("charging_power", "ergotropic_power")),
)
