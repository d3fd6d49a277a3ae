"""What slipped through the front door once, case by case, and what must go on passing."""

import decimal

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas
import pytest
import xarray

import qbjax as qb
from qbjax import _memory
from qbjax.protocols import Collisions, Constant, PiecewiseConstant, SwitchOff
from qbjax.strategies.growth import UnboundedWarning
from tests.front_door.doors import DOPO, LEVELS, LOWER, QUBIT, SX, TIMES
from tests.front_door.verb_doors import FREE, concave

# optax's L-BFGS adds int32 to int64, and users mix dtypes.
pytestmark = pytest.mark.standard_promotion

WITHOUT_CELL = qb.batteries.Lindblad(np.diag(LEVELS), [(0.1, LOWER)], dims=(2,), controls=[SX])


def charged(**options):
    return qb.charge(QUBIT, Constant(1.0), TIMES, **options)


def lindblad(**changes):
    good = {"dims": (2,), "cell": 0, "cell_hamiltonian": LEVELS}
    return qb.batteries.Lindblad(np.diag(LEVELS), [], **good | changes)


def searched(objective=concave, protocol=FREE, **options):
    return qb.maximize(objective, protocol, **options)


CASES = {
    "a state of another battery, without a cell": (
        lambda: qb.store(WITHOUT_CELL, QUBIT.start(), TIMES),
        r"`initial` must be a State of this battery Lindblad\(\(2,\), \(\), ",
    ),
    "a battery that is a word": (lambda: searched(battery="x"), "`battery` must be a qb.batteries"),
    "progress that is a number": (lambda: searched(progress=3), "`progress` must be callable"),
    "no optimiser": (lambda: searched(optimizer=None), "`optimizer` must be an optax optimiser"),
    "an optimiser's name": (lambda: searched(optimizer="adam"), "but is 'adam'"),
    "an optimiser not called": (lambda: searched(optimizer=optax.adam), "`optimizer` must be an"),
    "a seed": (lambda: searched(key=3), r"`key` must be a key such as .*, but is 3"),
    "no objective": (lambda: searched(None), "`objective` must be callable as objective"),
    "single precision": (lambda: searched(lambda p: jnp.float32(1)), "but returns float32"),
    "a vector": (lambda: searched(lambda p: jnp.ones(3)), r"but returns float64 of shape \(3,\)"),
    "complex": (lambda: searched(lambda p: 1j * p.amplitude), "but returns complex128"),
    "a whole number": (lambda: searched(lambda p: 3), "a real scalar of double precision, but"),
    "text": (lambda: searched(lambda p: "E"), "returns 'E'"),
    "NaN": (lambda: searched(lambda p: p.amplitude * jnp.nan), "must be finite at the start"),
    "bounds that are a list": (lambda: qb.free([0, 0], [-1, -2, -3], 1), "`low` must be a single"),
    "controls that are None": (lambda: lindblad(controls=None), "`controls` must be a list of"),
    "controls that are a number": (lambda: lindblad(controls=3), "`controls` must be a list of"),
    "a million levels": (lambda: qb.batteries.DOPO(10**6, 5), "small enough for the .* GiB"),
    "2**63 levels": (lambda: qb.batteries.DOPO(2**63, 5), "at least 2 and at most 9.22337e"),
    "many spins": (lambda: qb.batteries.SpinChain(40), "`spins` must be small enough"),
    "saved text": (lambda: charged(save=lambda t, s: "E"), "`save` must return arrays of real num"),
    "saved complex numbers": (lambda: charged(save=lambda t, s: 1j * t), "real and imaginary part"),
    "saved None": (lambda: charged(save=lambda t, s: {"a": None}), "but one is None"),
    "masked times": (
        lambda: qb.charge(QUBIT, Constant(1.0), np.ma.masked_array(TIMES, [False, True])),
        "`times` must be an array without a mask",
    ),
    "a tolerance of two": (lambda: qb.Solver(rtol=2), "`rtol` must be at least 1e-14 and at most"),
    "a tolerance below rounding": (lambda: qb.Solver(rtol=1e-30), "`rtol` must be at least 1e-14"),
    "off before it is on": (lambda: SwitchOff(1.0, -1.0), "`time` must be at least 0"),
    "no collisions": (lambda: Collisions([]), "`theta` must hold at least one number"),
    "a bare number": (lambda: qb.charge(QUBIT, 3.0, TIMES), r"3.0: write qb.protocols.Constant\("),
    "a bare function": (
        lambda: qb.charge(DOPO, lambda t: t, TIMES),
        r": write qb.protocols.Function\(function, duration\)",
    ),
    "numbers among protocols": (
        lambda: qb.charge(QUBIT, [3.0], TIMES),
        r"3.0: write qb.protocols.Constant\(",
    ),
    "a decimal": (lambda: Constant(decimal.Decimal(1)), "`amplitude` must be made of numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_slipped_through_has_a_sentence(case):
    call, words = CASES[case]
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        call()
    text = str(caught.value).split("\n-----")[0]  # JAX adds a note to what is raised in a trace
    assert "\n" not in text
    assert text.endswith(".")
    assert len(text) < 320


def test_arrays_of_other_libraries_are_numbers():
    series, labelled = pandas.Series(TIMES), xarray.DataArray(TIMES, dims="t")
    for times in (tuple(TIMES), np.asarray(TIMES), jnp.asarray(TIMES), series, labelled, range(2)):
        assert qb.protocols.Sampled(times, [0.0, 1.0]).times.tolist() == TIMES
    for number in (3, np.int64(3), np.float64(3.0), np.array(3.0), jnp.asarray(3), jnp.float64(3)):
        assert float(Constant(number).amplitude) == 3.0
    assert qb.batteries.DOPO(np.int64(4), jnp.asarray(2)).signal_levels == 4


def test_a_saved_number_of_any_real_kind_passes():
    run = charged(save=lambda t, state: {"t": t, "n": jnp.int32(3), "one": 1.0})
    assert run.saved["t"].tolist() == TIMES
    assert run.saved["n"].tolist() == [3, 3]


def test_memory_is_asked_for(monkeypatch):
    monkeypatch.setattr(_memory, "here", lambda: 1e6)
    with pytest.raises(ValueError, match=r"memory here, but is \(40, 40\)"):
        qb.batteries.Oscillators((40, 40))
    with pytest.raises(ValueError, match=r"`levels` must be small enough .* but is 400"):
        qb.algebra.operators.destroy(400)
    qb.batteries.DOPO(10, 4)


@pytest.mark.parametrize("objective", [lambda x: x, lambda x: x**3], ids=["line", "cubic"])
def test_a_search_that_runs_away_says_so(objective):
    with pytest.warns(UnboundedWarning, match="without bounds has gone from 1 to"):
        best = qb.maximize(objective, qb.free(1.0), steps=8)
    assert float(best.protocol) > 1e3


def test_a_search_that_ends_says_nothing():
    """Bounded above, or bounded by its own maximum, however far; or by a bound."""
    far = qb.maximize(lambda x: -((x / 1e6 - 1.0) ** 2), qb.free(0.0))
    assert float(far.protocol) == pytest.approx(1e6, rel=1e-3)
    assert float(qb.maximize(lambda x: x, qb.free(0.0, -1.0, 2.0)).protocol) == pytest.approx(2.0)


def test_a_pulse_s_bare_values_are_never_taken_for_a_protocol():
    with pytest.raises(TypeError, match="`protocol` must be"):
        qb.charge(DOPO, PiecewiseConstant, TIMES)
    with pytest.raises(TypeError, match="known before compilation"):
        jax.jit(lambda x: qb.Solver(rtol=x).rtol)(1e-8)
