"""Loops over as many rows as there are, of arrays that have more."""

import jax
import jax.numpy as jnp
import numpy as np

from qbjax.dynamics import rows


def test_a_bucket_holds_its_times_and_less_than_twice_as_many_from_there_on():
    sizes = [rows.bucket(count) for count in range(1, 3000)]
    assert all(size >= count for count, size in enumerate(sizes, start=1))
    assert all(size < 2 * count for count, size in enumerate(sizes, start=1) if count > 128)
    assert len({rows.bucket(count) for count in (21, 51, 101, 128)}) == 1


def test_padded_times_tell_how_many_there_were():
    for count in (1, 2, 3, 17, 200):
        times = np.geomspace(1e-3, 1e3, count)
        longer = rows.padded(times)
        assert longer.size == rows.bucket(count)
        assert np.array_equal(longer[:count], times)
        assert int(rows.counted(jnp.asarray(longer))) == count


def test_a_scan_goes_as_far_as_it_is_told_and_traces_its_body_once():
    traces = []

    def body(carry, row):
        traces.append(row)
        return carry + row["x"], {"told": 2 * row["x"]}

    inputs = {"x": jnp.arange(1.0, 9.0)}
    some = jax.jit(lambda count: rows.scan(body, 0.0, inputs, count))
    total, told = some(jnp.array(3))
    assert len(traces) == 1
    assert (float(total), told["told"].tolist()) == (6.0, [2.0, 4.0, 6.0, *[0.0] * 5])
    everything = rows.scan(body, 0.0, inputs)
    assert jax.tree.all(jax.tree.map(jnp.array_equal, everything, some(jnp.array(8))))


def test_rows_are_cut_on_the_host():
    """A slice in JAX would compile a program for every number of rows."""
    given = {"a": jnp.arange(8.0), "b": (jnp.ones((8, 2), int), None)}
    with jax.log_compiles(), np.testing.assert_no_warnings():
        found = rows.cut(given, 3)
    assert found["a"].tolist() == [0.0, 1.0, 2.0]
    assert found["b"][0].shape == (3, 2)
    assert all(isinstance(x, jax.Array) for x in jax.tree.leaves(found))
