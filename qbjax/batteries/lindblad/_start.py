"""The state that a run of a Lindblad battery starts from, and how it is laid out."""

import hashlib
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax.batteries.lindblad import _operators as operators
from qbjax.batteries.lindblad import _places as places
from qbjax.batteries.lindblad import _sparse as sparse
from qbjax.batteries.lindblad._model import Model, ground, is_blocked, sectors_pay
from qbjax.interface.states import Origin, State


class Form(NamedTuple):
    """The form of a state's content: a stack of the blocks of a packed density matrix, or a ket.

    Attributes:
        sectored: whether there is a block per value of the conserved charge, rather than one.
        pure: whether it is a ket.
    """

    sectored: bool
    pure: bool


class Content:
    """A constant array; hashable, compared by content."""

    def __init__(self, array: np.ndarray):
        self.array = array
        self.digest = hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()

    def __hash__(self):
        return hash(self.digest)

    def __eq__(self, other):
        return isinstance(other, Content) and self.digest == other.digest


class ConstantStart(eqx.Module):
    """A state known before compilation, without leaves.

    What it looks like, and so whether it fits into sectors, stays known where the battery is an
    argument of a traced function.
    """

    content: Content = eqx.field(static=True)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.content.array, dtype)


Start = ConstantStart | Complex[Array | np.ndarray, "..."] | None


def given(initial: Any, levels: int) -> Start:
    """A start as a battery keeps it."""
    if initial is None:
        return None
    found = operators.state(initial, levels)
    return ConstantStart(Content(found)) if isinstance(found, np.ndarray) else found


def state(model: Model, whole, origin: Origin) -> State:
    """A ket or density matrix of all factors, laid out to be moved."""
    if model.stored is not None:
        return State(sparse.ket(model, whole), origin, Form(sectored=False, pure=True))
    if whole.ndim == 1 and not model.jumps:
        return State(places.ket(model, whole), origin, Form(sectored=False, pure=True))
    rho = whole if whole.ndim == 2 else operators.projector(whole)
    sectored = why_whole(model, rho) is None
    return State(places.packed(model, sectored, rho), origin, Form(sectored, pure=False))


def why_whole(model: Model, rho) -> str | None:
    """The reason why a density matrix is not kept in sectors; None if it is."""
    if model.charge is None:
        return "no conserved charge was named"
    if not _checks.is_concrete(rho):
        return "the start is traced, and might have coherence between values of the charge"
    if not is_blocked(np.asarray(rho), model.charge):
        return "the start has coherence between values of the charge"
    return None if sectors_pay(model) else "padded blocks would be more work than the whole"


def whole(model: Model, start, initial) -> Complex[Array | np.ndarray, "..."]:
    """The state of all factors that an argument stands for, a ket where it is one.

    On the host if it is known.

    Args:
        model: the operators.
        start: the battery's own, None for every factor's level 0.
        initial: None for the start; or a state of the cell, whose other factors stay those of the
            start.
    """
    own = start.content.array if isinstance(start, ConstantStart) else start
    own = ground(model.dims) if own is None else own
    if initial is None:
        return own
    if not model.cell:
        raise ValueError(
            "Argument `initial` must be None for a battery without a cell, whose start is its own, "
            f"but is {type(initial).__name__}."
        )
    joint = model.joint()
    back, cell = np.argsort(joint.ravel()), operators.state(initial, joint.shape[0])
    xp: Any = np if _checks.is_concrete((own, cell)) else jnp
    if cell.ndim == 1 and (rest := _other_factor(own, joint)) is not None:
        return xp.kron(cell, rest)[back]
    cell, own = (x if x.ndim == 2 else operators.projector(x) for x in (cell, own))
    apart = own[np.ix_(joint.ravel(), joint.ravel())].reshape(2 * joint.shape)
    both = xp.kron(cell, xp.einsum("aras->rs", apart))
    return both[np.ix_(back, back)]


def _other_factor(ket, joint) -> Complex[np.ndarray, " r"] | None:
    """The rest's ket of a known ket that is a product of cell and rest; else None."""
    if ket.ndim != 1 or not _checks.is_concrete(ket):
        return None
    _, weights, rows = np.linalg.svd(np.asarray(ket)[joint], full_matrices=False)
    return rows[0] if np.all(weights[1:] < 1e-12) else None
