"""Emitters that share one excitation with a field: amplitudes, and the merits of one of them."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks, merit
from qbjax.algebra.spectral import root


def check_undriven(protocol: Any, system: str) -> None:
    """Refuses a protocol where nothing is driven."""
    if protocol is not None:
        raise TypeError(
            f"Argument `protocol` must be None for a {system}, where nothing is driven, but is "
            f"{_checks.show(protocol)}."
        )


def pack(amplitudes: Complex[Array, " n"]) -> Float[Array, "n 2"]:
    """Packs amplitudes into real and imaginary parts."""
    return jnp.stack([jnp.real(amplitudes), jnp.imag(amplitudes)], axis=1)


def unpack(packed: Float[Array, "n 2"]) -> Complex[Array, " n"]:
    """Unpacks amplitudes from real and imaginary parts."""
    return lax.complex(packed[:, 0], packed[:, 1])


def observables(
    frequency: Float[Array, ""], population: Float[Array, ""], field: Float[Array, ""]
) -> dict[str, Array]:
    r"""Merits of an emitter in the state $\mathrm{diag}(1 - p, p)$, without coherence.

    Args:
        frequency: ω of the emitter.
        population: p of the emitter.
        field: population of the field.

    Returns:
        The merits, `field_population` and `trace_defect`.
    """
    ergotropy = frequency * jnp.maximum(2 * population - 1, 0.0)
    return {
        "energy": frequency * population,
        "ergotropy": ergotropy,
        "coherent_ergotropy": jnp.zeros_like(ergotropy),
        "incoherent_ergotropy": ergotropy,
        "purity": population**2 + (1 - population) ** 2,
        "field_population": field,
        # The field may hold some of the one excitation, but not less than none.
        "trace_defect": jnp.maximum(-field, 0.0),
    }


def observables_of(
    levels: Float[Array, " d"], rho: Complex[Array, "d d"], field: Float[Array, ""]
) -> dict[str, Array]:
    """Merits of several emitters together, whose frequencies may differ.

    Args:
        levels: 0, and the frequency of each.
        rho: as of `cells`.
        field: population of the field.

    Returns:
        The merits, `field_population` and `trace_defect`, as `observables`.
    """
    work, incoherent = merit.ergotropy(rho, levels), merit.incoherent_ergotropy(rho, levels)
    return {
        "energy": merit.energy(rho, levels),
        "ergotropy": work,
        "coherent_ergotropy": work - incoherent,
        "incoherent_ergotropy": incoherent,
        "purity": merit.purity(rho),
        "field_population": field,
        "trace_defect": jnp.maximum(-field, 0.0),
    }


def shared(
    frequency: Float[Array, "..."], populations: Float[Array, " n"], cells: Sequence[int]
) -> dict[str, Array]:
    r"""Merits of emitters that share an excitation, some of them cells.

    Unitaries on each cell alone extract $\sum_j\omega_j\max(0, 2p_j - 1)$. Cells and the others,
    chargers, are entangled like two qubits, $2\sqrt{p_\mathrm{cells}p_\mathrm{chargers}}$, and
    two cells as $2\sqrt{p_jp_k}$.

    Args:
        frequency: ω of the cells, or of each, (N,).
        populations: of all emitters.
        cells: indices of the cells.

    Returns:
        `local_ergotropy`, `concurrence`, `cell_concurrence` (the mean of all pairs; 0 of one cell)
        and `populations`.
    """
    inside = np.array(cells)
    others = np.setdiff1d(np.arange(populations.size), inside)
    own, rest = populations[inside], jnp.sum(populations[others])
    return {
        "local_ergotropy": jnp.sum(frequency * jnp.maximum(2 * own - 1, 0.0)),
        "concurrence": 2 * root(jnp.sum(own) * rest),
        "cell_concurrence": mean_concurrence(own),
        "populations": populations,
    }


def cell(amplitude: Float[Array, "2"]) -> Complex[Array, "2 2"]:
    """Density matrix of an emitter, ground state first, from its amplitude as (re, im)."""
    excited = jnp.sum(amplitude**2)
    return jnp.diag(jnp.stack([1 - excited, excited])).astype(complex)


def mean_concurrence(populations: Float[Array, " N"]) -> Float[Array, ""]:
    r"""The mean of $2|a_ja_k|$ over all pairs, from $(\sum|a_j|)^2 - \sum|a_j|^2$; 0 of one."""
    count = populations.size
    if count == 1:
        return jnp.zeros(())
    total = jnp.sum(root(populations)) ** 2 - jnp.sum(populations)
    return 2 * total / (count * (count - 1))


def cells(amplitudes: Complex[Array, " n"]) -> Complex[Array, "d d"]:
    """Density matrix of some emitters: level 0 is empty, level j has the excitation in the j-th."""
    inside = jnp.outer(amplitudes, jnp.conj(amplitudes))
    empty = 1 - jnp.real(jnp.trace(inside))
    whole = jnp.zeros((amplitudes.size + 1,) * 2, complex).at[1:, 1:].set(inside)
    return whole.at[0, 0].set(empty.astype(complex))
