"""Every bad argument gets its sentence, every good one comes back in double precision."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax import _checks

MIXED = np.eye(2) / 2
FRAMES = ("lab", "displaced")

BAD = [
    (_checks.scalar, (True,), {}, TypeError, "made of numbers, but is True"),
    (_checks.scalar, ("1",), {}, TypeError, "made of numbers, but is '1'"),
    (_checks.scalar, (None,), {}, TypeError, "made of numbers, but is None"),
    (_checks.scalar, (1j,), {}, TypeError, "real, but is 1j"),
    (_checks.scalar, (np.float32(1),), {}, TypeError, "double precision, but has dtype float32"),
    (_checks.scalar, (jnp.float32(1),), {}, TypeError, "double precision, but has dtype float32"),
    (_checks.scalar, (jnp.bfloat16(1),), {}, TypeError, "precision, but has dtype bfloat16"),
    (_checks.scalar, ([1.0, 2.0],), {}, ValueError, "a single number, but has shape (2,)"),
    (_checks.scalar, (np.nan,), {}, ValueError, "finite, but is nan"),
    (_checks.scalar, (np.nan,), {"finite": False}, ValueError, "not be NaN, but is nan"),
    (_checks.scalar, (np.inf,), {}, ValueError, "finite, but is inf"),
    (_checks.scalar, (-1,), {"low": 0}, ValueError, "at least 0, but is -1.0"),
    (_checks.scalar, (0,), {"low": 0, "open_low": True}, ValueError, "greater than 0, but is 0.0"),
    (_checks.scalar, (2,), {"low": 0, "high": 1}, ValueError, "at least 0 and at most 1, but"),
    (_checks.scalar, (1,), {"high": 1, "open_high": True}, ValueError, "less than 1, but is 1.0"),
    (_checks.array, ([[1], [2, 3]],), {}, TypeError, "an array of numbers, but is [[1], [2, 3]]"),
    (_checks.array, (["a"],), {}, TypeError, "made of numbers, but is ['a']"),
    (_checks.array, (np.ones(2, np.float32),), {}, TypeError, "but has dtype float32"),
    (_checks.array, (np.ones(2, np.complex64),), {"complex_ok": True}, TypeError, "complex64"),
    (_checks.array, (np.ones(2, complex),), {}, TypeError, "real, but is an array of complex128"),
    (_checks.array, (np.ones((2, 3)),), {"shape": ("d", "d")}, ValueError, "(d, d), but has shape"),
    (_checks.array, (np.ones(3),), {"shape": (2,)}, ValueError, "(2,), but has shape (3,)"),
    (_checks.array, ([[0, np.nan]],), {}, ValueError, "finite, but is nan at index (0, 1)"),
    (_checks.integer, (2.0,), {"low": 2}, TypeError, "an integer, but is 2.0"),
    (_checks.integer, (True,), {"low": 0}, TypeError, "an integer, but is True"),
    (_checks.integer, ("3",), {"low": 0}, TypeError, "an integer, but is '3'"),
    (_checks.integer, (1,), {"low": 2}, ValueError, "at least 2, but is 1"),
    (_checks.integer, (3,), {"low": 0, "high": 2}, ValueError, "at most 2, but is 3"),
    (_checks.times, ([],), {}, ValueError, "at least one time, but is empty"),
    (_checks.times, ([0.0, 2.0, 1.0],), {}, ValueError, "goes from 2.0 to 1.0 at index 2"),
    (_checks.times, ([0.0, 0.0],), {}, ValueError, "increase strictly, but"),
    (_checks.times, (1.0,), {}, ValueError, "shape (t,), but has shape ()"),
    (_checks.times, ([0.0, np.inf],), {}, ValueError, "finite, but is inf at index (1,)"),
    (_checks.density_matrix, (np.eye(2),), {}, ValueError, "trace 1, but has trace 2"),
    (_checks.density_matrix, (np.diag([1.5, -0.5]),), {}, ValueError, "has the eigenvalue -0.5"),
    (_checks.density_matrix, ([[0.5, 0.1], [0, 0.5]],), {}, ValueError, "element (0, 1) is 0.1"),
    (_checks.density_matrix, ([1, 0],), {}, ValueError, "shape (d, d), but has shape (2,)"),
    (_checks.density_matrix, (MIXED,), {"dim": 3}, ValueError, "(3, 3), but has shape (2, 2)"),
    (_checks.ket, ([1.0, 1.0],), {}, ValueError, "norm 1, but has norm 1.414213562"),
    (_checks.ket, ([1.0, 0.0],), {"dim": 3}, ValueError, "shape (3,), but has shape (2,)"),
    (_checks.hermitian, ([[0, 1j], [1j, 0]],), {}, ValueError, "Hermitian, but element"),
    (_checks.hamiltonian, (1.0,), {}, ValueError, "(d,) or (d, d), but has shape ()"),
    (_checks.hamiltonian, ([0.0, 1.0],), {"dim": 3}, ValueError, "(3,), but has shape (2,)"),
    (_checks.hamiltonian, ([0.0, 1j],), {}, TypeError, "real, but is"),
    (_checks.choice, ("dispalced", FRAMES), {}, ValueError, "(did you mean 'displaced'?)"),
    (_checks.choice, ("rotating", FRAMES), {}, ValueError, "'displaced', but is 'rotating'."),
    (_checks.choice, (3, FRAMES), {}, ValueError, "one of 'lab', 'displaced', but is 3"),
]


@pytest.mark.parametrize(("check", "args", "kwargs", "kind", "words"), BAD)
def test_a_bad_argument_gets_one_sentence(check, args, kwargs, kind, words):
    with pytest.raises(kind) as caught:
        check("thing", *args, **kwargs)
    sentence = str(caught.value)
    assert words in sentence
    assert sentence.startswith("Argument `thing` must ")
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("value", [1, 1.0, np.float64(1), np.int32(1), np.ones(()), jnp.ones(())])
def test_numbers_of_every_library_become_float64(value):
    number = _checks.scalar("x", value, low=1, high=1)
    assert number.dtype == np.float64
    assert number == 1.0


def test_complex_stays_complex_and_real_stays_real():
    assert _checks.scalar("x", 1j, complex_ok=True).dtype == np.complex128
    assert _checks.scalar("x", 1, complex_ok=True).dtype == np.float64
    assert _checks.density_matrix("rho", MIXED).dtype == np.float64
    assert _checks.density_matrix("rho", MIXED.astype(complex)).dtype == np.complex128


def test_good_arguments_pass_unchanged():
    assert _checks.array("x", [[1, 2]], shape=(1, "n")).tolist() == [[1.0, 2.0]]
    assert _checks.array("x", [0.0, np.inf], finite=False)[1] == np.inf
    assert _checks.integer("n", np.int64(3), low=3, high=3) == 3
    assert _checks.times("ts", [1.0]).tolist() == [1.0]
    assert _checks.ket("psi", [0.6, 0.8j]).tolist() == [0.6, 0.8j]
    assert _checks.hamiltonian("H", [3, 1]).tolist() == [3.0, 1.0]
    assert _checks.choice("frame", "lab", FRAMES) == "lab"


def test_a_state_with_a_solver_s_rounding_passes_and_is_not_repaired():
    rho = MIXED + np.array([[5e-9, 2e-9], [0, -2e-9]])
    assert _checks.density_matrix("rho", rho).tolist() == rho.tolist()


def test_tracers_are_checked_for_shape_and_dtype_but_not_for_value():
    assert jax.jit(lambda x: _checks.scalar("x", x, low=0))(-1.0) == -1.0
    assert jax.jit(lambda x: _checks.density_matrix("x", x))(np.ones((2, 2))).shape == (2, 2)
    assert jax.jit(lambda x: _checks.times("x", [x, x]))(1.0).shape == (2,)
    with pytest.raises(ValueError, match="shape"):
        jax.jit(lambda x: _checks.density_matrix("x", x))(np.ones((2, 3)))
    with pytest.raises(TypeError, match="float32"):
        jax.jit(lambda x: _checks.scalar("x", x))(np.float32(1))
    with pytest.raises(TypeError, match="known before compilation, but is traced"):
        jax.jit(lambda n: _checks.integer("n", n, low=1))(3)


def test_concrete_values_are_checked_inside_a_trace():
    with pytest.raises(ValueError, match="at least 0"):
        jax.jit(lambda x: x + _checks.scalar("y", -1.0, low=0))(1.0)


def test_gradients_pass_through():
    assert jax.grad(lambda x: _checks.scalar("x", x) ** 2)(3.0) == 6.0


def test_is_concrete_looks_into_pytrees():
    assert _checks.is_concrete({"a": 1.0, "b": (np.ones(2), None)})
    seen = []
    jax.jit(lambda x: seen.append(_checks.is_concrete({"a": (1.0, x)})))(1.0)
    assert seen == [False]


def test_single_precision_jax_is_told_what_to_type():
    script = "from qbjax import _checks; _checks.scalar('x', 1.0)"
    command = [sys.executable, "-c", script]
    single = os.environ | {"JAX_ENABLE_X64": "0"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=single)
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("RuntimeError: qbjax needs double precision")
    assert 'jax.config.update("jax_enable_x64", True)' in last
