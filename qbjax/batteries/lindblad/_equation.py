"""The equation of a Lindblad battery: constant operators times numbers, which may move in time."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.batteries.lindblad._model import Model, layout
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.protocols import Pump


class Numbers(NamedTuple):
    """The numbers of a master equation; attributes as of `Equation`."""

    coefficients: tuple[Any, ...]
    rates: tuple[Any, ...]
    strengths: tuple[Any, ...]

    @property
    def signals(self) -> list[Pump]:
        """The numbers that move in time."""
        return [x for x in (*self.coefficients, *self.rates) if isinstance(x, Pump)]

    def amplitudes(self, pumps: Sequence[Pump], time: Any) -> list[Any]:
        """Factors of the controls at a time: a protocol's signals times their strengths."""
        each = zip(self.strengths, pumps, strict=True)
        return [p.signal(time) if s is None else s * p.signal(time) for s, p in each]

    def at(self, time: Any) -> tuple[Float[Array, " H"], Float[Array, " J"]]:
        """Coefficients and rates at a time."""

        def stacked(numbers):
            now = [x.signal(time) if isinstance(x, Pump) else x for x in numbers]
            return jnp.stack([jnp.asarray(x, float) for x in now]) if now else jnp.zeros(0)

        return stacked(self.coefficients), stacked(self.rates)


class Equation(NamedTuple):
    """A master equation: operators with their numbers.

    Attributes:
        model: its operators.
        coefficients: of the Hamiltonians: numbers, which may be traced, or pumps.
        rates: of the jumps, likewise.
        strengths: of the controls: numbers, which may be traced, or None for 1.
    """

    model: Model
    coefficients: tuple[Any, ...]
    rates: tuple[Any, ...]
    strengths: tuple[Any, ...]

    @property
    def numbers(self) -> Numbers:
        """The numbers alone."""
        return Numbers(self.coefficients, self.rates, self.strengths)

    @property
    def signals(self) -> list[Pump]:
        """The coefficients and rates that move in time."""
        return self.numbers.signals

    def generator(self, sectored: bool, time: Any) -> Generator:
        """The generator with the numbers of a time.

        Args:
            sectored: whether it moves the blocks of the conserved charge, or the whole.
            time: of its numbers.
        """
        return Generator(layout(self.model, sectored).structure, *self.numbers.at(time))
