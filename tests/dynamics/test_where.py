"""The platform of a program: where its data lives, else the default device."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.where import platform_of
from qbjax.strategies import loop


def test_committed_data_says_where(monkeypatch):
    cpu = jax.devices("cpu")[0]
    free, put = jnp.ones(2), jax.device_put(jnp.ones(2), cpu)
    assert platform_of((free, None, "words")) == "cpu"
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert platform_of((free, np.ones(2))) == "gpu"
    assert platform_of((free, put)) == "cpu"
    with jax.default_device(cpu):
        assert platform_of(free) == "cpu"
    # Of what is traced nobody knows where it will be.
    assert jax.jit(lambda x: x if platform_of(x) == "gpu" else 0 * x)(put).tolist() == [1.0, 1.0]


@pytest.mark.standard_promotion
def test_all_starts_of_a_search_are_one_program_where_that_pays(monkeypatch):
    """The answer is the same."""
    seen = []
    step = loop.step_all
    monkeypatch.setattr(loop, "step_all", lambda *given: seen.append(given[-1]) or step(*given))

    def hill(x):
        return -((x - 1.0) ** 2)

    def found():
        return qb.maximize(hill, qb.free(0.0, -3.0, 3.0), starts=3)

    one_by_one = found()
    monkeypatch.setattr(loop, "platform_of", lambda given: "gpu")
    together = found()
    assert set(seen) == {False, True}
    np.testing.assert_allclose(together.start_values, one_by_one.start_values, atol=1e-12)
