r"""The time to switch the pump off: four aims, one number to choose.

The pump has constant amplitude F until $t_{off}$. What to maximise:

* `"power"`: $W(t_{off})/t_{off}$, the paper's average charging power (Fig. 6);
* `"coherent"`: $W^c(t_{off})$, the part that loss attacks least (Figs. 3, 7);
* `"stored"`: $W(t_{off} + T_s)/(t_{off} + T_s)$, the ergotropy left after storing for
  $T_s$, per cycle time;
* `"delivered"`: $W_a(t_d)/(t_{off} + t_d)$, what a load has taken at the first maximum of its
  ergotropy, time $t_d$ after the switch-off, per cycle time (Figs. 8, 9).

One number is free, so the gradient goes forward through the run; and only the run's end
moves with it, so that it costs hardly more than the run (see `dynamics.solve.integrate`).

Reference: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026),
Sec. III. The paper reads one time, $\gamma_s t \approx 10$, off Figs. 3 and 6 (it says 4 and 6)
for all aims; the optima differ, and the third depends on the storage time.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax.cycle import charge, store
from qbjax.interface.battery import Battery
from qbjax.loads import TwoLevel
from qbjax.protocols import Constant, SwitchOff, free, resolve
from qbjax.strategies.discharge import first_maximum
from qbjax.strategies.gradient import Best, Progress, maximize
from qbjax.strategies.trials import NotFinite

AIMS = ("power", "coherent", "stored", "delivered")
Aim = Literal["power", "coherent", "stored", "delivered"]


class Plan(NamedTuple):
    """A pump, a time to wait once it is off, and the index of one of the first three `AIMS`."""

    pump: SwitchOff
    wait: Float[Array, ""]
    aim: Int[Array, ""]


class Delivery(NamedTuple):
    """A pump, and the load that takes over when it is off."""

    pump: SwitchOff
    load: TwoLevel


def delivered(plan: Delivery, battery: Battery) -> Float[Array, ""]:
    r"""Ergotropy of the load at its first maximum, per cycle time.

    NaN if there is none before a single photon would have been swapped back, at $\pi/g$.
    """
    off, load = plan.pump.time, plan.load
    run = charge(battery, Constant(plan.pump.amplitude), [0.0, off], adjoint="forward")
    swapped = lax.stop_gradient(jnp.pi / load.coupling.peak)
    best = first_maximum(battery, run.final_state, load, until=swapped)
    return best.load_ergotropy / (off + best.time)


def figure_of_merit(plan: Plan, battery: Battery) -> Float[Array, ""]:
    """Value of the plan's aim: power, coherent ergotropy, or stored ergotropy per cycle time.

    The aim is data, not code, so that one compilation serves all three.
    """
    off = plan.pump.time
    run = charge(battery, Constant(plan.pump.amplitude), [0.0, off], adjoint="forward")

    def stored():
        end = off + plan.wait
        kept = store(battery, run.final_state, jnp.stack([off, end]), adjoint="forward")
        return kept.ergotropy[-1] / end

    ends = run.ergotropic_power[-1], run.coherent_ergotropy[-1]
    return lax.switch(plan.aim, [lambda: ends[0], lambda: ends[1], stored])


def best_switch_off(
    aim: Aim | str | Any,
    battery: Battery | Any,
    amplitude: Any,
    *,
    wait: Any = 1.0,
    load: TwoLevel | Any | None = None,
    start: Any = 11.0,
    low: float | Any = 5.0,
    high: float | Any = 20.0,
    progress: Callable[[Progress], None] | Any | None = None,
) -> Best:
    """Finds the switch-off time for one aim, by gradient.

    Args:
        aim: "power", "coherent", "stored" or "delivered".
        battery: a battery charged by a pump.
        amplitude: F while the pump is on.
        wait: storage time T_s after the switch-off; counts for "stored" only.
        load: what takes over after the switch-off; for "delivered" only.
        start, low, high: first guess and bounds of the switch-off time.
        progress: see `maximize`.

    Returns:
        A `Best`; `best.protocol.pump.time` is the switch-off time.

    Raises:
        ValueError: for an unknown aim, a wait that is not positive, bounds in disorder, a load
            missing or without use, or none that it delivers at the start.
    """
    index = AIMS.index(_checks.choice("aim", aim, AIMS))
    waited = _checks.scalar("wait", wait, low=0, open_low=True)
    if (load is None) == (aim == "delivered"):
        raise ValueError(
            'Argument `load` must be given for the aim "delivered", and for no other, but is '
            f"{_checks.show(load)} for {aim!r}."
        )
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    low = _checks.plain("low", low, low=0)
    high = _checks.plain("high", high, low=low, open_low=True)
    start = _checks.scalar("start", start, low=low, high=high)
    pump = SwitchOff(amplitude, free(start, low, high))
    if load is not None:  # a function of its own: its search for t_d takes long to compile
        delivery = Delivery(pump, resolve(load))
        try:
            return maximize(delivered, delivery, battery=battery, mode="forward", progress=progress)
        except NotFinite as error:
            raise ValueError(
                "Argument `load` must have a maximum of its ergotropy before one photon would be "
                f"swapped back, but has none after charging to t = {float(start):g}: charge more, "
                "or couple it better."
            ) from error
    plan = Plan(pump, waited, jnp.array(index))
    return maximize(figure_of_merit, plan, battery=battery, mode="forward", progress=progress)
