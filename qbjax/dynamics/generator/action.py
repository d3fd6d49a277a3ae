"""The action of a generator on a stacked state: tables with their numbers, all of them leaves."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.dynamics.generator import kets, products, shifts, sparse
from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.generator.pattern import Shifts, shifts_of
from qbjax.dynamics.generator.products import Products, products_of
from qbjax.dynamics.generator.shifts import Stack
from qbjax.dynamics.generator.sparse import Sparse
from qbjax.dynamics.generator.structure import Structure


class Action(eqx.Module):
    r"""A generator that only moves: nothing of it but its pattern is part of a program.

    Attributes:
        form: its operators, by shifts or by products; in slots it moves kets alone.
        coefficients, rates, backwards: as of `lindblad.Generator`.
    """

    form: kets.Form
    coefficients: Float[Array, " H"]
    rates: Float[Array, " J"]
    backwards: bool = eqx.field(static=True, default=False)

    def stacked(self, state: Stack, signals: Sequence | Float[Array, " C"] = ()) -> Stack:
        """The time derivative of a state as one array of all blocks."""
        if isinstance(self.form, Products):
            return products.multiplied(self.form, state, self.weights(signals), self.rates)
        move = shifts.shifted_with_dual if self.backwards else shifts.shifted
        return move(self.form, state, self.weights(signals), self.rates)

    def ket(self, psi: Ket, signals: Sequence | Float[Array, " C"] = ()) -> Ket:
        """The time derivative of a ket, if there are no jumps."""
        return kets.moved(self.form, psi, self.weights(signals))

    def dual(self, state: Stack, signals: Sequence | Float[Array, " C"] = ()) -> Stack:
        """The dual generator applied to an observable: the transpose of `stacked`."""
        if isinstance(self.form, Shifts):
            return shifts.shifted_dual(self.form, state, self.weights(signals), self.rates)
        (back,) = jax.linear_transpose(lambda x: self.stacked(x, signals), state)(state)
        return back

    def spectral_bounds(self, signals: Sequence | Float[Array, " C"] = (), *, ket: bool = False):
        """Bounds on the spectrum, roughly; see `lindblad.Generator`."""
        if isinstance(self.form, Sparse):
            decays, energies, radii, there = _line(self.form, self.weights(signals))
            return shifts.bounds(decays, energies, radii, there, ket)
        bounds = (products if isinstance(self.form, Products) else shifts).spectral_bounds
        return bounds(self.form, self.weights(signals), ket)

    def weights(self, signals) -> Float[Array, " W"]:
        """Numbers of all drift operators, those of the controls last."""
        parts = [self.coefficients, self.rates]
        if len(signals):
            parts.append(jnp.asarray(signals))
        return jnp.concatenate(parts)


def form_of(structure: Structure, storage: str = "auto") -> Shifts | Products:
    """The tables by which a stack is moved.

    Args:
        structure: of the generator.
        storage: "banded" (shifts), "dense" (matrix products) or "auto" (the cheaper).
    """
    return shifts_of(structure) if is_banded(structure, storage) else products_of(structure)


def _line(form: Sparse, weights):
    """Discs of one sector, and where its levels are."""
    found = [x[None, :] for x in sparse.discs(form, weights)]
    return *found, jnp.ones_like(found[0], bool)


def is_banded(structure: Structure, storage: str = "auto") -> bool:
    """Whether a stack is moved by shifts; arguments as of `form_of`."""
    if storage == "auto":
        return structure.reads <= structure.products
    return storage == "banded"
