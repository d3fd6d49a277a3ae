"""Discharge by a second stream: QuTiP, gradients, limits, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.repeated import cascade, cycle, exchange
from tests.ancilla_stream import by_qutip
from tests.helpers import EXACT, GRADIENT, REFERENCE, central_difference, tree_allclose

SPIN, QUBIT = qb.algebra.ladders.spin(1), qb.algebra.ladders.spin(1 / 2)
RHO_Q = np.array([[0.3, 0.2 - 0.3j], [0.2 + 0.3j, 0.7]])
EMPTY = np.diag([0.9, 0.1]).astype(complex)
IN, OUT = np.array([0.5, 0.8]), np.array([0.9, 0.6, 0.4])


def test_a_cycle_is_qutip_s():
    battery = cascade(SPIN, QUBIT, loss=0.1)
    done = cycle(battery, qb.protocols.Ancillas(IN, RHO_Q), qb.protocols.Ancillas(OUT, EMPTY))
    G, jumps = exchange(SPIN, QUBIT), [(0.1, SPIN.lowering)]
    theta, states = np.concatenate([IN, OUT])[:, None], [RHO_Q] * 2 + [EMPTY] * 3
    _, first = by_qutip(G, SPIN.levels, QUBIT.levels, jumps, theta[:2], states[:2], 1)
    seen, both = by_qutip(G, SPIN.levels, QUBIT.levels, jumps, theta, states, 1)
    assert float(done.unused_ergotropy) == pytest.approx(first["left_ergotropy"], rel=REFERENCE)
    gained = both["left_ergotropy"] - first["left_ergotropy"]
    assert float(done.delivered_ergotropy) == pytest.approx(gained, rel=REFERENCE)
    share = gained / first["spent_ergotropy"]
    assert float(done.efficiency) == pytest.approx(share, rel=REFERENCE)
    assert tree_allclose(np.asarray(battery.cell(done.state)), seen[-1], rtol=REFERENCE)
    assert abs(float(done.switching_work)) < EXACT
    again = cycle(
        battery, qb.protocols.Ancillas(IN, RHO_Q), qb.protocols.Ancillas(OUT, EMPTY),
        initial=done.state,
    )  # fmt: skip
    assert float(again.stored_ergotropy) > float(done.stored_ergotropy)


def test_one_stream_of_two_kinds_is_both():
    battery = cascade(SPIN, QUBIT)
    kinds = np.stack([RHO_Q] * 2 + [EMPTY] * 3)
    run = qb.charge(battery, qb.protocols.Ancillas(np.concatenate([IN, OUT]), kinds))
    done = cycle(battery, qb.protocols.Ancillas(IN, RHO_Q), qb.protocols.Ancillas(OUT, EMPTY))
    gained = run.left_ergotropy[-1] - run.left_ergotropy[2]
    assert float(gained) == pytest.approx(float(done.delivered_ergotropy), rel=EXACT)


FULL = np.pi / 2 / np.sqrt(np.arange(1.0, 11.0))
PURE = [
    *(1.5708, 0.9532, 0.7349, 0.6167, 0.5400, 0.4856, 0.4445, 0.4123, 0.3861, 0.3643),
    *(0.4645, 0.4892, 0.5186, 0.5543, 0.5991, 0.6574, 0.7379, 0.8591, 1.0709, 1.5599),
]
# Angles, q and c, the efficiency of the first cycle and that of the twelfth.
TEN = {
    "excited, one angle": (np.repeat([0.7783, 0.6807], 10), (0.0, 0.0), 0.5166, 0.5586),
    "excited, own angles": (np.concatenate([FULL, FULL[::-1]]), (0.0, 0.0), 1.0, 1.0),
    "pure, one angle": (np.repeat([0.5564, 0.6469], 10), (0.5, 1.0), 0.7358, 0.8140),
    "pure, own angles": (np.array(PURE), (0.5, 1.0), 0.9400, 0.9431),
}


def test_what_ten_qubits_give_back():
    """The numbers of `optimize/second_stream.py`, and after a dozen cycles; one by QuTiP."""
    ladder = qb.algebra.ladders.oscillator(24)
    battery, found = cascade(ladder, QUBIT), {}
    for name, (theta, (q, c), *_) in TEN.items():
        charging = qb.protocols.Ancillas.with_weights(theta[:10], [q, 1 - q], c)
        empty = qb.protocols.Ancillas.with_weights(theta[10:], [1.0, 0.0])
        cycles = [cycle(battery, charging, empty)]
        for _ in range(11):
            cycles.append(cycle(battery, charging, empty, initial=cycles[-1].state))
        found[name] = [round(float(cycles[k].efficiency), 4) for k in (0, -1)]
    assert found == {name: list(known) for name, (_, _, *known) in TEN.items()}
    states = [np.full((2, 2), 0.5)] * 10 + [np.diag([1.0, 0.0])] * 10
    G, levels = exchange(ladder, QUBIT), (ladder.levels, QUBIT.levels)
    theta = TEN["pure, one angle"][0][:, None]
    _, whole = by_qutip(G, *levels, [], theta, states, 1)
    _, first = by_qutip(G, *levels, [], theta[:10], states[:10], 1)
    share = (whole["left_ergotropy"] - first["left_ergotropy"]) / first["spent_ergotropy"]
    assert share == pytest.approx(0.7358, abs=5e-5)


def test_gradients():
    battery = cascade(SPIN, QUBIT)

    def efficiency(angle):
        charging = qb.protocols.Ancillas(angle * IN, RHO_Q)
        done = cycle(battery, charging, qb.protocols.Ancillas(angle * OUT, EMPTY))
        return done.efficiency, done.efficiency

    both = jax.jit(jax.grad(efficiency, has_aux=True))
    difference = central_difference(lambda x: both(x)[1], 1.0)
    assert tree_allclose(both(jnp.ones(()))[0], difference, rtol=GRADIENT)


def test_nothing_spent_has_no_efficiency():
    ground = qb.protocols.Ancillas([0.3], [1.0, 0.0])
    assert np.isnan(cycle(cascade(QUBIT, QUBIT), ground, ground).efficiency)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"battery": qb.batteries.Collisional(SPIN)}, "`battery` must be a .*RepeatedInteractions"),
        ({"charging": qb.protocols.Collisions([0.1])}, "`charging` must be .*Ancillas"),
        ({"discharging": None}, "`discharging` must be .*Ancillas"),
    ],
)
def test_what_is_refused(change, words):
    ground = qb.protocols.Ancillas([0.3], [1.0, 0.0])
    given = {"battery": cascade(SPIN, QUBIT), "charging": ground, "discharging": ground}
    with pytest.raises(TypeError, match=words):
        cycle(**{**given, **change})
