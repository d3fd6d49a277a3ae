"""Checks of what a chain is given."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax.batteries.fermions._chain import Drive
from qbjax.batteries.fermions._modes import Blocks

KINDS = ("fields", "hopping", "pairing")

PURE = 1e-9
"""Largest departure of a covariance from one of a pure state that is rounding."""


def own(given: Drive, sites: int, ring: bool) -> Drive:
    """Numbers of a chain, one for each site and bond; a zero for the bond that ends do not have."""
    counts = _counts(sites, ring)
    return Drive(*(_filled(*x, sites) for x in zip(KINDS, given, counts, strict=True)))


def each(name: str, given: Any, count: int) -> Any:
    """One number for each, from one for all or a list."""
    if _checks.axes(given) == 0:
        one = _checks.on_host(_checks.scalar(name, given))
        return one * np.ones(count) if _checks.is_concrete(one) else jnp.full(count, one)
    if count == 0 and np.shape(given) == (0,):
        return np.zeros(0)
    return _checks.on_host(_checks.array(name, given, shape=(count,)))


def drives(given: Any, sites: int, ring: bool) -> tuple[Drive, ...]:
    """Terms of every signal."""
    _checks.sequence("drives", given)
    found = []
    for one in given:
        if not isinstance(one, Drive):
            kind = _checks.choice("drives", one, KINDS)
            one = Drive(**{kind: 1.0})
        if all(term is None for term in one):
            raise ValueError(
                "Argument `drives` must hold drives with a term each, but one has none."
            )
        terms = zip(one, _counts(sites, ring), strict=True)
        found.append(Drive(*(x if x is None else _filled("drives", x, n, sites) for x, n in terms)))
    return tuple(found)


def neighbours(name: str, given: Any, sites: int) -> tuple[int, int]:
    """The first of neighbouring sites, and their number; all for None."""
    if given is None:
        return 0, sites
    listed = list(given) if isinstance(given, range) else given
    found = tuple(_checks.indices(name, listed, sites))
    if not found or found != tuple(range(found[0], found[0] + len(found))):
        raise ValueError(
            f"Argument `{name}` must name neighbouring sites, in their order, but is "
            f"{_checks.show(given)}."
        )
    return found[0], len(found)


def covariance(name: str, given: Any, sites: int) -> tuple[Blocks, bool]:
    """A covariance by its blocks, and whether it is known to be pure."""
    found = _checks.array(name, given, shape=(2 * sites, 2 * sites))
    host = _checks.on_host(found)
    blocks = Blocks(host[:sites, :sites], host[:sites, sites:], host[sites:, sites:])
    if not _checks.is_concrete(found):
        return blocks, False
    apart = np.abs(host + host.T)
    if apart.max() > _checks.STATE_TOLERANCE:
        i, j = (int(k) for k in np.unravel_index(apart.argmax(), apart.shape))
        raise ValueError(
            f"Argument `{name}` must be antisymmetric, but element ({i}, {j}) is {host[i, j]:.6g} "
            f"and element ({j}, {i}) is {host[j, i]:.6g}."
        )
    squares = np.linalg.eigvalsh(host.T @ host)
    if squares[-1] > 1 + _checks.STATE_TOLERANCE:
        raise ValueError(
            f"Argument `{name}` must be the covariance of a state, with eigenvalues of at most 1 "
            f"in modulus, but has {np.sqrt(squares[-1]):.6g}."
        )
    return blocks, bool(squares[0] > 1 - PURE)


def _counts(sites: int, ring: bool) -> tuple[int, int, int]:
    """Numbers of fields, of hoppings and of pairings."""
    bonds = sites if ring else sites - 1
    return sites, bonds, bonds


def _filled(name: str, given: Any, count: int, sites: int) -> Any:
    """One number for each, and a zero for each that is missing to the number of sites."""
    found = each(name, given, count)
    xp = _checks.array_module(found)
    every = xp.concatenate([found, np.zeros(sites - count)])
    return _checks.settled(every) if xp is np else every
