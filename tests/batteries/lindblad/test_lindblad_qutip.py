"""Hamiltonians and jumps that move in time, given as QuTiP's users have them, against QuTiP."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt
from qutip.core.cy.coefficient import NormCoefficient, StrFunctionCoefficient

import qbjax as qb

# What users write for QuTiP mixes dtypes.
pytestmark = pytest.mark.standard_promotion

TIMES = np.linspace(0.0, 4.0, 9)
TLIST = np.linspace(0.0, 4.0, 17)
SZ, SX, SY, LOWER = qt.num(2), qt.sigmax(), qt.sigmay(), qt.destroy(2)
GOOD = {"dims": (2,), "cell": 0, "cell_hamiltonian": [0.0, 1.0]}


def smooth(t):
    return 0.7 * np.sin(1.3 * t) ** 2


def turning(t):
    return 0.5 * np.exp(-1.1j * t)


def named(t, strength, slope=0.0):
    return strength * np.cos(t) + slope * t


def named_one(t, strength=0.3):
    return named(t, strength)


def conjugate(t):
    return np.conj(turning(t))


DRIVEN = [0.8 * SZ, [SX, smooth]]
JUMP = [0.3 * LOWER]
COEFFICIENT = qt.coefficient(smooth)
EVOLVING = qt.QobjEvo([[LOWER, turning]])
STRING = StrFunctionCoefficient("sin(t)", {})

FORMS = {
    "a list with a NumPy function": DRIVEN,
    "a QobjEvo": qt.QobjEvo(DRIVEN),
    "a single pair": [SX, smooth],
    "arguments": qt.QobjEvo([SZ, [SX, named]], args={"strength": 0.4, "slope": 0.1}),
    "a spline": qt.QobjEvo([SZ, [SX, np.cos(2 * TLIST)]], tlist=TLIST),
    "steps": qt.QobjEvo([SZ, [SX, np.cos(TLIST)]], tlist=TLIST, order=0),
    "lines": qt.QobjEvo([SZ, [SX, np.cos(TLIST)]], tlist=TLIST, order=1),
    "a parabola": qt.QobjEvo([[SX, TLIST[:9] ** 3]], tlist=TLIST[:9], order=2),
    "sums and products": SZ * COEFFICIENT + SX * (COEFFICIENT * COEFFICIENT + COEFFICIENT),
    "squares": SX * NormCoefficient(qt.coefficient(turning)),
    "a constant among them": SX * (COEFFICIENT + qt.coefficient(0.3)),
    "a rotating drive": [SZ, [LOWER.dag(), turning], [LOWER, conjugate]],
    "its conjugate by QuTiP": EVOLVING + EVOLVING.dag(),
    "complex splines": [
        qt.QobjEvo([[LOWER, turning(TLIST)]], tlist=TLIST),
        qt.QobjEvo([[LOWER.dag(), conjugate(TLIST)]], tlist=TLIST),
    ],
    "two functions of one operator": [[SX, smooth], [SX, named_one]],
    "lists and QobjEvos together": [SZ, [SX, smooth], qt.QobjEvo([[SY, smooth]])],
    "nothing that moves": qt.QobjEvo(SX + SZ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_very_objects_of_a_qutip_script(form):
    """The same operator as QuTiP's at any time: within the knots, on them, beyond them."""
    H = FORMS[form]
    battery = qb.batteries.Lindblad(H, [], **GOOD)
    parts = H if isinstance(H, list) and form != "a single pair" else [H]
    for t in (-0.5, 0.0, 0.3, 1.0, 1.01, 3.99, 5.0):
        weights = battery.generator(t).coefficients
        ours = sum(w * H for w, H in zip(np.asarray(weights), battery.model.hamiltonians))
        theirs = sum(qt.QobjEvo(H)(t).full() for H in parts)
        np.testing.assert_allclose(ours.toarray(), theirs, rtol=0, atol=1e-12)


def test_a_run_is_that_of_mesolve():
    H = [*DRIVEN, *(FORMS[name] for name in ("lines", "steps", "a spline")), EVOLVING]
    H += [[LOWER.dag(), conjugate]]
    jumps = [[LOWER, turning], qt.QobjEvo([[SZ, smooth]]), qt.QobjEvo(0.2 * SX), 0.1 * LOWER]
    battery = qb.batteries.Lindblad(H, jumps, **GOOD)
    run = qb.charge(battery, None, TIMES)
    whole = sum((qt.QobjEvo(term) for term in H[1:]), qt.QobjEvo(H[0]))
    theirs = qt.mesolve(
        whole, qt.basis(2, 0), TIMES, jumps, e_ops=[qt.num(2)],
        options={"rtol": 1e-11, "atol": 1e-12, "max_step": 0.02},
    )  # fmt: skip
    np.testing.assert_allclose(run.energy, theirs.expect[0], rtol=0, atol=1e-7)
    assert np.ptp(theirs.expect[0]) > 0.1


def test_arrays_in_a_list_have_the_times_of_tlist():
    H = [SZ, [SX, np.sin(TLIST)]]
    listed = qb.batteries.Lindblad(H, [], tlist=TLIST, **GOOD)
    for t in (0.1, 1.7, 9.0):
        weights = np.asarray(listed.generator(t).coefficients)
        expected = qt.coefficient(np.sin(TLIST), tlist=TLIST)(t)
        np.testing.assert_allclose(weights, [1.0, expected.real], rtol=0, atol=1e-12)


def test_numbers_and_protocols_in_pairs():
    """A tuple is a number or pump protocol with an operator; its rate is no square."""
    pump = qb.protocols.PiecewiseConstant([0.5, 1.0], 4.0)
    sx, lower = SX.full(), LOWER.full()
    battery = qb.batteries.Lindblad([(0.3, SZ.full()), (pump, sx)], [(pump, lower)], **GOOD)
    control = qb.batteries.Lindblad(0.3 * SZ, [(pump, lower)], controls=[sx], **GOOD)
    runs = [qb.charge(battery, None, TIMES), qb.charge(control, pump, TIMES)]
    np.testing.assert_allclose(runs[0].energy, runs[1].energy, rtol=0, atol=1e-12)


def test_a_battery_s_own_signal_goes_on_while_it_stores():
    battery = qb.batteries.Lindblad([[SX, lambda t: 0.7 * jnp.sin(1.3 * t) ** 2]], [], **GOOD)
    half = qb.charge(battery, (), TIMES[:5])
    rest = qb.store(battery, half.final_state, TIMES[4:])
    angle = 0.35 * (TIMES - np.sin(2.6 * TIMES) / 2.6)
    for run, exact in ((half, angle[:5]), (rest, angle[4:])):
        np.testing.assert_allclose(run.energy, np.sin(exact) ** 2, rtol=0, atol=1e-7)
    assert battery.info()["signals of its own"] == "1 term of the Hamiltonian"
    with pytest.raises(ValueError, match="`battery` must"):
        qb.steady_state(battery)


def test_a_battery_s_own_signal_is_differentiated():
    class Drive(qb.protocols.Pump):
        strength: jax.Array

        def signal(self, time):
            return self.strength * jnp.sin(time)

        def edges(self):
            return None

        def check_times(self, times):
            return None

        is_complex = False
        is_piecewise_constant = False
        peak = property(lambda self: self.strength)

    def energy(g):
        battery = qb.batteries.Lindblad([(Drive(jnp.asarray(g)), SX.full())], [], **GOOD)
        return qb.charge(battery, None, [0.0, 2.0], adjoint="forward").energy[-1]

    area = 1 - np.cos(2.0)
    energies = jax.jvp(energy, (0.4,), (1.0,))
    exact = np.sin(0.4 * area) ** 2, area * np.sin(0.8 * area)
    np.testing.assert_allclose(energies, exact, rtol=0, atol=1e-8)


BAD = [
    ([[SX, "sin(t)"]], {}, r"`hamiltonian\[0\]\[1\]` .* but is the string 'sin\(t\)'"),
    (STRING * SX, {}, r"`hamiltonian\[1\]` .* compiled by QuTiP from a string"),
    ([[SX, np.sin(TLIST)]], {}, "`tlist` must be given for the array"),
    ([[SX, np.sin(TLIST)]], {"tlist": TLIST[1:]}, r"must have shape \(16,\)"),
    ([[SX, 2.0]], {}, r"a constant goes into a tuple, \(number, operator\)"),
    ([[SX, None]], {}, "a function of time, an array on `tlist` or a pump protocol"),
    ([[SX, lambda t: [t, t]]], {}, r"`hamiltonian\[0\]\[1\]` must return one number"),
    ([[SX, lambda t: 1.0 if t < 1 else 0.0]], {}, "jnp.where for `if`"),
    ([[SX, lambda t: np.cos(t) if t > 1 and np.sin(t) else 0.0]], {}, "jnp.where for `if`"),
    ([[SX, named]], {}, "bind other arguments"),
    ([(smooth, SX)], {}, r"write qb.protocols.Function\(f, duration\), or \[operator, f\]"),
    ([(qb.protocols.Constant(qb.free(1.0)), SX)], {}, "must hold plain numbers, but one is free"),
    (qt.QobjEvo(lambda t: t * SX), {}, "a function that returns operators"),
    (SX, {"controls": [qt.QobjEvo([[SX, smooth]])]}, r"`controls\[0\]` must be constant in time"),
    (SX, {"jumps": [qt.QobjEvo([SX, [SZ, smooth]])]}, r"`jumps\[0\]` .*QobjEvo of 2 terms"),
]


@pytest.mark.parametrize(("hamiltonian", "changes", "message"), BAD)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_cannot_be_taken_has_a_sentence(hamiltonian, changes, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        qb.batteries.Lindblad(hamiltonian, **{"jumps": [], **GOOD, **changes})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "hamiltonian",
    [
        [[LOWER, smooth]],
        [[SX, turning]],
        [[LOWER, turning], [LOWER.dag(), turning]],
        # Hermitian until half of the run.
        [[SX, lambda t: jnp.where(t < 2.0, 1.0, 1.0 + 0.1j)]],
    ],
)
def test_the_sum_must_be_hermitian_during_the_run(hamiltonian):
    battery = qb.batteries.Lindblad([SZ, *hamiltonian], [], **GOOD)
    with pytest.raises(ValueError, match="`hamiltonian` must be Hermitian at all times, but at"):
        qb.charge(battery, None, TIMES)
