"""What a Lindblad battery refuses, and how it says so."""

import jax
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from tests.batteries.lindblad.test_lindblad import LOWER, qubit

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


def test_a_state_of_other_rates_in_time():
    pumps = [qb.protocols.PiecewiseConstant([0.5, x], 2.0) for x in (0.1, 0.2)]
    one, other = (qubit([(pump, LOWER)]) for pump in pumps)
    assert one.start(one.start()) is not None
    with pytest.raises(ValueError, match=r"was made with other parameters: .*\[0.5, 0.1\].*"):
        other.start(one.start())


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


def test_rates_in_time_are_rates():
    pump = qb.protocols.PiecewiseConstant([0.5, -0.1], 2.0)
    with pytest.raises(
        ValueError, match=r"`jumps\[0\]\[0\]` must be at least 0, but falls to -0.1"
    ):
        qubit([(pump, LOWER)])
    with pytest.raises(TypeError, match="must hold plain numbers, but one is free"):
        qubit([(qb.protocols.Constant(qb.free(0.5, 0.0, 1.0)), LOWER)])
    with pytest.raises(TypeError, match="must be a real signal"):
        qubit([(qb.protocols.Constant(1j), LOWER)])
    late = qubit([(qb.protocols.SwitchOff(0.5, 50.0), LOWER)])
    with pytest.raises(ValueError, match="`time` of SwitchOff must lie within the times"):
        qb.charge(late, None, [0.0, 2.0])
    one, other = (qubit([(qb.protocols.Constant(g), LOWER)]) for g in (0.1, 0.9))
    state = qb.charge(one, None, [0.0, 1.0]).final_state
    with pytest.raises(ValueError, match="made with other parameters"):
        other.cell(state)


def test_names_that_are_free():
    """Also those that a run uses within."""
    own = dict.fromkeys(("trace", "cell", "own"), np.diag([0.0, 1.0]))
    run = qb.charge(qubit(observables=own), None, [0.0, 1.0], initial=np.diag([0.25, 0.75]))
    assert float(run.trace_defect[0]) < 1e-15
    assert [float(run.observables[name][0]) for name in own] == [0.75] * 3


@pytest.mark.parametrize(
    "name", ["energy", "trace_defect", "mode", "times", "states", "dims", "gap"]
)
def test_names_that_are_taken(name):
    with pytest.raises(ValueError, match=f"'{name}' is taken"):
        qubit(observables={name: np.eye(2)})


def test_other_libraries_states_and_levels():
    battery = qb.batteries.Lindblad(
        qt.sigmax(), [], dims=(2,), cell=0, cell_hamiltonian=qt.num(2), initial=qt.basis(2, 1),
        conserved=None,
    )  # fmt: skip
    assert battery.start().layout.pure
    assert float(qb.charge(battery, None, [0.0, 0.1]).energy[0]) == pytest.approx(1.0)
    same = qb.batteries.Lindblad(
        qt.num(2), [], dims=(2,), cell=0, cell_hamiltonian=[0.0, 1.0], conserved=qt.num(2)
    )
    assert same.model.charge.tolist() == [0.0, 1.0]


def test_charges_are_told_apart_whatever_their_size():
    """Two numbers in one: coherence between neighbours is kept."""
    q = np.add.outer(1e6 * np.arange(2), np.arange(2)).ravel()
    ket = np.array([0.0, 0.0, 1.0, 1.0]) / np.sqrt(2)
    battery = qb.batteries.Lindblad(
        np.zeros((4, 4)), [(0.0, np.eye(4)), (1e-9, np.diag([0.0, 1.0, 2.0, 3.0]))], dims=(2, 2),
        cell=1, cell_hamiltonian=np.arange(2.0), conserved=q, initial=ket,
    )  # fmt: skip
    assert not battery.start().layout.sectored
    assert float(qb.charge(battery, None, [0.0, 0.1]).ergotropy[0]) == pytest.approx(0.5)


def test_rounding_in_an_operator_is_no_element():
    H = np.diag([0.0, 1.0]) + 1e-17 * np.array([[0.0, 1.0], [1.0, 0.0]])
    battery = qb.batteries.Lindblad(H, [], conserved=[0.0, 1.0], **GOOD)
    assert battery.model.hamiltonians[0].nnz == 1


def test_a_cell_counts_in_the_order_given():
    """Factors (1, 0): the second one's level is the slow index."""
    levels = np.array([0.0, 1.0, 10.0, 11.0, 20.0, 21.0])
    battery = qb.batteries.Lindblad(
        np.zeros((6, 6)), [], dims=(2, 3), cell=(1, 0), cell_hamiltonian=levels,
        initial=np.kron([0.0, 1.0], [1.0, 0.0, 0.0]),
    )  # fmt: skip
    assert float(qb.charge(battery, None, [0.0, 1.0]).energy[0]) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="`cell` must name at least one factor"):
        qb.batteries.Lindblad(np.eye(2), [], **{**GOOD, "cell": ()})


def test_no_operators_at_all():
    battery = qb.batteries.Lindblad([], [], initial=np.array([0.0, 1.0]), **GOOD)
    assert float(qb.charge(battery, None, [0.0, 1.0]).energy[-1]) == pytest.approx(1.0)
