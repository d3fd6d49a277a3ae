"""No protocol wins because its battery was cut: toys whose truncation flatters and spoils."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.strategies import verification
from qbjax.strategies.verification import VerificationWarning
from tests.hills import Cut, cut, flattering

pytestmark = pytest.mark.standard_promotion


def search(start=-1.2, battery=None, **how):
    battery = cut() if battery is None else battery
    return qb.maximize(flattering, qb.free(start, -4.0, 4.0), battery=battery, **how)


def test_a_flattered_winner_is_told():
    with pytest.warns(VerificationWarning) as told:
        best = search(starts=6)
    assert float(best.protocol) == pytest.approx(-1, abs=0.01)
    assert best.is_verified is False
    assert best.verification.levels == ("8", "12")
    assert best.moved == pytest.approx(float(best.value - best.verified_value))
    (warning,) = told
    assert str(warning.message) == (
        f"The best value does not stand: it is {float(best.value):.9g} with 8 levels, and "
        f"{float(best.verified_value):.9g} with 12 levels and tolerances ten times tighter. Give "
        'the battery more levels, or search on with more: qb.maximize(..., refine="during").'
    )


@pytest.mark.parametrize(
    ("start", "starts"),
    [(-1.2, 6), (1.9, 1)],  # eight levels drive the second away from where it should stay
)
def test_the_winner_is_the_one_of_the_largest_battery(start, starts):
    best = search(start, starts=starts, refine="during")
    assert float(best.protocol) == pytest.approx(2, abs=1e-3)
    assert float(best.value) == pytest.approx(0.987, abs=1e-9)
    assert best.is_verified
    assert best.verification.levels == ("41", "62")
    assert best.start_values.shape == (starts,)


def test_what_stands_is_searched_once():
    best = search(battery=cut(100), refine="during")
    assert best.verification.levels == ("100", "150")
    assert best.is_verified
    assert best.moved < 1e-9


def test_the_limit_is_told():
    """Levels that grow by an eighth are not enough after four rounds."""
    with pytest.warns(VerificationWarning, match="ended by the limit of 4 rounds. Give the"):
        best = search(battery=cut(growth=9 / 8), starts=6, refine="during")
    assert best.is_verified is False
    assert best.verification.levels == ("15", "17")
    assert float(best.protocol) == pytest.approx(2, abs=1e-3)


def narrow(levels):
    if levels > 20:
        raise ValueError("Argument `levels` must be small enough for the 1 GiB of memory here.")


def test_the_memory_ends_it(monkeypatch):
    """The best that fits is returned, and what did not is told."""
    grown = Cut.refined
    monkeypatch.setattr(Cut, "refined", lambda self: (narrow(self.levels * 1.5), grown(self))[1])
    with pytest.warns(VerificationWarning, match="is not verified.*no more levels than 18.*1 GiB"):
        best = search(starts=6, refine="during")
    assert best.verification.levels == ("18", "18")
    assert best.is_verified is False
    assert float(best.protocol) == pytest.approx(2, abs=1e-3)


def limit(x, battery):
    """A limit at x = 1.5 that fewer levels see at less."""
    return x + 0.3 * jnp.exp(-((battery.levels / 8) ** 2))


def test_with_constraints():
    best = search(1.3, refine="during", constraints=[qb.at_most(limit, 1.5)])
    assert float(best.protocol) == pytest.approx(1.5, abs=1e-9)
    assert best.is_verified
    (held,) = best.constraints
    assert held.violation <= 1e-9
    assert held.verified_value == pytest.approx(1.5, abs=1e-8)


@pytest.mark.parametrize("statistic", ["mean", pytest.param("worst", marks=pytest.mark.slow)])
def test_with_an_ensemble(statistic):
    pair = qb.ensemble([cut(shift=-0.1), cut(shift=0.1)], statistic)
    best = qb.maximize(
        flattering, qb.free(-1.2, -4.0, 4.0), ensemble=pair, starts=6, refine="during"
    )
    assert float(best.protocol) == pytest.approx(2, abs=1e-3)
    assert float(best.value) == pytest.approx(0.987 * np.exp(-0.01), rel=1e-6)
    assert best.is_verified


def drawn(key):
    return cut(shift=0.1 * jax.random.normal(key))


def test_an_ensemble_with_more_levels_draws_with_more():
    pair = qb.ensemble(drawn, count=2)
    assert pair.refined().drawn(1).members()[0].levels == 12
    assert pair.refined().fixed == pair.refined().fixed
    assert pair.refined().sampler == pair.refined().sampler


SIZES = {
    "rounding": (0.5, 0.5 * (1 + 1e-8), 0.0, True),
    "a hundred-thousandth": (0.5, 0.5 * (1 + 1e-5), 0.0, False),
    "small beside what was gained": (1e-4, 1e-4 + 1e-8, -0.5, True),
    "a start of no value": (1e-4, 1e-4 + 1e-8, np.nan, False),
    "not a number": (0.5, np.nan, 0.0, False),
}


@pytest.mark.parametrize(("value", "now", "start", "stands"), SIZES.values(), ids=SIZES.keys())
def test_what_counts_as_moved(value, now, start, stands, recwarn):
    found = verification.verified(lambda *_: jnp.asarray(now), 0.0, cut(), value, start, None)
    assert found["verification"].stands is stands
    assert len(recwarn) == (0 if stands else 1)


a = np.diag(np.sqrt(np.arange(1.0, 5)), 1)
ARRAYS = qb.batteries.Lindblad(
    [], [(0.1, a)], dims=(5,), cell=0, cell_hamiltonian=np.arange(5.0), controls=[a + a.T]
)


def test_levels_that_cannot_grow_are_told():
    """Arrays have one size: the tighter tolerances alone are not said to verify."""
    with pytest.warns(VerificationWarning, match="not verified: .* no more levels than 5 to offer"):
        found = verification.verified(_energy, 0.02, ARRAYS, _energy(0.02, ARRAYS), 0.0, None)
    assert not found["verification"].has_more
    assert found["verification"].moved < 1e-7


def test_nothing_was_cut():
    qubit = qb.batteries.BlochCharger()
    found = verification.verified(lambda *_: jnp.asarray(0.5), 0.0, qubit, 0.5, 0.0, None)
    assert found["verification"].stands
    assert found["verification"].levels == ("2 × 2", "2 × 2")


def _energy(amplitude, battery):
    return qb.charge(battery, qb.protocols.Constant(amplitude), [0.0, 1.0]).energy[-1]


def test_bad_options():
    with pytest.raises(ValueError, match="`refine` must be one of 'after', 'during'"):
        search(refine="before")


def energy_of_two_spins(pulse, battery):
    return qb.charge(battery, pulse, [0.0, 2.0]).energy[-1]


def in_qutip(amplitudes, levels=40):
    """Energy of two spins of frequency 1 after segments of 1, from two photons, in QuTiP."""
    spin, light = qt.qeye(3), qt.qeye(levels)
    J, b = qt.jmat(1), qt.destroy(levels)
    excited = qt.tensor(J[2] + 1, light)
    drift = excited + qt.tensor(spin, b.dag() * b)
    coupling = 2 * qt.tensor(J[0], b + b.dag())
    psi = qt.tensor(qt.basis(3, 2), qt.basis(levels, 2))
    for g in amplitudes:
        psi = (-1j * (drift + float(g) * coupling)).expm() * psi
    return qt.expect(excited, psi)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Too few levels")
def test_a_dicke_battery_that_is_cut_too_short():
    """Five levels lift a pulse by a fifth, over the one that is best with 12 and 18."""
    battery = qb.batteries.TavisCummings(2, 2, counter_rotating=True, levels=5)
    pulse = qb.protocols.PiecewiseConstant(qb.free(np.full(2, 0.2), -0.5, 0.5), 2.0)
    flattered = in_qutip([0.5, -0.5])
    short = qb.charge(battery, qb.protocols.PiecewiseConstant([0.5, -0.5], 2.0), [0.0, 2.0])
    assert float(short.energy[-1]) == pytest.approx(1.461378, abs=1e-6)
    best = qb.maximize(energy_of_two_spins, pulse, battery=battery, refine="during", starts=3)
    assert best.is_verified
    assert float(best.value) == pytest.approx(in_qutip(best.protocol.amplitudes), rel=1e-6)
    assert float(best.value) == pytest.approx(1.260488, abs=2e-6)
    assert flattered < float(best.value) - 0.02
