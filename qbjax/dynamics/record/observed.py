"""Observables as attributes: the base of a trajectory and of a steady state."""

import equinox as eqx
from jaxtyping import Array

HELD = ("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy")
"""Names of the energies that most batteries observe."""

POWERS = ("charging_power", "ergotropic_power")
"""Names of the average powers."""


class Observed(eqx.Module):
    """A record, called so in errors, whose observables are attributes, too: `run.ergotropy`."""

    observables: eqx.AbstractVar[dict[str, Array]]
    _called: eqx.AbstractClassVar[str]

    def __getattr__(self, name: str) -> Array:
        # Only reached for names that are no fields. Dunder look-ups (copy, pickle) may
        # come before `observables` exists.
        if not name.startswith("_") and name in self.observables:
            return self.observables[name]
        known = ", ".join(sorted(self.observables)) if not name.startswith("_") else ""
        raise AttributeError(f"A {self._called} has no `{name}`; its observables are: {known}.")

    def __dir__(self):
        return [*object.__dir__(self), *self.observables]
