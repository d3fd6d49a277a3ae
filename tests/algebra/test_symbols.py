"""Symbols are the matrices that `operators` makes, at any levels."""

import numpy as np
import pytest
import qutip as qt

from qbjax.algebra import operators, symbols

DIMS = (3, 4, 2)


def theirs(k, operator):
    """An operator of one factor on all, as QuTiP has it."""
    on = [qt.qeye(n) for n in DIMS]
    on[k] = operator
    return qt.tensor(*on)


A, J, B = (theirs(k, op) for k, op in enumerate((qt.destroy(3), qt.jmat(1.5, "-"), qt.destroy(2))))
a, s, b = symbols.destroy(0), symbols.spin_minus(1), symbols.destroy(2)


@pytest.mark.parametrize(
    ("symbol", "matrix"),
    [
        (a, A),
        (a.dag() @ a @ b - 2j * b.dag() @ a, A.dag() * A * B - 2j * B.dag() * A),
        (np.float64(3) * (a + a.dag()) / 2 - 1, 1.5 * (A + A.dag()) - 1),
        (sum([a, b, -a]), B),
        ((a @ b.dag() @ a).dag(), (A * B.dag() * A).dag()),
        (symbols.number(0) @ a, A.dag() * A * A),
        (symbols.position(0) @ symbols.momentum(0), (A + A.dag()) * (A - A.dag()) / 2j),
        (symbols.own(lambda n: np.diag(np.arange(n) ** 3.0), 1), theirs(1, qt.num(4) ** 3)),
    ],
)
def test_matrices_are_qutip_s(symbol, matrix):
    np.testing.assert_allclose(symbol(DIMS).toarray(), matrix.full(), atol=1e-14)


def test_a_spin_s_level_0_is_its_ground_state():
    """QuTiP counts from +j down: compared with `operators`, whose order is ours."""
    for name in ("minus", "x", "y", "z"):
        made = getattr(operators, f"spin_{name}")(1.5)
        found = getattr(symbols, f"spin_{name}")(1)(DIMS).toarray()
        np.testing.assert_allclose(found, operators.embed(made, DIMS, 1), atol=1e-15)


def test_equal_sums_are_equal():
    assert a @ b + b @ a == 2 * b @ a
    assert hash(a + b) == hash(symbols.destroy(0) + symbols.destroy(2))
    assert (a - a).terms == ()
    assert a.dag().dag() == a
    assert (a @ s).factors == (0, 1)
    assert (a @ b).within((2, 0)) == symbols.destroy(0) @ symbols.destroy(1)


@pytest.mark.parametrize(
    ("made", "error", "words"),
    [
        (lambda: a * b, TypeError, "write a @ b"),
        (lambda: a * "2", TypeError, "`number` must be"),
        (lambda: b((3,)), ValueError, "`dims` must have the levels of factor 2"),
        (
            lambda: symbols.own(lambda n: np.eye(2), 0)((3,)),
            ValueError,
            "`make` must return a matrix",
        ),
    ],
)
def test_bad_symbols_are_one_line(made, error, words):
    with pytest.raises(error, match=words):
        made()
