"""A first call compiles its run, and next to nothing beside it."""

import jax
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.undefined import OLDER_LOOPS, QUICK
from qbjax.protocols import Collisions, Constant, Function

FIVE = np.linspace(0.0, 1.0, 5)
QUBIT = qb.batteries.Lindblad(
    np.diag([0.0, 1.0]), [], dims=(2,), cell=0, cell_hamiltonian=np.arange(2.0),
    controls=[np.eye(2)[::-1]],
)  # fmt: skip


@pytest.fixture
def compiled(monkeypatch):
    """Names of the programs that are compiled; the run's own is left out."""
    from jax._src import compiler

    names, compile_ = [], compiler.compile_or_get_cached

    def told(backend, module, *others, **more):
        names.append(str(module.operation.attributes["sym_name"]).strip('"'))
        return compile_(backend, module, *others, **more)

    monkeypatch.setattr(compiler, "compile_or_get_cached", told)
    jax.clear_caches()
    return names


def wave(time):
    return 0.1 * time * (1.0 - time)


CALLS = {
    "function": lambda: qb.charge(QUBIT, Function(wave, 2.0), FIVE),
    "collisions": lambda: qb.charge(
        qb.batteries.Collisional(qb.algebra.ladders.oscillator(6)), Collisions(np.full(3, 0.1))
    ),
    "made": lambda: Collisions(np.full(3, 0.1), made=2).times(),
}
# What diffrax compiles while it is traced.
SOLVER = {"jit_convert_element_type", "jit_bitwise_or"}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_computed_eagerly(name, compiled):
    CALLS[name]()
    assert set(compiled) - SOLVER <= {"jit__charge"}


def test_a_warning_of_too_few_levels_compiles_nothing_of_its_own(compiled):
    battery = qb.batteries.DOPO(4, 2)
    with pytest.warns(UserWarning, match="Use signal_levels=.*pump_levels"):
        qb.charge(battery, Constant(3.0), FIVE)
    assert set(compiled) - SOLVER <= {"jit__charge", "jit_abs"}


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="options of XLA's CPU compiler")
def test_the_options_of_small_programs_are_those_that_this_xla_has():
    """XLA refuses options that it does not know, and with them every charge of a small battery."""
    older = {"compiler_options": {"xla_cpu_use_fusion_emitters": False}}
    assert jax.jit(lambda x: x + 1.0, **QUICK)(1.0) == 2.0
    if OLDER_LOOPS:
        assert older == QUICK
    else:
        with pytest.raises(jax.errors.JaxRuntimeError, match="No such compile option"):
            jax.jit(lambda x: x - 1.0, **older)(1.0)
