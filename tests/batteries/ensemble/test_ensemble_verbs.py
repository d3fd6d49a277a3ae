"""Ensembles in the verbs: slopes, steady states, starts, sectors, pulses, storage, large sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.batteries.ensemble import brute_force
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

CONSTANT = qb.protocols.Constant(0.3)
NOISY = {"local_decay": 0.1, "local_pump": 0.05, "local_dephasing": 0.2, "collective_decay": 0.15}


def test_slopes_by_rates_and_drive():
    """Of all merits together, in both modes, against differences."""

    def merits(x, adjoint="reverse"):
        battery = qb.batteries.SpinEnsemble(
            3, frequency=1.5, local_decay=x[0], local_dephasing=x[1], collective_decay=x[2]
        )
        run = qb.charge(battery, qb.protocols.Constant(x[3]), [0.0, 1.5], adjoint=adjoint)
        kept = ("energy", "ergotropy", "collective_ergotropy", "spin_ergotropy", "entropy")
        return sum(w * run.observables[name][-1] for w, name in zip((1, 2, 3, 4, 5), kept))

    start = jnp.array([0.1, 0.2, 0.05, 0.6])
    slopes = jax.jit(jax.grad(merits))(start)
    value = jax.jit(merits)
    for i, slope in enumerate(slopes):
        direction = jnp.asarray(np.eye(4)[i])
        assert tree_allclose(slope, central_difference(value, start, direction), rtol=GRADIENT)
    forth = jax.jvp(lambda x: merits(x, "forward"), (start,), (jnp.ones(4),))[1]
    assert tree_allclose(forth, jnp.sum(slopes), rtol=GRADIENT)


@pytest.mark.parametrize(
    "cavity", [(), pytest.param((2, 4), marks=pytest.mark.slow)], ids=["driven", "in a cavity"]
)
@pytest.mark.filterwarnings("ignore:Too few levels")
def test_the_steady_state_is_what_a_long_run_comes_to(cavity):
    lossy = {"cavity_decay": 0.2} if cavity else {}
    battery = qb.batteries.SpinEnsemble(3, *cavity, **NOISY, **lossy)
    steady = qb.steady_state(battery, CONSTANT)
    run = qb.charge(battery, CONSTANT, [0.0, 300.0])
    assert int(steady.status) in (0, 4)
    for name, value in steady.observables.items():
        assert tree_allclose(value, run.observables[name][-1], rtol=1e-8), name
    assert np.allclose(battery.cell(steady.state), battery.cell(run.final_state), atol=1e-8)
    kept = qb.store(battery, run.final_state, [0.0, 1.0])
    assert tree_allclose(kept.energy[0], run.energy[-1], rtol=1e-12)


@pytest.mark.parametrize(
    ("more", "form"),
    [
        ({"counter_rotating": True, "levels": 24}, "one parity, 48 levels"),
        pytest.param(
            {"counter_rotating": True, "levels": 24, "cavity_decay": 0.1},
            "2 by j and parity, up to",
            marks=pytest.mark.slow,
        ),
        pytest.param({"cavity": 1.3}, "one number of quanta, 3 levels", marks=pytest.mark.slow),
        ({"cavity": 1.3, "cavity_decay": 0.1}, "3 by j and number of quanta, up to 3 levels"),
    ],
    ids=["Dicke", "lossy Dicke", "detuned", "lossy and detuned"],
)
def test_sectors_against_the_whole(more, form):
    """Without local noise, beside the battery that is a Lindblad equation of product levels."""
    times, coupling = np.linspace(0.0, 3.0, 4), CONSTANT
    whole = qb.batteries.TavisCummings(3, 2, **more)
    battery = qb.batteries.SpinEnsemble(3, 2, **more)
    assert battery.info()["sectors"].startswith(form)
    wanted, run = (qb.charge(b, coupling, times, states="cell") for b in (whole, battery))
    pairs = {"energy": "energy", "collective_ergotropy": "ergotropy", "photons": "photons"}
    for mine, other in pairs.items():
        assert tree_allclose(run.observables[mine], wanted.observables[other], rtol=3e-9), mine
    assert np.allclose(run.states, wanted.states, rtol=0, atol=3e-9)
    assert np.allclose(run.truncation, wanted.truncation, rtol=0, atol=1e-10)


def test_starts_without_a_definite_number_of_quanta():
    """A superposition of Dicke states is no state of one sector; noise makes it a stack."""
    psi = np.array([0.6, 0.0, 0.48j, 0.64])
    whole = qb.batteries.TavisCummings(3, 2)
    wanted = qb.charge(whole, CONSTANT, [0.0, 1.0], initial=psi)
    lossless = qb.batteries.SpinEnsemble(3, 2)
    run = qb.charge(lossless, CONSTANT, [0.0, 1.0], initial=psi, states="all")
    assert lossless.info(psi)["sectors"] == "none"
    assert tree_allclose(run.energy, wanted.energy, rtol=1e-8)
    assert np.allclose(lossless.cell(run.final_state), whole.cell(wanted.final_state), atol=1e-8)
    every = np.einsum("abcb->ac", np.asarray(run.states[-1]).reshape(4, 6, 4, 6))
    assert np.allclose(every, lossless.cell(run.final_state), rtol=0, atol=EXACT)
    nearly = qb.batteries.SpinEnsemble(3, 2, local_decay=jnp.asarray(0.0))
    noisy = qb.charge(nearly, CONSTANT, [0.0, 1.0], initial=psi)
    assert tree_allclose(noisy.ergotropy, run.ergotropy, rtol=1e-8)
    flipped = jax.jit(lambda x: qb.charge(nearly, CONSTANT, [0.0, 1.0], initial=x).energy)
    assert tree_allclose(flipped(jnp.asarray(psi)), run.energy, rtol=1e-8)


def test_pulses_against_a_product_of_spins():
    """Two spins under a smooth drive, with local and collective noise."""
    lower, dims = sum(brute_force.on_each(brute_force.LOWER, 2)), (2, 2)
    rates = {name.removeprefix("local_"): x for name, x in NOISY.items()}
    rates["collective"] = rates.pop("collective_decay")
    other = qb.batteries.Lindblad(
        [], brute_force.jumps(2, **rates), dims=dims, cell=(0, 1), controls=[lower + lower.T],
        cell_hamiltonian=brute_force.quanta(2),
    )  # fmt: skip
    pulse = qb.protocols.Fourier([0.4, 0.3, -0.2], 2.0)
    times = np.linspace(0.0, 2.0, 3)
    battery = qb.batteries.SpinEnsemble(2, **NOISY)
    run, wanted = (qb.charge(b, pulse, times) for b in (battery, other))
    for name in ("energy", "ergotropy", "coherent_ergotropy", "purity"):
        assert tree_allclose(run.observables[name], wanted.observables[name], rtol=1e-7), name


def test_a_state_of_one_ensemble_is_none_of_another():
    battery = qb.batteries.SpinEnsemble(3, 2)
    state = battery.start()
    for other in (
        qb.batteries.SpinEnsemble(3, 2, frequency=2.0),
        qb.batteries.SpinEnsemble(3, 3),
        qb.batteries.SpinEnsemble(3, 2, local_decay=0.1),
    ):
        with pytest.raises(ValueError, match="must be a State of this battery"):
            qb.store(other, state, [0.0, 1.0])


@pytest.mark.parametrize(
    ("arguments", "more", "words"),
    [
        ((0,), {}, r"`spins` must be at least 1 and at most 1000, but is 0"),
        ((1001,), {}, r"`spins` must be at least 1 and at most 1000, but is 1001"),
        ((2, 3, 3), {}, r"`levels` must be at least 4, but is 3"),
        ((2, -1), {}, r"`photons` must be at least 0, but is -1"),
        ((2,), {"cavity": 1.0}, r"`cavity` must be left out without a cavity, which `photons`"),
        ((2,), {"cavity_decay": 0.1}, r"`cavity_decay` must be left out without a cavity"),
        ((2,), {"local_decay": -0.1}, r"`local_decay` must be at least 0, but is -0.1"),
        ((1000, 1000), {"local_decay": 0.1}, r"`spins` must be small enough for the .* one state"),
    ],
)
def test_numbers_that_no_ensemble_has(arguments, more, words):
    with pytest.raises(ValueError, match=words):
        qb.batteries.SpinEnsemble(*arguments, **more)


def test_starts_that_no_equal_spins_have():
    battery = qb.batteries.SpinEnsemble(2, local_decay=0.1)
    between = np.outer([0.6, 0.0, 0.0, 0.8], [0.6, 0.0, 0.0, 0.8])
    with pytest.raises(ValueError, match="`initial` must have no coherence between blocks of"):
        battery.start(between)
    with pytest.raises(ValueError, match=r"`initial` must have no coherence between blocks of"):
        battery.start(np.array([0.6, 0.0, 0.0, 0.8]))
    with pytest.raises(ValueError, match=r"`initial` must have shape \(4,\)"):
        battery.start(np.ones(5) / 5**0.5)
    with pytest.raises(ValueError, match="must have jumps for a steady state"):
        qb.steady_state(qb.batteries.SpinEnsemble(2), CONSTANT)
    with pytest.raises(ValueError, match="one per control, but holds 2"):
        qb.charge(battery, [CONSTANT, CONSTANT], [0.0, 1.0])


@pytest.mark.slow
def test_half_a_thousand_spins_to_the_first_peak():
    """P_max/(gω₀N^1.5) = 0.58270 for N = n = 512, 0.59084 for 8, as ket of one sector."""
    for spins, wanted in ((8, 0.59084), (512, 0.58270)):
        battery = qb.batteries.SpinEnsemble(spins, spins)
        times = spins**-0.41 * np.linspace(0.0, 2.0, 401)
        run = qb.charge(battery, qb.protocols.Constant(1.0), times)
        assert int(run.status) == 0
        assert abs(np.nanmax(run.charging_power) / spins**1.5 - wanted) < 2e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "coupling"), [((40,), 0.5), ((12, 12, 13), 0.3)], ids=["40 driven", "12 in 13"]
)
def test_many_spins_with_local_noise_have_slopes(arguments, coupling):
    def ergotropy(x):
        battery = qb.batteries.SpinEnsemble(
            *arguments, local_decay=0.05 * x[0], local_dephasing=0.1 * x[1]
        )
        return qb.charge(battery, qb.protocols.Constant(coupling * x[2]), [0.0, 1.0]).ergotropy[-1]

    value, slopes = jax.jit(ergotropy), jax.jit(jax.grad(ergotropy))(jnp.ones(3))
    for i, slope in enumerate(slopes):
        direction = jnp.asarray(np.eye(3)[i])
        # A step of 1e-3 would go over a crossing of eigenvalues.
        wanted = central_difference(value, jnp.ones(3), direction, step=1e-4)
        assert tree_allclose(slope, wanted, rtol=1e-5)


def test_a_load_against_a_product_of_spins():
    """Two spins that lose quanta alone and together, and the load that both are coupled to."""
    lower, dims = sum(brute_force.on_each(brute_force.LOWER, 2)), (2, 2)
    other = qb.batteries.Lindblad(
        [], brute_force.jumps(2, decay=0.1, dephasing=0.2, collective=0.05), dims=dims,
        cell=(0, 1), cell_hamiltonian=brute_force.quanta(2), controls=[lower + lower.T],
        lowering=lower,
    )  # fmt: skip
    battery = qb.batteries.SpinEnsemble(
        2, local_decay=0.1, local_dephasing=0.2, collective_decay=0.05
    )
    load, found = qb.loads.TwoLevel(1.0, decay=0.1), []
    for one in (battery, other):
        run = qb.charge(one, CONSTANT, [0.0, 2.0])
        found.append(qb.discharge(one, run.final_state, load, [0.0, 0.5, 1.0]))
    names = ("energy", "ergotropy", "purity", "load_energy", "load_ergotropy")
    for name in (*names, "coherent_ergotropy", "incoherent_ergotropy"):
        mine, wanted = (run.observables[name] for run in found)
        assert tree_allclose(mine, wanted, rtol=1e-7), name
