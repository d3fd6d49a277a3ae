r"""Spins charged by the photons of one cavity: the Tavis–Cummings and the Dicke battery.

$$H = \omega\left(J_z + \tfrac N2\right) + \omega_ca^\dagger a + g(t)\begin{cases}
  J_+a + J_-a^\dagger & \text{(Tavis–Cummings)}\\ (J_+ + J_-)(a + a^\dagger) & \text{(Dicke)}
  \end{cases}$$

The N spins act as one of length N/2 and are the cell, which starts in its ground state; the cavity
is the charger, which starts with so many photons. The protocol is the coupling g(t): to store is to
switch it off.

| symbol | argument | good value |
|---|---|---|
| N | `spins` | 10 |
| ω, ω_c | `frequency`, `cavity` | 1, resonant |
| photons at the start | `photons` | N |
| κ, γ | `cavity_decay`, `spin_decay` | 0, or 0.05 |
| g | the protocol | 0.1 … 1 |

One spin and n photons are a Rabi oscillation, $E = \omega\sin^2(g\sqrt n\,t)$. Tavis–Cummings
conserves $n_\text{spin} + a^\dagger a$ and Dicke its parity: a mixed state is kept in their
sectors. Without loss a ket is moved, whole.

References: D. Ferraro, M. Campisi, G. M. Andolina, V. Pellegrini and M. Polini, Phys. Rev. Lett.
120, 117702 (2018); G. M. Andolina et al., Phys. Rev. B 99, 205437 (2019).
"""

from typing import Any

import equinox as eqx
import numpy as np

from qbjax import _checks
from qbjax.algebra import operators
from qbjax.batteries.lindblad._composed import Composed
from qbjax.batteries.lindblad.battery import Lindblad
from qbjax.interface.cavities import USUAL, enough_levels
from qbjax.interface.pumps import pumps_of
from qbjax.protocols import resolve


class TavisCummings(Composed):
    r"""N spins in a cavity; see the module's docstring.

    Its numbers go into the master equation when it is built: to change one, or to differentiate by
    it, build another, inside the function that is differentiated.

    Args:
        spins: N.
        photons: of the cavity at the start.
        frequency: ω of a spin.
        cavity: ω_c; None for resonance. In Tavis–Cummings only the difference matters to the spins.
        cavity_decay: κ, jump $a$.
        spin_decay: γ, jump $J_-$.
        counter_rotating: whether to keep the terms that make it Dicke's.
        levels: of the cavity. Tavis–Cummings is exact with `photons` + `spins` + 1, the least and
            the default. Dicke's needs more the larger g is: by default what g = ω_c/2 takes, from
            the ground state (`enough_levels`), some 200 for ten spins; beyond, runs warn and have
            status 4, and so they have if there is heat or the spins were flipped before.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> battery = qb.batteries.TavisCummings(spins=1, photons=4)
        >>> run = qb.charge(battery, qb.protocols.Constant(0.5), [0.0, np.pi / 2])
        >>> round(float(run.energy[-1]), 7)
        1.0
    """

    lindblad: Lindblad
    frequency: Any
    cavity: Any
    cavity_decay: Any
    spin_decay: Any
    spins: int = eqx.field(static=True)
    photons: int = eqx.field(static=True)
    levels: int = eqx.field(static=True)
    counter_rotating: bool = eqx.field(static=True)

    def __init__(
        self,
        spins: int | Any,
        photons: int | Any,
        *,
        frequency=1.0,
        cavity=None,
        cavity_decay=0,
        spin_decay=0,
        counter_rotating: bool | Any = False,
        levels: int | Any = None,
    ):
        self.spins = _checks.integer("spins", spins, low=1)
        self.photons = _checks.integer("photons", photons, low=0)
        self.frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)
        self.cavity = None if cavity is None else _checks.scalar("cavity", cavity, low=0)
        self.cavity_decay = _checks.optional_scalar("cavity_decay", cavity_decay, low=0)
        self.spin_decay = _checks.optional_scalar("spin_decay", spin_decay, low=0)
        self.counter_rotating = _checks.flag("counter_rotating", counter_rotating)
        least = self.photons + (1 if self.counter_rotating else self.spins + 1)
        dicke = enough_levels(self.spins, self.photons, USUAL)
        usual = dicke if self.counter_rotating else least
        self.levels = usual if levels is None else _checks.integer("levels", levels, low=least)
        dims = (self.spins + 1, self.levels)
        self._check_room()
        up, a = operators.spin_plus(self.spins / 2), operators.destroy(self.levels)
        exchange = np.kron(up, a) + np.kron(up.T, a.T)
        if self.counter_rotating:
            exchange = np.kron(up + up.T, a + a.T)
        photons = operators.embed(a.T @ a, dims, 1)
        excitations = np.add.outer(*(np.arange(float(n)) for n in dims)).ravel()
        self.lindblad = Lindblad(
            self._energies(dims, photons),
            [
                (self.cavity_decay, operators.embed(a, dims, 1)),
                (self.spin_decay, operators.embed(up.T, dims, 0)),
            ],
            dims=dims,
            cell=0,
            cell_hamiltonian=_checks.on_host(self.frequency) * np.arange(float(dims[0])),
            controls=[exchange],
            initial=np.eye(1, dims[0] * dims[1], self.photons)[0],
            conserved=excitations % 2 if self.counter_rotating else excitations,
            truncated=(1,) if self.counter_rotating else (),
            observables={"photons": photons},
            lowering=operators.spin_minus(self.spins / 2),
        )

    def _check_room(self) -> None:
        sizes = {"spins": self.spins, "photons": self.photons, "levels": self.levels}
        largest = "spins" if self.spins > self.photons else "photons"
        if self.levels > 2 * self.photons + 4 * self.spins + 10:
            largest = "levels"
        levels = (self.spins + 1) * self.levels
        _checks.room(largest, sizes[largest], levels**2, "one density matrix")

    def _energies(self, dims, photons) -> list:
        """Energies of spins and cavity, in a frame that rotates at ω where that changes nothing."""
        if not self.counter_rotating:
            return [] if self.cavity is None else [(self.cavity - self.frequency, photons)]
        excited = operators.embed(operators.number(dims[0]), dims, 0)
        cavity = self.frequency if self.cavity is None else self.cavity
        return [(self.frequency, excited), (cavity, photons)]

    def recommended_levels(self, protocol):
        """Levels that the strongest coupling takes, if it is known; at least twice the present."""
        levels = 2 * self.levels
        cavity = self.frequency if self.cavity is None else self.cavity
        peaks = [pump.peak for pump in pumps_of(resolve(protocol))]
        if peaks and _checks.is_concrete((peaks, cavity)) and cavity > 0:
            strongest = float(peaks[0] / cavity)
            levels = max(levels, enough_levels(self.spins, self.photons, strongest))
        return {"factor 1": ("levels", levels)}

    def refined(self) -> "TavisCummings":
        """The battery with half more levels of the cavity, where they were cut."""
        if not self.counter_rotating:
            return self
        return TavisCummings(
            self.spins,
            self.photons,
            frequency=self.frequency,
            cavity=self.cavity,
            cavity_decay=self.cavity_decay,
            spin_decay=self.spin_decay,
            counter_rotating=True,
            levels=-(-3 * self.levels // 2),
        )
