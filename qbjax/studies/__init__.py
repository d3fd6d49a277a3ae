"""Many points at once: on one device, many devices, many machines, and nothing lost."""

from qbjax.studies import grids as grids
from qbjax.studies.archive_copies import DamageWarning as DamageWarning
from qbjax.studies.sweep import sweep as sweep
