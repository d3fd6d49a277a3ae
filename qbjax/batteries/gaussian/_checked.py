"""Checks of what a network is given."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax.batteries.gaussian._equation import Drive, Moments, symplectic_form


def coupling(name: str, given: Any, modes: int) -> Any:
    """A Hermitian matrix between the modes; of a traced one the Hermitian part counts."""
    found = _checks.hermitian(name, given, dim=modes)
    return found if _checks.is_concrete(found) else (found + found.conj().T) / 2


def squeezing(name: str, given: Any, modes: int) -> Any:
    """A symmetric matrix between the modes; of a traced one the symmetric part counts."""
    found = _checks.array(name, given, shape=(modes, modes), complex_ok=True)
    if not _checks.is_concrete(found):
        return (found + found.T) / 2
    _check_symmetric(name, np.asarray(found))
    return found


def places(name: str, given: Any, modes: int) -> tuple[int, ...]:
    """Some of the modes, each once."""
    found = tuple(_checks.indices(name, given, modes))
    if not found or len(set(found)) < len(found):
        raise ValueError(
            f"Argument `{name}` must name modes, each once, but is {_checks.show(given)}."
        )
    return found


def each(name: str, given: Any, count: int, **bounds: Any) -> Any:
    """One number for each, from one for all or a list."""
    if _checks.axes(given) == 0:
        one = _checks.on_host(_checks.scalar(name, given, **bounds))
        return (
            _checks.settled(one * np.ones(count))
            if _checks.is_concrete(one)
            else jnp.full(count, one)
        )
    return _checks.array(name, given, shape=(count,), **bounds)


def correlation(name: str, given: Any, thermal: Any) -> Any:
    """Correlations M of the baths, which obey |M|² ≤ n̄(n̄ + 1); None for the plain number 0."""
    if _checks.is_plain_zero(given):
        return None
    found = each(name, given, thermal.shape[0], complex_ok=True)
    if _checks.is_concrete((found, thermal)):
        size, n = np.abs(np.asarray(found)), np.asarray(thermal)
        most = np.sqrt(n * (n + 1))
        wrong = np.flatnonzero(size > most * (1 + _checks.STATE_TOLERANCE))
        if wrong.size:
            k = int(wrong[0])
            raise ValueError(
                f"Argument `{name}` must have a modulus of at most sqrt(n(n + 1)) = {most[k]:.6g} "
                f"for a bath of n = {n[k]:g} quanta, but has {size[k]:.6g} for mode {k}: no state "
                "of a bath is squeezed so much."
            )
    return found


def jumps(name: str, given: Any, modes: int) -> Any:
    """Pairs (u, v) of linear jumps, shape (m, 2, n); None for none."""
    _checks.sequence(name, given)
    if len(given) == 0:
        return None
    rows = []
    for jump in given:
        pair = jump if _checks.axes(jump) > 1 else [jump, np.zeros(modes)]
        if len(pair) != 2:
            raise ValueError(
                f"Argument `{name}` must hold rows (n,), or pairs of them, but one holds "
                f"{len(pair)}."
            )
        both = (_checks.array(name, row, shape=(modes,), complex_ok=True) for row in pair)
        rows.append([x.astype(complex) for x in both])
    host = [[_checks.on_host(row) for row in pair] for pair in rows]
    known = _checks.is_concrete(host)
    return _checks.settled(np.array(host)) if known else jnp.array(host)


def drives(name: str, given: Any, modes: int) -> tuple[Drive, ...]:
    """Terms of each signal."""
    _checks.sequence(name, given)
    return tuple(_drive(name, one, modes) for one in given)


def moments(name: str, given: Any, modes: int) -> Moments:
    """Moments of a state: of their shapes, symmetric, and no smaller than uncertainty allows."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(
            f"Argument `{name}` must be a pair (mean, covariance), such as "
            f"qb.batteries.gaussian.moments makes, or a State, but is {_checks.show(given)}."
        )
    mean = _checks.array(name, given[0], shape=(2 * modes,))
    covariance = _checks.array(name, given[1], shape=(2 * modes, 2 * modes))
    if _checks.is_concrete((mean, covariance)):
        host = np.asarray(covariance)
        _check_symmetric(name, host)
        lowest = float(np.linalg.eigvalsh(host + 0.5j * symplectic_form(modes))[0])
        if lowest < -_checks.STATE_TOLERANCE * np.abs(host).max():
            raise ValueError(
                f"Argument `{name}` must have a covariance that obeys the uncertainty relation "
                f"(the vacuum has 1/2), but the covariance plus half the commutators has the "
                f"eigenvalue {lowest:.4g}."
            )
    return Moments(mean, covariance)


def _drive(name: str, given: Any, modes: int) -> Drive:
    if isinstance(given, Drive):
        c, h, pairs = given
        return Drive(
            None if c is None else _checks.array(name, c, shape=(modes,), complex_ok=True),
            None if h is None else coupling(name, h, modes),
            None if pairs is None else squeezing(name, pairs, modes),
        )
    if _checks.axes(given) == 0:
        k = _checks.integer(name, given, low=0, high=modes - 1)
        return Drive(_checks.settled(np.eye(modes)[k]))
    return Drive(_checks.array(name, given, shape=(modes,), complex_ok=True))


def _check_symmetric(name: str, host: np.ndarray) -> None:
    apart = np.abs(host - host.T)
    if apart.max() > _checks.STATE_TOLERANCE * np.abs(host).max():
        i, j = (int(k) for k in np.unravel_index(apart.argmax(), apart.shape))
        raise ValueError(
            f"Argument `{name}` must be symmetric, but element ({i}, {j}) is {host[i, j]:.6g} "
            f"and element ({j}, {i}) is {host[j, i]:.6g}."
        )
