"""What is read off a DOPO's packed state: cell, merits, certificate.

Parity keeps the cell block-diagonal, so its eigenvalues come from two half-size
matrices; the merits need eigenvalues and populations only.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax.algebra import spectral
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.dopo import _layout as layouts
from qbjax.batteries.dopo._layout import Layout
from qbjax.dynamics.generator.shifts import stack
from qbjax.dynamics.record.powers import per, powers
from qbjax.merit.passivity import passive_energy_of_spectrum
from qbjax.merit.statistics import fano_factor_of_populations

UNITS = tuple(
    {
        "time": "1/gamma_s",
        "energy": "omega_s",
        "ergotropy": "omega_s",
        "coherent_ergotropy": "omega_s",
        "incoherent_ergotropy": "omega_s",
        "instantaneous_power": "omega_s gamma_s",
        "charging_power": "omega_s gamma_s",
        "ergotropic_power": "omega_s gamma_s",
        "purity": "1",
        "fano": "1",
        "pump_photons": "1",
        "charger_energy": "omega_s",
        "pump_energy": "photons",
        "drive_work": "omega_s",
        "ergotropy_per_pump_energy": "omega_s",
    }.items()
)


def with_empty_pump(layout: Layout, cell: Inexact[Array, "s s"]):
    """Packed blocks of cell ⊗ |0⟩⟨0|."""
    packed = pack(cell)
    empty = np.zeros((layout.pump_levels, layout.pump_levels))
    empty[0, 0] = 1.0
    return tuple(jnp.kron(packed[np.ix_(n, n)], empty) for n in layouts.photons(layout))


def cell_blocks(layout: Layout, blocks) -> list[Float[Array, "_ _"]]:
    """Packed partial traces over the pump."""
    p = layout.pump_levels

    def trace(block):
        n = block.shape[0] // p
        return jnp.einsum("apbp->ab", block.reshape(n, p, n, p))

    return [trace(block) for block in blocks]


def cell(layout: Layout, blocks, *, real: bool) -> Inexact[Array, "s s"]:
    """The signal's density matrix in the photon-number basis."""
    packed = jnp.zeros((layout.signal_levels, layout.signal_levels))
    for n, block in zip(layouts.photons(layout), cell_blocks(layout, blocks), strict=True):
        packed = packed.at[np.ix_(n, n)].set(block)
    return unpack(packed, real=real)


def top_populations(layout: Layout, blocks) -> Float[Array, "2"]:
    """Population of the two highest levels of signal and pump."""
    signal, pump = _populations(layout, blocks)
    return jnp.stack([jnp.sum(signal[-2:]), jnp.sum(pump[-2:])])


def everything(layout: Layout, blocks, displacement, work, *, rate, real: bool) -> dict:
    """Observables and certificate of one state.

    Args:
        layout: how the blocks are laid out.
        blocks: packed state.
        displacement: β as (re, im), or None in the lab frame.
        work: pump energy and drive work so far.
        rate: time derivative of the blocks.
        real: whether the state is real.

    Returns:
        Name to scalar, with `truncation` (2,) and `trace_defect`.
    """
    cells = cell_blocks(layout, blocks)
    levels = np.arange(layout.signal_levels, dtype=float)
    signal, pump = _populations(layout, blocks)
    energy = jnp.sum(levels * signal)
    spectrum = jnp.concatenate([spectral.eigenvalues(unpack(c, real=real)) for c in cells])
    passive = passive_energy_of_spectrum(spectrum, levels)
    dephased = passive_energy_of_spectrum(signal, levels)
    pump_photons = _pump_photons(layout, blocks, pump, displacement, real)
    return {
        "energy": energy,
        "ergotropy": energy - passive,
        "coherent_ergotropy": dephased - passive,
        "incoherent_ergotropy": energy - dephased,
        "instantaneous_power": jnp.sum(levels * _populations(layout, rate)[0]),
        # Tr ρ² = Σ S² + A² = Σ R²: the cross terms cancel.
        "purity": sum(jnp.sum(c**2) for c in cells),
        "fano": fano_factor_of_populations(signal),
        "pump_photons": pump_photons,
        "charger_energy": 2 * pump_photons,
        "pump_energy": work[0],
        "drive_work": work[1],
        "truncation": jnp.stack([jnp.sum(signal[-2:]), jnp.sum(pump[-2:])]),
        "trace_defect": jnp.abs(jnp.sum(signal) - 1),
    }


def ratios(times: Float[Array, " T"], seen: dict) -> dict:
    """Energy and ergotropy per elapsed time, ergotropy per pump energy; NaN for 0/0."""
    efficiency = per(seen["ergotropy"], seen["pump_energy"])
    return powers(times, seen) | {"ergotropy_per_pump_energy": efficiency}


def _populations(layout: Layout, blocks):
    """Populations of the signal's and of the pump's levels."""
    signal = jnp.zeros(layout.signal_levels)
    pump = jnp.zeros(layout.pump_levels)
    for n, block in zip(layouts.photons(layout), blocks, strict=True):
        joint = jnp.diagonal(block).reshape(len(n), layout.pump_levels)
        signal = signal.at[n].set(jnp.sum(joint, axis=1))
        pump = pump + jnp.sum(joint, axis=0)
    return signal, pump


def _pump_photons(layout, blocks, populations, displacement, real):
    number = jnp.sum(jnp.arange(layout.pump_levels, dtype=float) * populations)
    if displacement is None:
        return number
    # <(a + β)†(a + β)>; <a> stays 0 but for truncation.
    stacked = stack(layouts.structure(layout), blocks)
    _, *amplitude = layouts.pump_amplitude(layout, real)(stacked)
    cross = sum(beta * part for beta, part in zip(displacement, amplitude, strict=False))
    return number + jnp.sum(displacement**2) + 2 * cross
