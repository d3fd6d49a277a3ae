"""What the Bloch charger has beyond the paper's: QuTiP, closed forms, gradients, refusals."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.batteries.bloch import exact as bloch_exact
from tests.helpers import EXACT, GRADIENT, tree_allclose

REFERENCE = 1e-9
"""QuTiP at tolerances of 1e-12."""

J, GAMMA, OMEGA = 1.2, 0.7, 2.0
CASES = {
    "detuned": {"detuning": -0.8},
    "a lossy cell": {"cell_decay": 0.4},
    "a warm charger": {"thermal": 0.3},
    "a warm cell": {"cell_decay": 0.4, "cell_thermal": 0.6},
    "dephasing": {"dephasing": 0.5, "cell_dephasing": 0.2},
    "counter-rotating": {"counter_rotating": True},
    "everything": {
        "detuning": 0.5, "thermal": 0.2, "dephasing": 0.3, "cell_decay": 0.1, "cell_thermal": 0.4,
        "cell_dephasing": 0.6, "counter_rotating": True,
    },
}  # fmt: skip
B, A = qt.tensor(qt.destroy(2), qt.qeye(2)), qt.tensor(qt.qeye(2), qt.destroy(2))
CELL = np.array([[0.8, 0.2 - 0.1j], [0.2 + 0.1j, 0.2]])
TIMES = [0.0, 0.6, 1.7]


def by_qutip(charger, shape=None, edges=(), **numbers):
    """States of the pair by `mesolve`, span by span between edges of u(t), the `shape`."""
    given = (
        dict.fromkeys(
            ("detuning", "thermal", "dephasing", "cell_decay", "cell_thermal", "cell_dephasing"),
            0.0,
        )
        | numbers
    )
    levels = (OMEGA + given["detuning"]) * A.dag() * A + OMEGA * B.dag() * B
    coupling = A.dag() * B + B.dag() * A
    if numbers.get("counter_rotating"):
        coupling = (A + A.dag()) * (B + B.dag())
    jumps = []
    for s, lost, heat, turned in (
        (A, GAMMA, given["thermal"], given["dephasing"]),
        (B, given["cell_decay"], given["cell_thermal"], given["cell_dephasing"]),
    ):
        jumps += [np.sqrt(lost * (heat + 1)) * s, np.sqrt(lost * heat) * s.dag()]
        jumps.append(np.sqrt(2 * turned) * s.dag() * s)
    states = [qt.tensor(qt.Qobj(CELL), qt.Qobj(np.asarray(charger.density_matrix())))]
    options = {"method": "dop853", "rtol": 1e-12, "atol": 1e-13}
    stops = sorted({*TIMES, *(t for t in edges if 0 < t < TIMES[-1])})
    for a, b in itertools.pairwise(stops):

        def u(t, inside=(a + 1e-9, b - 1e-9)):
            return 1.0 if shape is None else shape(np.clip(t, *inside))

        span = qt.mesolve([levels, [J * coupling, u]], states[-1], [a, b], jumps, options=options)
        states.append(span.states[-1])
    return [states[stops.index(t)] for t in TIMES]


@pytest.mark.parametrize("case", CASES)
def test_qutip(case):
    """A mixed charger, a cell that holds something: the pair, in the frame at rest."""
    battery = qb.batteries.BlochCharger(J, GAMMA, OMEGA, **CASES[case])
    charger = qb.protocols.BlochPreparation(2.0, 0.4, length=0.7)
    run = qb.charge(battery, charger, TIMES, initial=CELL, states="all")
    expected = by_qutip(charger, **CASES[case])
    found = np.stack([s.full() for s in expected])
    assert tree_allclose(run.states, found, rtol=0, atol=REFERENCE)
    b, a = ([s.ptrace(k) for s in expected] for k in (0, 1))
    low, high = np.array([s.eigenenergies() for s in b]).T
    assert tree_allclose(run.passive_energy, OMEGA * low, rtol=0, atol=REFERENCE)
    assert tree_allclose(run.active_energy, OMEGA * high, rtol=0, atol=REFERENCE)
    assert tree_allclose(run.passive_power[1:], OMEGA * low[1:] / TIMES[1:], rtol=0, atol=REFERENCE)
    assert tree_allclose(run.active_power[1:], OMEGA * high[1:] / TIMES[1:], rtol=0, atol=REFERENCE)
    left = (OMEGA + CASES[case].get("detuning", 0.0)) * np.array([s.diag()[1] for s in a])
    assert tree_allclose(run.charger_energy, left, rtol=0, atol=REFERENCE)
    assert tree_allclose(run.energy, OMEGA * np.array([s.diag()[1] for s in b]), rtol=REFERENCE)
    # QuTiP takes roots of rounding.
    for i, s in enumerate(expected):
        assert tree_allclose(run.concurrence[i], qt.concurrence(s), rtol=0, atol=1e-6)


def test_passive_and_active_of_the_figures():
    """Fig. 3 at t_E/2: passive + ergotropy = energy; at θ = π it is ω(1 − |cos 2Jt|)/2."""
    run = qb.charge(qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(np.pi), [0.0, 0.7])
    passive = (1 - abs(np.cos(1.4))) / 2
    assert tree_allclose(run.passive_energy[1], passive, rtol=EXACT)
    assert tree_allclose(run.energy - run.ergotropy, run.passive_energy, rtol=0, atol=EXACT)
    assert tree_allclose(run.energy - run.antiergotropy, run.active_energy, rtol=0, atol=EXACT)
    assert tree_allclose(run.passive_power[1], passive / 0.7, rtol=EXACT)
    assert run.to_xarray()["passive_power"].attrs["units"] == "omega_b J"


@pytest.mark.slow
def test_storing_and_discharging():
    """The cell alone keeps its own noise; the charger's does not reach it."""
    numbers = CASES["everything"]
    battery = qb.batteries.BlochCharger(J, GAMMA, OMEGA, **numbers)
    charger = qb.protocols.BlochPreparation(2.0, 0.4)
    run = qb.charge(battery, charger, [0.0, 1.0])
    kept = qb.store(battery, run.final_state, [0.0, 1.5], states="cell")
    lost, heat, turned = (numbers[f"cell_{name}"] for name in ("decay", "thermal", "dephasing"))
    s = qt.destroy(2)
    jumps = [np.sqrt(lost * (heat + 1)) * s, np.sqrt(lost * heat) * s.dag()]
    jumps.append(np.sqrt(2 * turned) * s.dag() * s)
    options = {"method": "dop853", "rtol": 1e-12, "atol": 1e-13}
    start = qt.Qobj(np.asarray(battery.cell(run.final_state)))
    expected = qt.mesolve(OMEGA * s.dag() * s, start, [0.0, 1.5], c_ops=jumps, options=options)
    assert tree_allclose(kept.states[-1], expected.states[-1].full(), rtol=0, atol=REFERENCE)
    load = qb.loads.TwoLevel(1e-9, frequency=OMEGA)  # as good as none
    out = qb.discharge(battery, run.final_state, load, [0.0, 1.5])
    assert tree_allclose(out.energy[-1], kept.energy[-1], rtol=0, atol=1e-7)


NUMBERS = ("detuning", "thermal", "dephasing", "cell_decay", "cell_thermal", "cell_dephasing")


def test_gradients():
    """By every number and by the preparation, in reverse and forward, against differences."""
    start = jnp.array([1.2, 0.7, 2.0, 0.5, 0.2, 0.3, 0.1, 0.4, 0.6, 2.0, 0.4, 0.7])

    def total(x, adjoint="reverse"):
        given = dict(zip(NUMBERS, x[3:9], strict=True))
        battery = qb.batteries.BlochCharger(*x[:3], counter_rotating=True, **given)
        charger = qb.protocols.BlochPreparation(x[9], x[10], x[11])
        run = qb.charge(battery, charger, [0.0, 1.7], adjoint=adjoint)
        return run.ergotropy[-1] + 2 * run.passive_power[-1] + run.charger_energy[-1]

    back = jax.jit(jax.grad(total))(start)
    forth = jax.jit(jax.jacfwd(lambda x: total(x, "forward")))(start)
    values = jax.jit(jax.vmap(total))  # of all differences in one program
    steps = np.array([2, 1, -1, -2])[:, None, None] * 1e-3 * np.eye(start.size)
    values = values((np.asarray(start) + steps).reshape(-1, start.size)).reshape(4, -1)
    differences = (8 * (values[1] - values[2]) - values[0] + values[3]) / 12e-3
    assert tree_allclose(back, differences, rtol=GRADIENT)
    assert tree_allclose(forth, back, rtol=1e-9)


@pytest.mark.slow
def test_zero_keeps_a_term_that_can_be_differentiated():
    """Left out, or a zero that stays: one answer; the slope at zero is one-sided but right."""
    charger = qb.protocols.BlochPreparation(1.0)

    def energy(decay):
        battery = qb.batteries.BlochCharger(cell_decay=decay)
        return qb.charge(battery, charger, [0.0, 1.0]).energy[-1]

    slope = jax.grad(energy)(jnp.asarray(0.0))
    ahead = np.array([float(energy(jnp.asarray(k * 1e-4))) for k in range(4)])
    assert tree_allclose(energy(0), energy(jnp.asarray(0.0)), rtol=EXACT)
    assert tree_allclose(slope, ahead @ [-11, 18, -9, 2] / 6e-4, rtol=GRADIENT)


SHAPES = {
    "segments": (
        qb.protocols.PiecewiseConstant([1.0, -0.4, 0.7], 1.5, start=0.15),
        lambda t: np.array([0, 1, -0.4, 0.7, 0])[np.searchsorted([0.15, 0.65, 1.15, 1.65], t)],
        0.65,
    ),
    "a function": (
        qb.protocols.Function(lambda t: jnp.sin(3.0 * t), 1.7),
        lambda t: np.sin(3 * t),
        (1 - np.cos(5.1)) / 3,
    ),
}
"""Envelopes, the same for QuTiP, and their areas."""


@pytest.mark.parametrize("shape", ["segments", pytest.param("a function", marks=pytest.mark.slow)])
def test_an_envelope(shape):
    """u(t) multiplies J: QuTiP with all terms; on resonance all depends on the area alone."""
    envelope, u, area = SHAPES[shape]
    charger = qb.protocols.BlochPreparation(2.0, 0.4, 0.7, envelope)
    battery = qb.batteries.BlochCharger(J, GAMMA, OMEGA, **CASES["everything"])
    run = qb.charge(battery, charger, TIMES, initial=CELL, states="all")
    edges = np.asarray(envelope.edges()).tolist()
    expected = by_qutip(charger, u, edges, **CASES["everything"])[-1].full()
    # The default solver's accuracy where the envelope moves.
    assert tree_allclose(run.states[-1], expected, rtol=0, atol=1e-7)
    plain = qb.batteries.BlochCharger(J)
    run = qb.charge(plain, charger, TIMES)
    expected = bloch_exact.energy(plain, 2.0, area, length=0.7)
    assert tree_allclose(run.energy[-1], expected, rtol=0, atol=1e-7)


@pytest.mark.slow
@pytest.mark.standard_promotion  # optax's L-BFGS
def test_the_best_envelope_under_a_bound():
    """Detuned, J turned round every half period: N arcs reach sin²(Nα), tan α = 2J/δ.

    The search finds it, from below; a constant J stays at sin²α.
    """
    J, delta, arcs = 1.0, 5.0, 3
    battery = qb.batteries.BlochCharger(J, detuning=delta)
    duration = arcs * np.pi / np.hypot(2 * J, delta)

    def energy(protocol, battery=battery):
        return qb.charge(battery, protocol, [0.0, duration]).energy[-1]

    def charger(values):
        envelope = qb.protocols.PiecewiseConstant(values, duration)
        return qb.protocols.BlochPreparation(np.pi, envelope=envelope)

    alpha = np.arctan(2 * J / delta)
    best = qb.maximize(energy, charger(qb.free(np.array([0.9, 0.1, 0.4]), -1.0, 1.0)), steps=60)
    assert tree_allclose(best.value, np.sin(arcs * alpha) ** 2, rtol=0, atol=1e-6)
    signs = np.asarray(best.protocol.envelope.amplitudes)
    assert tree_allclose(signs, np.array([1.0, -1.0, 1.0]), rtol=0, atol=1e-3)
    constant = [float(energy(charger(np.full(arcs, u)))) for u in np.linspace(0.1, 1, 10)]
    assert max(constant) <= np.sin(alpha) ** 2 + 1e-9


BAD = {
    "a negative rate": ({"cell_decay": -0.1}, ValueError, "`cell_decay` must be at least 0"),
    "a list": ({"detuning": [1.0]}, ValueError, "`detuning` must be a single number"),
    "a number for a flag": ({"counter_rotating": 1}, TypeError, "must be True or False, but is 1"),
    "heat below zero": ({"thermal": -1}, ValueError, "`thermal` must be at least 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_numbers(case):
    numbers, error, words = BAD[case]
    with pytest.raises(error, match=words):
        qb.batteries.BlochCharger(**numbers)


def test_states_know_which_terms_there_were():
    """The same count of numbers, of other terms."""
    charger = qb.protocols.BlochPreparation(1.0)
    warm, lossy = (
        qb.batteries.BlochCharger(1.0, 0.1, **{name: 0.2}) for name in ("thermal", "cell_decay")
    )
    state = qb.charge(warm, charger, [0.0, 1.0]).final_state
    words = r"State of this battery BlochCharger\(cell_decay\), but was made by .*\(thermal\)"
    with pytest.raises(ValueError, match=words):
        qb.store(lossy, state, [0.0, 1.0])
    assert warm.info()["frame"] == "rotating with the cell"
    assert warm.info()["numbers"].count("0.2") == 1


def test_a_caller_s_jit_keeps_what_was_left_out():
    """Plain zeros become arrays in it, but drop their terms as before."""
    battery = qb.batteries.BlochCharger(detuning=0.3)
    charger, formula = qb.protocols.BlochPreparation(1.0), bloch_exact.ergotropy
    inside = jax.jit(
        lambda b: (qb.charge(b, charger, [0.0, 1.0]).ergotropy[-1], formula(b, 1.0, 1.0))
    )
    expected = formula(battery, 1.0, 1.0)
    assert tree_allclose(inside(battery), (expected, expected), rtol=EXACT)


def test_an_envelope_must_overlap_the_times():
    late = qb.protocols.PiecewiseConstant([1.0], 1.0, start=5.0)
    charger = qb.protocols.BlochPreparation(1.0, envelope=late)
    with pytest.raises(ValueError, match="`times` must overlap the pulse"):
        qb.charge(qb.batteries.BlochCharger(), charger, [0.0, 1.0])
