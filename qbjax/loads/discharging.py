r"""A discharge: the motion of a pair, and its observables.

Cell and load are judged apart, each by its own density matrix, cell in its own unit and
load by the closed forms of `merit.two_level`; divided by the frequencies that is the paper's
$\kappa_s$ and $\kappa_a$.

Reference: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026),
Eqs. (9)–(12), (15)–(19).
"""

import dataclasses
from functools import partial
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import merit
from qbjax.algebra import spectral
from qbjax.dynamics.generator.action import Action, form_of
from qbjax.dynamics.generator.pattern import Shifts
from qbjax.dynamics.generator.products import Products
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.record.powers import per
from qbjax.interface import pumps
from qbjax.interface.battery import Battery, Cell, open_cell_of
from qbjax.interface.states import State
from qbjax.loads import pair
from qbjax.loads.two_level import TwoLevel, strengths, structure
from qbjax.merit import two_level

ENERGIES = (
    *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy"),
    *("load_energy", "load_ergotropy", "load_coherent_ergotropy"),
)

PICTURE = (ENERGIES[:4], ENERGIES[4:], ("delivered_power",))
"""Names in the panels of a discharge's own picture: the cell, the load, the power."""


class Mover(eqx.Module):
    """A cell as the program that discharges it takes it, the numbers of its operators as arguments.

    Attributes:
        form: of the generator of cell and load.
        rates: of the cell's jumps.
        levels: the cell's Hamiltonian.
        merits: as of `Cell`.
        real: whether a real state stays real.
        mode: name of the cell if its ladder is truncated.
        counts: whether level n holds n quanta.
        units: of the observables.
    """

    form: Shifts | Products
    rates: tuple[Any, ...]
    levels: Any
    merits: Any
    real: bool = eqx.field(static=True)
    mode: str | None = eqx.field(static=True)
    counts: bool = eqx.field(static=True)
    units: tuple[tuple[str, str], ...] = eqx.field(static=True)

    def motion(self, load: TwoLevel, state: State, times: Float[Array, " T"]) -> Flow:
        """The motion of a pair from `times[0]`, pure and traceable.

        Args:
            load: the load, resolved.
            state: of the pair, at `times[0]`.
            times: of the run.
        """
        action = Action(self.form, *strengths(self.rates, load))
        layout = state.layout._replace(real=state.layout.real and self.real)

        def field(t, blocks, backwards=False):
            now = dataclasses.replace(action, backwards=backwards)
            return tuple(now.stacked(jnp.stack(blocks), load.coupling.signal(t)[None]))

        def pair_of(t, blocks) -> State:
            return State(blocks, state.origin, layout, made=t)

        return Flow(
            field=field,
            backwards=partial(field, backwards=True),
            initial=state.content,
            edges=load.coupling.edges(),
            signals=pumps.signals([load.coupling], times),
            state=pair_of,
            observe=lambda t, blocks: self.observables(load, pair_of(t, blocks)),
            finish=_with_power,
            units=self.units,
            picture=PICTURE,
            modes=() if self.mode is None else (self.mode,),
        )

    def observables(self, load: TwoLevel, state: State) -> dict[str, Array]:
        """Observables of one state of a pair, with `truncation` and `trace_defect`."""
        rho = pair.cell(state)
        populations = jnp.real(jnp.diagonal(rho))
        return {
            **(self._of_levels(state, rho) if self.merits is None else self.merits(rho)),
            **load_observables(load, state),
            "truncation": jnp.zeros(0) if self.mode is None else jnp.sum(populations[-2:])[None],
            "trace_defect": jnp.abs(jnp.sum(populations) - 1),
        }

    def _of_levels(self, state: State, rho) -> dict[str, Array]:
        levels = self.levels
        parts = [rho[::2, ::2], rho[1::2, 1::2]] if state.layout.sectored else [rho]
        spectrum = jnp.concatenate([spectral.eigenvalues(part) for part in parts])
        energies = levels if levels.ndim == 1 else spectral.eigenvalues(levels)
        energy, incoherent = merit.energy(rho, levels), merit.incoherent_ergotropy(rho, levels)
        work = energy - merit.passive_energy_of_spectrum(spectrum, energies)
        return {
            "energy": energy,
            "ergotropy": work,
            "coherent_ergotropy": work - incoherent,
            "incoherent_ergotropy": incoherent,
            "purity": merit.purity(rho),
            **({"fano": merit.fano_factor(rho)} if levels.ndim == 1 and self.counts else {}),
        }


def mover(battery: Battery, load: TwoLevel, state: State) -> Mover:
    """The mover of a battery's cell and a load.

    Args:
        battery: whose cell it is.
        load: the load, resolved.
        state: of the pair.
    """
    alone = open_cell_of(battery)
    found = structure(alone, load, state.layout.sectored)
    return Mover(
        form_of(found),
        tuple(alone.rates),
        battery.cell_hamiltonian,
        alone.merits,
        not found.imaginary,
        alone.mode,
        _counts(alone),
        _units(alone.units),
    )


def load_observables(load: TwoLevel, state: State) -> dict[str, Array]:
    """Observables of the load alone."""
    (ground, excited), coherence = pair.reduced_load(state)
    squared = jnp.real(coherence) ** 2 + jnp.imag(coherence) ** 2
    return {
        "load_energy": load.frequency * excited,
        "load_ergotropy": two_level.ergotropy(excited, coherence, load.frequency),
        "load_coherent_ergotropy": two_level.coherent_ergotropy(excited, coherence, load.frequency),
        "load_purity": ground**2 + excited**2 + 2 * squared,
    }


def _with_power(times: Float[Array, " T"], seen: dict[str, Array]) -> dict[str, Array]:
    """Adds the power that the load took, per elapsed time, to observables."""
    return seen | {"delivered_power": per(seen["load_ergotropy"], times - times[0])}


def _counts(alone: Cell) -> bool:
    """Whether level n holds n quanta: lowering takes each level to the one below."""
    steps = np.diagonal(alone.lowering, 1)
    return bool(np.all(steps) and np.count_nonzero(alone.lowering) == steps.size)


def _units(cell: dict[str, str]) -> tuple[tuple[str, str], ...]:
    if not cell:  # the user's own
        return ()
    units = {"time": cell["time"]} | dict.fromkeys(ENERGIES, cell["energy"])
    units |= dict.fromkeys(("purity", "fano", "load_purity"), "1")
    return tuple((units | {"delivered_power": cell["power"]}).items())
