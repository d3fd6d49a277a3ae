"""Programs of the verbs: compiled as it suits the processor, whoever calls them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import undefined

TIMES = np.linspace(0.0, 1.0, 3)


def energy(angle):
    run = qb.charge(qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(angle), TIMES)
    return run.energy[-1]


@pytest.mark.parametrize("within", [jax.jit, jax.vmap, jax.grad, jax.make_jaxpr])
def test_a_verb_within_a_transformation_brings_no_options_of_its_own(within):
    within(energy)(jnp.ones(2) if within is jax.vmap else 0.5)  # JAX would refuse them


def test_options_of_the_cpu_change_nothing_but_rounding(monkeypatch):
    quick = energy(0.7)
    monkeypatch.setattr(jax, "default_backend", lambda: "cuda")
    np.testing.assert_allclose(quick, energy(0.7), rtol=1e-13)


def test_nothing_is_traced_outermost_in_any_thread():
    assert undefined.get_opaque_trace_state() == undefined._outermost()
    jax.make_jaxpr(_traced)(0.0)


def _traced(x):
    assert undefined.get_opaque_trace_state() != undefined._outermost()
    return x


def test_populations_count_as_the_matrix_that_coherent_qubits_make_of_them():
    """A run is small by what is moved, not by how compactly it starts."""
    small, large = (
        qb.batteries.Collisional(qb.algebra.ladders.oscillator(n)).start() for n in (9, 120)
    )
    assert undefined._size(small) < undefined.SMALL < 120**2 <= undefined._size(large)
