"""The numbers of an Ising machine, and what follows from them without a state."""

from typing import Any, NamedTuple

from qbjax import _checks


class Numbers(NamedTuple):
    """The numbers of a machine, in the order of its arguments."""

    coupling: Any
    signal_decay: Any
    pump_decay: Any
    injection: Any
    signal_thermal: Any

    @property
    def two_photon_loss(self):
        r"""The rate $\Gamma_2 = \kappa^2/\gamma_p$ at which pairs are lost through a fast pump."""
        return self.coupling**2 / self.pump_decay

    @property
    def gain(self):
        r"""The pump rate per amplitude, $S/F = 2\kappa/\sqrt{\gamma_p}$."""
        sqrt = _checks.array_module(self.pump_decay).sqrt
        return 2 * self.coupling / sqrt(self.pump_decay)


def numbers(coupling, signal_decay, pump_decay, injection, signal_thermal) -> Numbers:
    """The numbers, checked."""
    return Numbers(
        _checks.scalar("coupling", coupling, low=0, open_low=True),
        _checks.scalar("signal_decay", signal_decay, low=0, open_low=True),
        _checks.scalar("pump_decay", pump_decay, low=0, open_low=True),
        _checks.scalar("injection", injection, low=0),
        _checks.optional_scalar("signal_thermal", signal_thermal, low=0),
    )
