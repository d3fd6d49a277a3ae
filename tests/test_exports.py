"""Every verb lowers for processors that this machine need not have, and could be sent there.

`jax.export` refuses calls of libraries whose names may change, and host callbacks. Small sizes:
nothing is compiled.
"""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

import qbjax as qb
from qbjax import merit
from qbjax.interface import catalogue
from qbjax.strategies import search
from qbjax.strategies.gradient import LBFGS
from qbjax.studies.program import in_lanes
from tests.test_every_battery import battery_of, number_of, protocol_of, times_of

NUMBER = jax.ShapeDtypeStruct((), float)
LIBRARIES = {
    "cuda": r"cusolver_\w+|cublas_\w+|cu_lu_pivots_to_permutation|cu_threefry2x32_ffi",
    "rocm": r"hipsolver_\w+|hipblas_\w+|hip_lu_pivots_to_permutation|hip_threefry2x32_ffi",
    "tpu": r"Eigh|Qr|ProductOfElementaryHouseholderReflectors|LuDecomposition",
}
"""Factorisations and random numbers, all that is called of libraries."""

FEW = {"dopo", "lindblad"}
"""Batteries of which a gradient is lowered each time."""


def slow(case):
    """A case of the whole table, which takes minutes."""
    values = case if isinstance(case, tuple) and isinstance(case[0], str) else (case,)
    return pytest.param(*values, marks=pytest.mark.slow)


every_platform = pytest.mark.parametrize("platform", ["cuda", slow("rocm"), slow("tpu")])
every_entry = pytest.mark.parametrize("entry", catalogue.entries(), ids=lambda e: e.name)
METHODS = {
    "Exponential": qb.dynamics.Exponential(),
    "Chebyshev": qb.dynamics.Chebyshev(),
    "Tsit5": qb.dynamics.Tsit5(),
    "Implicit": qb.dynamics.Implicit(),
}
TIMES = np.linspace(0.0, 1.0, 3)


def lowers(function, platform, *shapes):
    """Lowers a function of arrays, and looks at what it calls."""
    made = export.export(jax.jit(function), platforms=[platform])(*(shapes or (NUMBER,)))
    text = made.mlir_module()
    calls = set(re.findall(r"custom_call @(\w+)", text))
    assert "callback" not in text
    assert all(re.fullmatch(LIBRARIES[platform], call) for call in calls), calls
    return made


def energy_of(entry, adjoint="reverse"):
    """The example of a battery as a function of the number that it is differentiated by."""
    start, protocol, times = number_of(entry), protocol_of(entry), times_of(entry)

    def energy(shift):
        battery = battery_of(entry, **{entry.example.slope: jnp.asarray(start, float) + shift})
        return qb.charge(battery, protocol, times, adjoint=adjoint).energy[-1]

    return energy


@every_platform
@every_entry
def test_it_charges(entry, platform):
    lowers(energy_of(entry), platform)


@every_platform
@pytest.mark.parametrize("mode", ["reverse", slow("forward")])
@pytest.mark.parametrize(
    "name", [e.name if e.name in FEW else slow(e.name) for e in catalogue.entries()]
)
def test_it_is_differentiated(name, mode, platform):
    energy = energy_of(catalogue.entry(name), mode)
    lowers(jax.grad(energy) if mode == "reverse" else jax.jacfwd(energy), platform)


def oscillator():
    """A driven, lossy oscillator, small and linear: any method will do."""
    lower = np.diag(np.sqrt(np.arange(1.0, 5.0)), 1)
    return qb.batteries.Lindblad(
        lower.T @ lower, [(1.0, lower)], dims=(5,), cell=0, cell_hamiltonian=np.arange(5.0),
        controls=[lower + lower.T], lowering=lower,
    )  # fmt: skip


def dopo(frame):
    return qb.batteries.DOPO(6, 3, frame=frame)


BATTERIES = {
    "lindblad": oscillator,
    "lab": lambda: dopo("lab"),
    "displaced": lambda: dopo("displaced"),
}
CASES = [
    *(("lindblad", method) for method in METHODS),
    ("lab", "Chebyshev"),
    *(slow(("lab", method)) for method in ("Exponential", "Tsit5", "Implicit")),
    ("displaced", "Tsit5"),
    slow(("displaced", "Implicit")),
]


@every_platform
@pytest.mark.parametrize("mode", [None, slow("reverse"), slow("forward")])
@pytest.mark.parametrize(("name", "method"), CASES)
def test_every_method(name, method, mode, platform):
    battery, solver = BATTERIES[name](), qb.Solver(method=METHODS[method])

    def energy(F):
        protocol = qb.protocols.Constant(F)
        run = qb.charge(battery, protocol, TIMES, solver=solver, adjoint=mode or "reverse")
        return run.energy[-1]

    lowers(
        {None: energy, "reverse": jax.grad(energy), "forward": jax.jacfwd(energy)}[mode], platform
    )


@every_platform
@pytest.mark.parametrize("name", ["displaced", slow("lab"), slow("lindblad")])
def test_it_waits_and_is_discharged(name, platform):
    battery, load = BATTERIES[name](), qb.loads.TwoLevel(1.0, decay=0.1)

    def what_is_left(F):
        run = qb.charge(battery, qb.protocols.Constant(F), TIMES)
        kept = qb.store(battery, run.final_state, TIMES)
        given = qb.discharge(battery, kept.final_state, load, TIMES)
        return kept.ergotropy, given.load_ergotropy

    lowers(what_is_left, platform)


@every_platform
@pytest.mark.parametrize("what", ["energy", "gap", slow("reverse"), slow("forward")])
@pytest.mark.parametrize("levels", [slow((6, 3)), (16, 5)], ids=["direct", "iterative"])
@pytest.mark.parametrize("frame", ["lab", slow("displaced")])
def test_steady_states_need_no_eigenvectors(frame, levels, what, platform):
    battery = qb.batteries.DOPO(*levels, frame=frame)

    def found(F):
        steady = qb.steady_state(battery, qb.protocols.Constant(F), gap=what == "gap")
        return steady.gap if what == "gap" else steady.energy

    modes = {"reverse": jax.grad(found), "forward": jax.jacfwd(found)}
    lowers(modes.get(what, found), platform)


@every_platform
def test_merits(platform):
    levels, H = jnp.arange(4.0), jnp.diag(jnp.arange(4.0))

    def merits(rho):
        one = (merit.ergotropy, merit.coherent_ergotropy, merit.passive_energy, merit.antiergotropy)
        seen = [f(rho, H) for f in (*one, merit.energy, merit.energy_variance, merit.capacity)]
        seen += [merit.purity(rho), merit.fano_factor(rho), merit.concurrence(rho)]
        return jnp.stack(seen)

    lowers(merits, platform, jax.ShapeDtypeStruct((4, 4), complex))
    real = jax.ShapeDtypeStruct((4, 4), float)
    lowers(jax.grad(lambda rho: merit.ergotropy(rho, levels)), platform, real)


@every_platform
@pytest.mark.standard_promotion
@pytest.mark.parametrize("parallel", [True, slow(False)])
def test_a_step_of_a_search(parallel, platform):
    battery = oscillator()

    def objective(protocol, battery):
        return qb.charge(battery, protocol, TIMES).energy[-1]

    pulse = qb.protocols.Constant(qb.free(1.0, 0.0, 2.0))
    problem = search.Problem(objective, pulse, "reverse")
    begun = jax.eval_shape(lambda u: search.begin(LBFGS, [u]), jax.ShapeDtypeStruct((3,), float))

    def step(begun):
        return search.step_all(problem, LBFGS, battery, begun, jnp.asarray(1e-7), parallel)

    lowers(step, platform, begun)


@every_platform
@pytest.mark.parametrize("lanes", [slow(1), 4])
def test_lanes_of_a_sweep(lanes, platform):
    def swept(F):
        run = qb.charge(dopo("displaced"), qb.protocols.Constant(F), TIMES)
        return {"W": run.ergotropy[-1], **run.summary()}

    columns = [jax.ShapeDtypeStruct((8,), float)]
    lowers(in_lanes(swept, ["F"], lanes), platform, columns)


def test_a_program_can_be_sent():
    pytest.importorskip("flatbuffers")
    made = lowers(jax.grad(energy_of(catalogue.entry("tavis_cummings"))), "cuda")
    assert export.deserialize(made.serialize(vjp_order=0)).platforms == ("cuda",)


def test_what_is_called_of_libraries_is_seen():
    """The check can fail: eigenvectors are no part of what may be sent, nor is a callback."""
    matrix = jax.ShapeDtypeStruct((3, 3), float)
    with pytest.raises(ValueError, match="custom calls"):
        lowers(jnp.linalg.eigvals, "cuda", matrix)
    with pytest.raises((ValueError, AssertionError)):
        lowers(lambda x: jax.pure_callback(np.sin, x, x), "cuda")
