r"""A discharge: the pair moved through time, and what is seen of it.

Cell and load are judged apart, each by its own density matrix, cell in its own unit and
load by the closed forms of `merit.two_level`; divided by the frequencies that is the paper's
$\kappa_s$ and $\kappa_a$.

Reference: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026),
Eqs. (9)–(12), (15)–(19).
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import merit
from qbjax.algebra import spectral
from qbjax.dynamics.record.powers import per
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.solve.integrate import integrate
from qbjax.interface import pumps as moving_pumps
from qbjax.interface.battery import Battery, Cell
from qbjax.interface.states import Options, State
from qbjax.loads import pair
from qbjax.loads.two_level import TwoLevel, generated, motion
from qbjax.merit import two_level

ENERGIES = (
    *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy"),
    *("load_energy", "load_ergotropy", "load_coherent_ergotropy"),
)


def evolve(
    battery: Battery, load: TwoLevel, state: State, times: Float[Array, " T"], options: Options
) -> Trajectory:
    """Runs the pair. Pure and traceable: no validation, no warning.

    Args:
        battery: whose cell it is.
        load: the load, resolved.
        state: of the pair, at `times[0]`.
        times: shape (T,).
        options: as for a battery.
    """
    real = state.real and generated(battery, load, state.sectored).real
    move = motion(battery, load, state, backwards=options.adjoint == "reverse")

    def wrap(t, blocks) -> State:
        made = (state.parameters, state.origin, state.sectored, real)
        return State(blocks, None, *made, made=t)

    def save(t, blocks):
        now = wrap(t, blocks)
        extra = None if options.save is None else options.save(t, now)
        return observables(battery, load, now), extra

    solution = integrate(
        move,
        state.blocks,
        times,
        save=save,
        signals=moving_pumps.signals([load.coupling], times),
        edges=load.coupling.edges(),
        solver=options.solver,
        adjoint=options.adjoint,
        moving=options.moving,
    )
    seen, saved = solution.saved
    certificate = {name: seen.pop(name) for name in ("truncation", "trace_defect")}
    alone = battery.open_cell()
    return Trajectory(
        times=times,
        observables=seen | {"delivered_power": per(seen["load_ergotropy"], times - times[0])},
        saved=saved,
        status=solution.status,
        steps=solution.steps,
        final_state=wrap(times[-1], solution.final),
        units=_units(alone.units),
        modes=() if alone.mode is None else (alone.mode,),
        **certificate,
    )


def observables(battery: Battery, load: TwoLevel, state: State) -> dict[str, Array]:
    """What is seen of one state of a pair, with `truncation` and `trace_defect`."""
    levels, rho = battery.cell_hamiltonian, pair.cell(state)
    parts = [rho[::2, ::2], rho[1::2, 1::2]] if state.sectored else [rho]
    spectrum = jnp.concatenate([spectral.eigenvalues(part) for part in parts])
    energies = levels if levels.ndim == 1 else spectral.eigenvalues(levels)
    energy, incoherent = merit.energy(rho, levels), merit.incoherent_ergotropy(rho, levels)
    work = energy - merit.passive_energy_of_spectrum(spectrum, energies)
    populations = jnp.real(jnp.diagonal(rho))
    alone = battery.open_cell()
    return {
        "energy": energy,
        "ergotropy": work,
        "coherent_ergotropy": work - incoherent,
        "incoherent_ergotropy": incoherent,
        "purity": merit.purity(rho),
        **({"fano": merit.fano_factor(rho)} if levels.ndim == 1 and _counts(alone) else {}),
        **load_observables(load, state),
        "truncation": jnp.zeros(0) if alone.mode is None else jnp.sum(populations[-2:])[None],
        "trace_defect": jnp.abs(jnp.sum(populations) - 1),
    }


def load_observables(load: TwoLevel, state: State) -> dict[str, Array]:
    """What is seen of the load."""
    (ground, excited), coherence = pair.reduced_load(state)
    squared = jnp.real(coherence) ** 2 + jnp.imag(coherence) ** 2
    return {
        "load_energy": load.frequency * excited,
        "load_ergotropy": two_level.ergotropy(excited, coherence, load.frequency),
        "load_coherent_ergotropy": two_level.coherent_ergotropy(excited, coherence, load.frequency),
        "load_purity": ground**2 + excited**2 + 2 * squared,
    }


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
