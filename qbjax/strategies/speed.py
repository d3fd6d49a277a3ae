r"""Power along a charge, beside the most that its state allows: how fast is it, for what it is?

$$|\dot E| \le \sqrt{\mathrm{Var}\,H_B\,I}, \qquad |\dot E| \le 2\,\Delta H_B\,\Delta H_C$$

with the exact derivative of the cell's state along the motion (`merit.bounds.rates` has the proofs
and sources). A charge that stays below its own bounds turns what its bounds do not see: it is the
protocol, or the route through state space, that is slow.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax import _checks, merit
from qbjax.cycle import charge
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.solve.solver import Solver
from qbjax.interface.battery import Battery, Charging
from qbjax.interface.states import State
from qbjax.merit import bounds
from qbjax.protocols import resolve


class PowerLimits(NamedTuple):
    """The power of a charge at every time, and what bounds it there.

    Attributes:
        run: the charge.
        power: dE/dt of the cell, of either sign.
        by_information: bound on its size, √(Var H_B · I).
        by_uncertainty: bound on its size, 2ΔH_BΔH_C; None for an open battery, and for one that
            does not tell its Hamiltonian.
    """

    run: Trajectory
    power: Float[Array, " T"]
    by_information: Float[Array, " T"]
    by_uncertainty: Float[Array, " T"] | None


def power_limits(
    battery: Battery | Any,
    protocol: Any,
    times: Any,
    *,
    initial: Any = None,
    solver: Solver | Any = None,
) -> PowerLimits:
    """Charges a battery, and reads its power and the bounds on it at every time.

    At an edge of the protocol they are those of the signal that ends there.

    Args:
        battery, protocol, times, initial, solver: as in `qb.charge`; of a battery that moves by a
            differential equation.

    Raises:
        TypeError: if the battery moves by collisions, or along a path that is known at once.
            ValueError, TypeError: as `qb.charge`.

    Example:
        A spin and a photon turn as fast as they may:

        >>> import numpy as np, qbjax as qb
        >>> pair = qb.batteries.TavisCummings(spins=1, photons=1)
        >>> found = power_limits(pair, qb.protocols.Constant(0.5), [0.0, 1.0])
        >>> bool(abs(found.by_information[-1] - found.power[-1]) < 1e-6)
        True
    """
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    plan = resolve(protocol)
    checked = battery.check(plan, times)
    if not isinstance(battery.motion(plan, battery.start(initial), checked), Flow):
        raise TypeError(
            "Argument `battery` must move by a differential equation, but a "
            f"{type(battery).__name__} does not."
        )
    look = _Look(battery, plan)
    run = charge(battery, protocol, times, initial=initial, save=look, solver=solver)
    seen: Any = run.saved
    return PowerLimits(run, seen["power"], seen["by_information"], seen.get("by_uncertainty"))


class _Look(eqx.Module):
    """A look at a charge: its power and the bounds on it.

    A module, for a second charge compiles nothing.
    """

    battery: Battery
    protocol: Any

    def __call__(self, time, state: State) -> dict[str, Array]:
        # As a motion of its own, which begins here: what a battery moves need not be its state.
        flow: Any = self.battery.motion(self.protocol, state, jnp.stack([time, time + 1.0]))
        y = flow.initial
        along = jnp.ones_like(time), flow.field(time, y)

        def cell(t, y):
            return self.battery.cell(flow.state(t, y))

        rho, drho = (_hermitian(x) for x in jax.jvp(cell, (time, y), along))
        H = self.battery.cell_hamiltonian
        found = {
            "power": merit.instantaneous_power(drho, H),
            "by_information": bounds.information_power(rho, drho, H),
        }
        if isinstance(self.battery, Charging):
            both = self.battery.charging(self.protocol, time)
            if both is not None:
                whole = _hermitian(self.battery.density_matrix(state))
                found["by_uncertainty"] = bounds.uncertainty_power(whole, *both)
        return found


def _hermitian(rho):
    return (rho + rho.conj().T) / 2
