"""Answers of free-fermion chains to bad input, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.fermions import Drive

CONSTANT = qb.protocols.Constant(0.1)


def chain(sites=4, **more):
    return qb.batteries.FermionChain(sites, **more)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sites": 0}, r"`sites` must be at least 1, but is 0"),
        ({"sites": 10**6}, r"`sites` must be small enough .* GiB .* but is 1000000: one step"),
        ({"sites": 2, "ring": True}, r"`sites` must be at least 3 for a ring, but is 2"),
        ({"hopping": [1.0] * 4}, r"`hopping` must have shape \(3,\), but has shape \(4,\)"),
        ({"hopping": [1.0] * 3, "ring": True}, r"`hopping` must have shape \(4,\)"),
        ({"fields": [1.0] * 3}, r"`fields` must have shape \(4,\)"),
        ({"cell": [0, 2]}, r"`cell` must name neighbouring sites, in their order, but is \[0, 2\]"),
        ({"cell": []}, r"`cell` must name neighbouring sites"),
        ({"cell": [3, 4]}, r"`cell` must be at least 0 and at most 3"),
        ({"drives": ["field"]}, r"`drives` must be one of .* mean 'fields'\?"),
        ({"drives": [Drive()]}, r"`drives` must hold drives with a term each"),
        ({"drives": [Drive(pairing=[1.0])]}, r"`drives` must have shape \(3,\)"),
        ({"parity": "evn"}, r"`parity` must be one of 'even', 'odd'"),
    ],
)  # fmt: skip
def test_numbers_that_no_chain_has(more, words):
    with pytest.raises(ValueError, match=words):
        chain(**more)


def test_two_ground_states_are_named():
    ordered = chain(60, hopping=1.0, pairing=1.0, fields=0.5)
    with pytest.raises(ValueError, match=r"one ground state, .* zero modes, .* Kitaev .* parity="):
        qb.charge(ordered, CONSTANT, [0.0, 1.0])

    def started(fields):
        return chain(60, hopping=1.0, pairing=1.0, fields=fields).start().content.ab

    traced = jax.jit(lambda fields: jnp.all(jnp.isfinite(started(fields))))
    assert [bool(traced(fields)) for fields in (0.5, 2.5)] == [False, True]
    none = chain(hopping=0.0, pairing=0.0, fields=0.0, parity="even")
    with pytest.raises(ValueError, match=r"one ground state of even parity, .* of energy 0\."):
        none.start()


@pytest.mark.parametrize(
    ("initial", "words"),
    [
        (np.eye(4), r"`initial` must have shape \(8, 8\)"),
        (np.eye(8), r"`initial` must be antisymmetric, but element \(0, 0\)"),
        (2 * np.eye(8, k=4) - 2 * np.eye(8, k=-4), r"at most 1 in modulus, but has 2"),
        (chain(5).start(), "must be a State of this battery"),
    ],
)
def test_starts_that_are_no_states(initial, words):
    with pytest.raises(ValueError, match=words):
        qb.charge(chain(), CONSTANT, [0.0, 1.0], initial=initial)


def test_a_ring_starts_from_its_own_states():
    with pytest.raises(ValueError, match="`initial` must be None or a State for a ring"):
        chain(ring=True).start(np.zeros((8, 8)))


def test_what_a_chain_does_not_have():
    with pytest.raises(
        TypeError, match=r"a cell of at most 10 sites for a density matrix, .* of 11"
    ):
        qb.charge(chain(11), CONSTANT, [0.0, 1.0], states="cell")
    with pytest.raises(TypeError, match="must be real, but has a complex signal"):
        qb.charge(chain(), qb.protocols.Constant(0.1j), [0.0, 1.0])
    with pytest.raises(ValueError, match="must be 1 pump protocol, one per control, but holds 2"):
        qb.charge(chain(), [CONSTANT, CONSTANT], [0.0, 1.0])
    with pytest.raises(ValueError, match="`times` must be given for a FermionChain"):
        qb.charge(chain(), CONSTANT)
    with pytest.raises(TypeError, match="must have a cell that a load can be coupled to"):
        qb.discharge(chain(), chain().start(), qb.loads.TwoLevel(1.0), [0.0, 1.0])
