"""Emitters that share one excitation with a field: amplitudes, and the merits of one of them."""

from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks


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


def cell(amplitude: Float[Array, "2"]) -> Complex[Array, "2 2"]:
    """Density matrix of an emitter, ground state first, from its amplitude as (re, im)."""
    excited = jnp.sum(amplitude**2)
    return jnp.diag(jnp.stack([1 - excited, excited])).astype(complex)
