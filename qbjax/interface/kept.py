"""States on request: density matrices kept at every saved time, beside the merits.

They are packed while the run goes on (`algebra.packing`: its saved values are real), and no battery
knows of them.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from qbjax import _checks
from qbjax.algebra.packing import pack, unpack
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.interface.states import State

KINDS = ("cell", "all")


def reader(owner: Any, states: str | None) -> Any:
    """The function that takes the density matrix out of a state.

    Args:
        owner: a battery, or the module `loads.pair`: has `cell`, and `density_matrix` if it can.
        states: "cell", "all", or None for nothing.

    Raises:
        TypeError: if all is asked of a battery that does not hold a whole density matrix.
    """
    if states is None:
        return None
    if states == "cell":
        return owner.cell
    whole = getattr(owner, "density_matrix", None)
    if whole is None:
        raise TypeError(
            f'Argument `states` must be "cell" for a {type(owner).__name__}, which has no '
            'density_matrix, but is "all".'
        )
    return whole


def dims(
    owner: Any, state: State, states: str | Any, factors: Mapping[str, tuple[int, ...]]
) -> tuple[int, ...]:
    """Levels of the factors of the states that are asked for, without a computation.

    Args:
        owner: as for `reader`.
        state: one of those that will be read.
        states: as for `reader`.
        factors: "cell" and "all" to the levels of their factors, as far as they are known; of a
            cell that is none, empty.

    Raises:
        TypeError, ValueError: if there is no such kind, or it cannot be had.
    """
    if states is None:
        return ()
    read = reader(owner, _checks.choice("states", states, KINDS))
    # What refuses a state, such as a displaced frame, does so here.
    size = jax.eval_shape(read, state).shape[0]
    sizes = factors.get(states, (size,))
    if not sizes:
        raise TypeError(
            'Argument `states` must be "all" for a battery without a cell, but is "cell".'
        )
    return sizes


def keeping(save: Callable | None, read: Callable[[State], Any] | None) -> Callable | None:
    """The function that saves the density matrix and what the caller saves; None for nothing.

    The caller's answer is checked where it is traced.

    Args:
        save: the caller's, or None.
        read: state to density matrix, or None for nothing.
    """
    own = None if save is None else _Checked(save)
    if read is None:
        return own

    def both(t, state):
        return None if own is None else own(t, state), pack(read(state))

    return both


class _Checked(eqx.Module):
    """The caller's `save`, whose answer must be numbers that a run can hold."""

    save: Callable

    def __call__(self, time, state):
        answer = self.save(time, state)
        for leaf in jax.tree.leaves(answer, is_leaf=lambda leaf: leaf is None):
            if not _is_real(leaf):
                raise TypeError(
                    "Argument `save` must return arrays of real numbers, but one is "
                    f"{_checks.show(leaf)}; of what is complex, keep real and imaginary part."
                )
        return answer


def _is_real(leaf: Any) -> bool:
    if type(leaf) in (int, float, bool):
        return True
    dtype = getattr(leaf, "dtype", None)
    kinds = (jnp.floating, jnp.integer, jnp.bool_)
    return dtype is not None and any(jnp.issubdtype(dtype, kind) for kind in kinds)


def sorted_out(run: Trajectory, sizes: tuple[int, ...]) -> Trajectory:
    """Parts a run's states from what the caller saved.

    Args:
        run: of what `keeping` saves.
        sizes: what `dims` gave.
    """
    if not sizes:
        return run
    saved: Any = run.saved
    own, packed = saved
    states = jax.vmap(partial(unpack, real=False))(packed)
    return dataclasses.replace(run, saved=own, states=states, dims=sizes)
