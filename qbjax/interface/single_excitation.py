"""A cell that shares one excitation with others: what its population says."""

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from qbjax.dynamics.record.powers import powers


def observables(
    frequency: Float[Array, ""], population: Float[Array, " T"], times: Float[Array, " T"]
) -> dict[str, Array]:
    r"""Merits of a state without coherence, $\rho = \mathrm{diag}(1 - p, p)$.

    Args:
        frequency: ω of the cell.
        population: p.
        times: of the run.
    """
    energy = frequency * population
    ergotropy = frequency * jnp.maximum(2 * population - 1, 0.0)
    seen = {
        "energy": energy,
        "ergotropy": ergotropy,
        "coherent_ergotropy": jnp.zeros_like(ergotropy),
        "incoherent_ergotropy": ergotropy,
        "purity": population**2 + (1 - population) ** 2,
    }
    return seen | powers(times, seen)


def cell(amplitude: Float[Array, "2"]) -> Complex[Array, "2 2"]:
    """Its density matrix, ground state first, from its amplitude as (re, im)."""
    excited = jnp.sum(amplitude**2)
    return jnp.diag(jnp.stack([1 - excited, excited])).astype(complex)
