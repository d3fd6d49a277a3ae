r"""A run of the DOPO battery, and its observables.

Beside the state, two numbers are integrated: the pump energy $\int|F|^2dt$, in pump photons
offered ($2\omega_s$ each), and the work of the drive,

$$\int 2\omega_s\cdot 2\sqrt{\gamma_p}\,\mathrm{Re}(F^*\langle a_p\rangle)\,dt ,$$

what the drive feeds into $\omega_s a_s^\dagger a_s + 2\omega_s a_p^\dagger a_p$, a sum that
three-wave mixing leaves alone. The master equation keeps drive and loss apart though both go
through the pump's mirror: work can exceed the energy offered, and comes out again as loss.

Parity keeps the cell block-diagonal, so its eigenvalues come from two half-size
matrices; the merits need eigenvalues and populations only.
"""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.algebra import spectral
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.dopo import _light as lights
from qbjax.batteries.dopo import _terms as terms
from qbjax.batteries.dopo._equation import Equation
from qbjax.batteries.dopo._terms import Layout
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.record.powers import per, powers
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface import pumps
from qbjax.interface.states import State
from qbjax.merit.passivity import passive_energy_of_spectrum
from qbjax.merit.statistics import fano_factor_of_populations

ENERGIES = (
    *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy"),
    *("charger_energy", "drive_work", "ergotropy_per_pump_energy"),
)
POWERS = ("instantaneous_power", "charging_power", "ergotropic_power")
UNITS = tuple(
    {
        "time": "1/gamma_s",
        **dict.fromkeys(ENERGIES, "omega_s"),
        **dict.fromkeys(POWERS, "omega_s gamma_s"),
        **dict.fromkeys(("purity", "fano", *lights.NAMES), "1"),
        **dict.fromkeys(lights.DECIBELS, "dB"),
        "pump_energy": "photons",
    }.items()
)


class Packing(NamedTuple):
    """Layout of a state: whether the signal's parity splits it, and whether ρ is real."""

    sectored: bool
    real: bool


class Content(NamedTuple):
    """Content of a state: packed blocks of ρ, and β as (re, im), or None in the lab frame."""

    blocks: tuple[Float[Array, "_ _"], ...]
    displacement: Float[Array, "2"] | None


def motion(equation: Equation, state: State, times: Float[Array, " T"]) -> Flow:
    """The motion of the battery from `times[0]`.

    Args:
        equation: the field.
        state: at `times[0]`.
        times: of the run.
    """
    layout, generator, pump = equation.layout, equation.generator, equation.pump
    dual = dataclasses.replace(generator, backwards=True)
    packing = Packing(layout.sectored, equation.real)
    blocks, displacement = state.content
    linear = not layout.displaced and pump.is_piecewise_constant

    def state_of(t, y) -> State:
        stacked, displacement, _ = y
        return State(Content(_unstack(layout, stacked), displacement), state.origin, packing, t)

    def observe(t, y):
        seen = observables(equation, _unstack(layout, y[0]), *y[1:])
        return seen | {"instantaneous_power": equation.power(t, y)}

    return Flow(
        field=equation,
        backwards=dataclasses.replace(equation, generator=dual),
        initial=(_stack(blocks), displacement, jnp.zeros(2)),
        edges=pump.edges(),
        signals=pumps.signals([pump], times),
        state=state_of,
        observe=observe,
        linear=_linear(equation) if linear else None,
        unfit="" if linear else _unfit(equation),
        finish=_with_ratios,
        units=UNITS,
        modes=("signal", "pump"),
    )


def _linear(equation: Equation) -> Linear:
    """The lab frame's equation, for methods that need it linear."""
    generator = equation.generator
    return Linear(
        equation,
        lambda t: generator.spectral_bounds(equation.drive(t)),
        kept=lambda y: jnp.einsum("sii->", y[0]),
    )


def _unfit(equation: Equation) -> str:
    """Words on what methods for linear equations need."""
    frame = "displaced" if equation.layout.displaced else "lab"
    return (
        'frame="lab" and a pump that is constant between edges, but has '
        f"frame={frame!r} and {_checks.show(equation.pump)}"
    )


def observables(equation: Equation, blocks, displacement, work) -> dict[str, Array]:
    """Observables of one state, with `truncation` (2,) and `trace_defect`.

    Args:
        equation: how the blocks are laid out.
        blocks: packed state.
        displacement: β as (re, im), or None in the lab frame.
        work: pump energy and drive work so far.
    """
    layout, real = equation.layout, equation.real
    cells = _cell_blocks(layout, blocks)
    levels = np.arange(layout.signal_levels, dtype=float)
    signal, pump = _populations(layout, blocks)
    energy = jnp.sum(levels * signal)
    spectrum = jnp.concatenate([spectral.eigenvalues(unpack(c, real=real)) for c in cells])
    passive = passive_energy_of_spectrum(spectrum, levels)
    dephased = passive_energy_of_spectrum(signal, levels)
    light = lights.light(
        equation.readings, _stack(blocks), displacement, real=real, sectored=layout.sectored
    )
    return {
        "energy": energy,
        "ergotropy": energy - passive,
        "coherent_ergotropy": dephased - passive,
        "incoherent_ergotropy": energy - dephased,
        # Tr ρ² = Σ S² + A² = Σ R²: the cross terms cancel.
        "purity": sum(jnp.sum(c**2) for c in cells),
        "fano": fano_factor_of_populations(signal),
        **light,
        "pump_energy": work[0],
        "drive_work": work[1],
        "truncation": jnp.stack([signal @ equation.readings.top, jnp.sum(pump[-2:])]),
        "trace_defect": jnp.abs(jnp.sum(signal) - 1),
    }


def with_empty_pump(layout: Layout, cell: Inexact[Array | np.ndarray, "s s"]):
    """Packed blocks of cell ⊗ |0⟩⟨0|."""
    packed = pack(cell)
    empty = np.zeros((layout.pump_levels, layout.pump_levels))
    empty[0, 0] = 1.0
    kron = _checks.array_module(packed).kron
    return tuple(kron(packed[np.ix_(n, n)], empty) for n in terms.photons(layout))


def cell(layout: Layout, state: State) -> Inexact[Array, "s s"]:
    """The signal's density matrix in the photon-number basis."""
    packed = jnp.zeros((layout.signal_levels, layout.signal_levels))
    parts = _cell_blocks(layout, state.content.blocks)
    for n, block in zip(terms.photons(layout), parts, strict=True):
        packed = packed.at[np.ix_(n, n)].set(block)
    return unpack(packed, real=state.layout.real)


def _with_ratios(times: Float[Array, " T"], seen: dict[str, Array]) -> dict[str, Array]:
    """Energy and ergotropy per elapsed time, ergotropy per pump energy; NaN for 0/0."""
    efficiency = per(seen["ergotropy"], seen["pump_energy"])
    return seen | powers(times, seen) | {"ergotropy_per_pump_energy": efficiency}


def _stack(blocks) -> Float[Array, "S n n"]:
    n = max(len(block) for block in blocks)
    return jnp.stack([jnp.pad(block, (0, n - len(block))) for block in blocks])


def _unstack(layout: Layout, stacked):
    sizes = terms.sizes(layout)
    return tuple(block[:n, :n] for block, n in zip(stacked, sizes, strict=True))


def _cell_blocks(layout: Layout, blocks) -> list[Float[Array, "_ _"]]:
    """Packed partial traces over the pump."""
    p = layout.pump_levels

    def trace(block):
        n = block.shape[0] // p
        return jnp.einsum("apbp->ab", block.reshape(n, p, n, p))

    return [trace(block) for block in blocks]


def _populations(layout: Layout, blocks):
    """Populations of the signal's and of the pump's levels."""
    signal = jnp.zeros(layout.signal_levels)
    pump = jnp.zeros(layout.pump_levels)
    for n, block in zip(terms.photons(layout), blocks, strict=True):
        joint = jnp.diagonal(block).reshape(len(n), layout.pump_levels)
        signal = signal.at[n].set(jnp.sum(joint, axis=1))
        pump = pump + jnp.sum(joint, axis=0)
    return signal, pump
