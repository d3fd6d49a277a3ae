"""The opaque state that a battery hands around, and the arguments that may stand for one."""

import dataclasses
import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, PyTree

from qbjax import _checks

UNMADE = -np.finfo(float).max
"""The time at which an initial state was made."""


def _arrays(content):
    """JAX's arrays of what was made on the host."""
    return jax.tree.map(lambda x: _checks.settled(x) if isinstance(x, np.ndarray) else x, content)


@functools.cache
def _unmade() -> Float[Array, ""]:
    return _checks.settled(UNMADE)


class Origin(eqx.Module):
    """The battery that made a state.

    Attributes:
        name: kind, levels, frame and whatever else decides how its states are laid out.
        parameters: the battery's numbers.
    """

    name: tuple = eqx.field(static=True)
    parameters: tuple[Inexact[Array, "..."], ...]


class State(eqx.Module):
    """A battery's full state, charger included. Opaque: only its battery can read it.

    Attributes:
        content: real arrays, as its battery packs them.
        origin: the battery that made it.
        layout: how the content is laid out, hashable; its battery's own.
        made: when; the least of all doubles for an initial state, which belongs to whatever time
            a run starts at. (Not −inf, which is an error while JAX looks for infinities.)
    """

    content: PyTree[Float[Array, "..."]] = eqx.field(converter=_arrays)
    origin: Origin
    layout: Any = eqx.field(static=True, default=None)
    made: Float[Array, ""] = eqx.field(default_factory=_unmade, converter=_arrays)

    @property
    def time(self) -> Any:
        """Time at which the state was made; −inf for an initial one."""
        known = _checks.is_concrete(self.made)
        made, xp = (np.asarray(self.made), np) if known else (self.made, jnp)
        return xp.where(made > UNMADE, made, -np.inf)


def check_origin(state: Any, origin: Origin, name: str = "state") -> State:
    """Checks that a state goes back to the battery that made it.

    Args:
        state: the state.
        origin: that of this battery.
        name: the argument's name, for the error.

    Raises:
        ValueError: if another kind, frame or truncation made it, or (when concrete)
            the same kind with other numbers.
    """
    _checks.instance(name, state, State, "a State of this battery")
    if state.origin.name != origin.name:
        raise ValueError(
            f"Argument `{name}` must be a State of this battery {_name(origin.name)}, "
            f"but was made by {_name(state.origin.name)}."
        )
    mine, theirs = (jax.tree.leaves(o.parameters) for o in (origin, state.origin))
    if len(mine) != len(theirs) or (
        _checks.is_concrete((mine, theirs)) and not all(map(np.array_equal, mine, theirs))
    ):
        raise ValueError(
            f"Argument `{name}` must be a State of this battery, but was made with other "
            f"parameters: {[np.real(np.asarray(x)).tolist() for x in theirs]} instead of "
            f"{[np.real(np.asarray(x)).tolist() for x in mine]}."
            if _checks.is_concrete((mine, theirs))
            else f"Argument `{name}` must be a State of this battery, but was made with "
            "other terms."
        )
    return state


def nameless(state: State) -> State:
    """A state whose origin tells its kind alone, so that all of a kind share a program."""
    return dataclasses.replace(state, origin=Origin(state.origin.name[:1], ()))


def handed_back(run: Any, moved: State, given: State) -> Any:
    """A run whose `final_state` has origin and levels of the state that was given.

    Args:
        run: of the moved state.
        moved: what was made of the given one: without its name, and perhaps padded.
        given: of the battery.
    """
    content = run.final_state.content
    shapes = [jnp.shape(x) for x in jax.tree.leaves(given.content)]
    if shapes != [jnp.shape(x) for x in jax.tree.leaves(moved.content)]:
        content = jax.tree.map(_cut, content, given.content)
    last = dataclasses.replace(run.final_state, content=content, origin=given.origin)
    return dataclasses.replace(run, final_state=last)


def _cut(padded, given):
    """The numbers that were there before padding, cut out on the host."""
    return _checks.on_host(padded)[tuple(map(slice, given.shape))]


def as_density_matrix(initial, levels: int, name: str = "initial") -> Inexact[Any, "d d"]:
    """Makes the density matrix of a cell from one, or from a ket.

    Args:
        initial: density matrix (d, d), or ket (d,).
        levels: d.
        name: the argument's name, for the error.

    Raises:
        ValueError, TypeError: if it is not a state of so many levels.
    """
    if _checks.axes(initial) == 1:
        psi = _checks.on_host(_checks.ket(name, initial, dim=levels))
        return _checks.array_module(psi).outer(psi, psi.conj())
    return _checks.on_host(_checks.density_matrix(name, initial, dim=levels))


def or_ground(initial: Any, levels: int) -> Any:
    """The start of a cell that was given, or level 0 for None."""
    return np.eye(1, levels)[0] if initial is None else initial


def symmetries(initial) -> tuple[bool, bool]:
    """Whether a cell state has no coherence between even and odd levels, and is real.

    Decided from concrete values; a traced state gets the general layout.
    """
    if not _checks.is_concrete(initial):
        return False, not jnp.iscomplexobj(initial)
    host = np.asarray(initial)
    rho = np.outer(host, host.conj()) if host.ndim == 1 else host
    return not np.any(rho[::2, 1::2]), not np.any(np.imag(rho))


def _name(origin: tuple) -> str:
    kind, *details = origin
    # A battery inside another's name; other tuples are numbers of levels or factors.
    words = (
        _name(d) if d and isinstance(d, tuple) and isinstance(d[0], str) else str(d)
        for d in details
    )
    return f"{kind}({', '.join(words)})"
