r"""The moment to disconnect the load: the first maximum of its ergotropy.

$$\dot W_a(t_d) = 0, \qquad \ddot W_a(t_d) < 0, \qquad W_a(t_d) > 0,$$

with the exact $\dot W_a$ along the motion, so that $t_d$ is a root and no sample. One run on
a grid brackets it, bisection in short runs from the grid narrows it, Newton's step ends it.
Derivatives follow from the root's equation,
$dt_d = -\partial\dot W_a/\ddot W_a$ and $dW_a(t_d) = \partial W_a$ (∂ at fixed time), of one
run from the start to $t_d$: forward and reverse mode, of first order.

Reference: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026),
Sec. IV: "the highest energy-transfer efficiency is achieved by disconnecting the load with
the QB precisely at the first maximum".
"""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jax import lax
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.cycle import discharge
from qbjax.dynamics.motion import How, follow
from qbjax.dynamics.solve.integrate import Adjoint
from qbjax.dynamics.solve.solver import Solver, chosen
from qbjax.interface.battery import Battery
from qbjax.interface.states import State, as_density_matrix
from qbjax.loads import TwoLevel, discharging, pair
from qbjax.loads.discharging import load_observables
from qbjax.loads.two_level import field, generated
from qbjax.protocols import resolve

NOISE = 1e-9
"""Load ergotropy, in units of its frequency, below which it is the solver's error."""

HALVINGS = 14
"""Bisections of a grid interval; Newton's step then squares what is left of it."""


class Maximum(NamedTuple):
    """Time and value of the first maximum of the load's ergotropy."""

    time: Float[Array, ""]
    load_ergotropy: Float[Array, ""]


def first_maximum(
    battery: Battery | Any,
    state: Any,
    load: TwoLevel | Any,
    until: Any,
    *,
    start: Any = 0.0,
    points: int | Any = 201,
    adjoint: Adjoint | str | Any = "forward",
    solver: Solver | Any = None,
) -> Maximum:
    """Finds the time at which the load's ergotropy is largest for the first time.

    Stretches without ergotropy (a load excited by less than one half, without coherence) are
    no maxima. If a kink comes first, at an edge of the coupling, where no slope vanishes, there is
    none either.

    Args:
        battery, state, load: as in `qb.discharge`.
        until: latest time.
        start: when load and cell meet, on the clock of the coupling protocol: 0, or not
            before the state was made.
        points: how often the run looks, ends included; a rise and fall between two looks is
            missed.
        adjoint: how the result may be differentiated with respect to battery, state and load:
            "forward" (`jvp`, `jacfwd`), "reverse" (`grad`) or "direct" (both). `start` and
            `until` count as constants.
        solver: as in `qb.charge`; its tolerance is that of the time.

    Returns:
        A `Maximum`. Without a maximum both are NaN if anything is traced.

    Raises:
        ValueError: if there is no maximum and everything is concrete; and, like TypeError,
            for any bad argument.

    Example:
        One photon, nothing lost: the load is full at gt = π/2.

        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.DOPO(4, 2, signal_decay=0)
        >>> photon = qb.algebra.states.fock(4, 1)
        >>> best = first_maximum(battery, photon, qb.loads.TwoLevel(2.0), until=1.0)
        >>> round(float(best.time), 6), round(float(best.load_ergotropy), 6)
        (0.785398, 1.0)
    """
    _checks.choice("adjoint", adjoint, ("reverse", "forward", "direct"))
    points = _checks.integer("points", points, low=3)
    first, last = _checks.scalar("start", start), _checks.scalar("until", until)
    # On the host, where known numbers stay known within a trace.
    if _checks.is_concrete((first, last)) and not np.asarray(first) < np.asarray(last):
        raise ValueError(f"Argument `until` must be after the start {first:g}, but is {last:g}.")
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    _checks.instance("load", load, TwoLevel, "a load such as qb.loads.TwoLevel(1.0)")
    if not isinstance(state, State):
        as_density_matrix(state, battery.cell_hamiltonian.shape[0], "state")
    load = resolve(load)
    still, cell, box = _frozen((battery, state, load))
    times = lax.stop_gradient(first + (last - first) * np.linspace(0, 1, points))
    look = _Search(still, box, chosen(None))
    run = discharge(still, cell, box, times, save=look, adjoint="forward", solver=solver)
    search = _Search(battery, load, chosen(solver))
    found = _refined(search, pair.joined(battery, state), times, run.saved, adjoint)
    if _checks.is_concrete(found) and jnp.isnan(found.time):
        raise ValueError(
            "Argument `until` must lie beyond the first maximum of the load's ergotropy, but "
            f"there is none from {first:g} to {last:g}."
        )
    return found


@eqx.filter_jit
def _refined(search: "_Search", start: State, times, seen, adjoint) -> Maximum:
    work, slope, blocks = seen
    enough = jnp.maximum(work[1:], work[:-1]) > NOISE * lax.stop_gradient(search.load.frequency)
    peaks = (slope[:-1] > 0) & (slope[1:] <= 0) & enough
    k = jnp.argmax(peaks)
    bracket = lax.dynamic_slice(times, (k,), (2,))
    before = _holding(_frozen(start), jax.tree.map(lambda x: x[k], blocks))
    time, curvature, smooth = _frozen(search).root(bracket, before)
    work, slope = search.run(jnp.stack([times[0], time]), start, search.seen, adjoint)
    exists = jnp.any(peaks) & smooth
    return Maximum(
        jnp.where(exists, time - slope / curvature, jnp.nan), jnp.where(exists, work, jnp.nan)
    )


class _Search(eqx.Module):
    """A search along the motion of a cell and its load.

    A module, for a second search compiles nothing.
    """

    battery: Battery
    load: TwoLevel
    solver: Solver

    def __call__(self, time, state: State):
        """Ergotropy, slope and blocks, to be kept of every look."""
        return (*self.seen(time, state), state.content)

    def run(self, times, start: State, save, adjoint="forward"):
        """The answer of `save` at the second of two times."""
        mover = discharging.mover(self.battery, self.load, start)
        flow = mover.motion(self.load, start, times)
        alone = dataclasses.replace(flow, observe=_nothing, finish=lambda _, seen: seen, modes=())
        run = follow(alone, times, How(self.solver, adjoint), save)
        return jax.tree.map(lambda x: x[1], run.saved)

    def rate(self, time, state: State):
        """The time derivative of a pair's blocks."""
        generator = generated(self.battery, self.load, state.layout.sectored)
        return field(self.load, generator)(time, state.content)

    def seen(self, time, state: State):
        """The load's ergotropy and its exact derivative along the motion."""

        def ergotropy(blocks):
            return load_observables(self.load, _holding(state, blocks))["load_ergotropy"]

        return jax.jvp(ergotropy, (state.content,), (self.rate(time, state),))

    def bent(self, time, state: State):
        """The slope of the load's ergotropy, and its derivative along the motion."""
        there, along = (time, state.content), (jnp.ones_like(time), self.rate(time, state))
        return jax.jvp(lambda t, y: self.seen(t, _holding(state, y))[1], there, along)

    def root(self, bracket, before: State):
        """Finds the time where the slope changes sign.

        Returns it with the slope's derivative there, and whether it vanishes.

        Args:
            bracket: times around the change.
            before: the pair at the first of them.
        """

        def slope(time, _):
            return self.run(jnp.stack([bracket[0], time]), before, self.seen)[1]

        # Told which end is positive, it does not look, and raises nothing at run time.
        near = optx.root_find(
            slope,
            optx.Bisection(rtol=0.0, atol=0.0, flip=True),  # type: ignore[call-arg]
            jnp.mean(bracket),
            options={"lower": bracket[0], "upper": bracket[1]},
            max_steps=HALVINGS,
            throw=False,
        ).value
        value, curvature = self.run(jnp.stack([bracket[0], near]), before, self.bent)
        width = (bracket[1] - bracket[0]) / 2**HALVINGS
        # Beside an edge of the slope Newton's step leaves the interval that bisection left.
        smooth = (curvature < 0) & (jnp.abs(value) <= -4 * width * curvature)
        step = jnp.where(smooth, value / jnp.where(smooth, curvature, 1.0), 0.0)
        return near - step, jnp.where(smooth, curvature, 1.0), smooth


def _nothing(time, blocks):
    """The one observable that every motion must have."""
    return {"trace_defect": jnp.zeros(())}


def _holding(state: State, blocks) -> State:
    return dataclasses.replace(state, content=blocks)


def _frozen(tree):
    """A tree without derivatives; what is concrete stays so, and has none."""
    return jax.tree.map(lambda x: x if _checks.is_concrete(x) else lax.stop_gradient(x), tree)
