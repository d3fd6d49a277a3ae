r"""A qubit charged by another qubit that was prepared on its Bloch sphere.

The cell b and the charger a have one frequency and exchange excitations; the charger alone
may lose them, ħ = 1:

$$\dot\rho = -i[H, \rho] + \gamma\left(\sigma_a\rho\sigma_a^\dagger
  - \tfrac12\sigma_a^\dagger\sigma_a\rho - \tfrac12\rho\sigma_a^\dagger\sigma_a\right),$$
$$H = \omega_b(\sigma_a^\dagger\sigma_a + \sigma_b^\dagger\sigma_b)
  + J(\sigma_a^\dagger\sigma_b + \sigma_b^\dagger\sigma_a).$$

(The paper prints $\sigma_a^\dagger\sigma_a\rho$ for the last term of Eq. 60.) With
$c = \langle\sigma_b\rangle$ and $p = \langle\sigma_b^\dagger\sigma_b\rangle$ the merits follow
from $\mathcal I = p - \tfrac12$ and $\mathcal C = |c|$, Eqs. (46)–(52).

| symbol | argument | good value |
|---|---|---|
| J | `coupling` | 1; fixes the unit of time |
| γ | `decay` | 0; critical damping at 4J |
| ω_b | `frequency` | 1; fixes the unit of energy |
| θ, φ | the protocol's, `qb.protocols.BlochPreparation` | θ = π/2: best power at Jt = 1.32 |

`batteries.bloch.exact` has the closed forms of everything below.

References: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026).
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.algebra.operators import destroy
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.bloch import _motion as motions
from qbjax.dynamics.motion import Flow
from qbjax.interface import Battery, Cell, Origin, State, as_density_matrix, check_origin, or_ground
from qbjax.protocols import BlochPreparation

Number = Float[Array, ""] | float | int


class Decoupled(eqx.Module):
    """The protocol without exchange: the charger loses, the cell waits."""


class BlochCharger(Battery):
    r"""A cell qubit and its charger qubit; see the module's docstring.

    The protocol prepares the charger and leaves the cell as it is: whatever charger there was,
    with its correlations, is replaced by a fresh one. With None for the protocol nothing is
    prepared, and a coupled run goes on. Both qubits start in their ground states.

    A run is exact (`qb.dynamics.Exponential`) unless it is given a solver. A decay left out, or
    given as the plain number 0, drops its term; pass `jnp.asarray(0.)` to keep it and
    differentiate at zero.

    Args:
        coupling: J > 0.
        decay: γ ≥ 0 of the charger.
        frequency: ω_b > 0 of both.

    Raises:
        ValueError: for a number out of range. TypeError: for what is no real number.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.BlochCharger()
        >>> times = jnp.array([0.0, jnp.pi / 2])
        >>> run = qb.charge(battery, qb.protocols.BlochPreparation(jnp.pi / 2), times)
        >>> run.energy.round(6).tolist(), run.ergotropy.round(6).tolist()
        ([0.0, 0.5], [0.0, 0.5])
    """

    coupling: Number
    decay: Number
    frequency: Number

    def __init__(self, coupling=1.0, decay=0, frequency=1.0):
        self.coupling = _checks.scalar("coupling", coupling, low=0, open_low=True)
        self.decay = _checks.optional_scalar("decay", decay, low=0)
        self.frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        if not (protocol is None or isinstance(protocol, BlochPreparation | Decoupled)):
            raise TypeError(
                "Argument `protocol` must be qb.protocols.BlochPreparation(theta, phi), or None to "
                f"leave the charger as it is, but is {_checks.show(protocol)}."
            )
        if times is None:
            raise ValueError("Argument `times` must be given for a BlochCharger, but is None.")
        return _checks.times("times", times)

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        rho = as_density_matrix(or_ground(initial, 2), 2)
        return State(_checks.array_module(rho).kron(pack(rho), motions.GROUND), self._origin)

    def motion(self, protocol, state, times) -> Flow:
        if isinstance(protocol, BlochPreparation):
            state = motions.prepared(protocol, state)
        return motions.motion(self, state, times, coupled=not isinstance(protocol, Decoupled))

    def idle(self) -> Decoupled:
        return Decoupled()

    def cell(self, state: State | Any) -> Complex[Array, "2 2"]:
        """Density matrix of the cell, ground state first; not in the rotating frame."""
        packed = check_origin(state, self._origin).content
        return unpack(motions.cell(packed), real=False)

    @property
    def cell_hamiltonian(self):
        """Levels 0 and ω_b."""
        return jnp.arange(2.0) * self.frequency

    def open_cell(self) -> Cell:
        """The cell alone, which loses nothing."""
        units = {"time": "1/J", "energy": "omega_b", "power": "omega_b J"}
        return Cell(
            destroy(2), (), (), self.frequency, None, units, self._origin, parted=lambda _: False
        )

    def facts(self, initial):
        return {"moves": "a density matrix", "real numbers": 16, "method": "Exponential"}

    def factors(self):
        return {"cell": (2,), "all": (2, 2)}

    # --- what it has besides

    def density_matrix(self, state: State | Any) -> Complex[Array, "4 4"]:
        """The whole density matrix, cell ⊗ charger; not in the rotating frame."""
        return unpack(check_origin(state, self._origin).content, real=False)

    @property
    def _origin(self) -> Origin:
        numbers: Any = (self.coupling, self.decay, self.frequency)
        return Origin(("BlochCharger",), tuple(x for x in numbers if not _checks.is_plain_zero(x)))
