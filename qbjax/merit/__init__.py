"""Figures of merit of a state: functions of its density matrix and, for energies, a Hamiltonian."""

from qbjax.merit import bounds, two_level
from qbjax.merit.copies import ergotropy_per_copy
from qbjax.merit.correlations import concurrence
from qbjax.merit.energetics import energy, energy_variance, instantaneous_power
from qbjax.merit.entropy import entropy, mutual_information
from qbjax.merit.light import g2, parity, quadrature_variance, squeezing
from qbjax.merit.locality import ergotropic_gap, local_ergotropy, qubit_ergotropy
from qbjax.merit.negativity import negativity
from qbjax.merit.overlap import fidelity
from qbjax.merit.passivity import (
    active_energy,
    antiergotropy,
    capacity,
    coherent_ergotropy,
    ergotropy,
    incoherent_ergotropy,
    instantaneous_ergotropic_power,
    passive_energy,
    passive_energy_of_spectrum,
)
from qbjax.merit.statistics import fano_factor, fano_factor_of_populations, purity
from qbjax.merit.thermal import total_ergotropy

__all__ = [
    "active_energy", "antiergotropy", "bounds", "capacity", "coherent_ergotropy", "concurrence",
    "energy", "energy_variance", "entropy", "ergotropic_gap", "ergotropy",
    "ergotropy_per_copy", "fano_factor", "fano_factor_of_populations", "fidelity", "g2",
    "incoherent_ergotropy", "instantaneous_ergotropic_power", "instantaneous_power",
    "local_ergotropy", "mutual_information", "negativity", "parity", "passive_energy",
    "passive_energy_of_spectrum", "purity", "quadrature_variance", "qubit_ergotropy",
    "squeezing", "total_ergotropy", "two_level",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
