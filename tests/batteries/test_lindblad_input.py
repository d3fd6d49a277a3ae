"""What a Lindblad battery refuses, and how it says so."""

import jax
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from tests.batteries.test_lindblad import LOWER, qubit

SKEW = np.array([[0.0, 1.0], [0.5, 0.0]])
GOOD = {"dims": (2,), "cell": 0, "cell_hamiltonian": np.array([0.0, 1.0])}


@pytest.mark.parametrize(
    ("hamiltonian", "jumps", "changes", "message"),
    [
        (np.eye(3), [], {}, r"`hamiltonian\[0\]` must have shape \(2, 2\), but has shape \(3, 3\)"),
        (SKEW, [], {}, r"must be Hermitian, but element \(0, 1\).*differ by 0.5"),
        (np.eye(2), [np.eye(3)], {}, r"`jumps\[0\]` must have shape"),
        (np.eye(2), [(-0.1, LOWER)], {}, r"`jumps\[0\]\[0\]` must be at least 0, but is -0.1"),
        (np.eye(2), [(1.0, LOWER, 2)], {}, r"`jumps\[0\]` must be an operator or a pair"),
        (np.eye(2), [], {"cell": 1}, "`cell` must be at least 0 and at most 0, but is 1"),
        (np.eye(2), [], {"cell": (0, 0)}, "`cell` must name each factor once"),
        (np.eye(2), [], {"dims": ()}, "`dims` must hold at least one factor"),
        (np.eye(2), [], {"controls": [SKEW]}, r"`controls\[0\]` must be Hermitian"),
        (np.eye(2), [], {"cell_hamiltonian": np.arange(3.0)}, "`cell_hamiltonian` must have shape"),
        (np.eye(2), [], {"initial": np.ones(2)}, "`initial` must have norm 1"),
        (LOWER + LOWER.T, [], {"conserved": [0.0, 1.0]}, "`conserved` must commute"),
        (
            np.eye(2),
            [LOWER + LOWER.T + np.eye(2)],
            {"conserved": [0.0, 1.0]},
            "`conserved` must be such that each jump",
        ),
        (qt.sigmax(), [qt.qeye([1, 2])], {}, r"tensor dimensions \[2\], but has \[1, 2\]"),
        (np.array([[0.0, np.nan], [0.0, 0.0]]), [], {}, "must be finite"),
    ],
)  # fmt: skip
def test_bad_models(hamiltonian, jumps, changes, message):
    with pytest.raises(ValueError, match=message):
        qb.batteries.Lindblad(hamiltonian, jumps, **{**GOOD, **changes})


def test_bad_kinds():
    with pytest.raises(TypeError, match="`jumps` must be a list of operators"):
        qb.batteries.Lindblad(np.eye(2), LOWER, **GOOD)
    with pytest.raises(TypeError, match=r"must be known before compilation.*as a coefficient"):
        jax.jit(lambda g: qb.batteries.Lindblad(g * np.eye(2), [], **GOOD).start)(1.0)
    with pytest.raises(TypeError, match="`observables` must be a dictionary"):
        qubit(observables=[LOWER])


def test_bad_protocols():
    battery = qubit(controls=[LOWER + LOWER.T])
    with pytest.raises(ValueError, match="must be 1 pump protocol, one per control, but holds 0"):
        qb.charge(battery, None, [0.0, 1.0])
    with pytest.raises(TypeError, match="`protocol` must be 1 pump protocol, but is 3"):
        qb.charge(battery, 3.0, [0.0, 1.0])
    with pytest.raises(TypeError, match="`protocol` must be real"):
        qb.charge(battery, qb.protocols.Constant(1j), [0.0, 1.0])
    with pytest.raises(ValueError, match="`times` must be given"):
        qb.charge(battery, qb.protocols.Constant(1.0))
