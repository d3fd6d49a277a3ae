"""The points of a sweep."""

import datetime

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from qbjax.studies import grids
from tests.studies.refusals import assert_refused


def test_product_is_in_c_order_and_keeps_units():
    labelled = xr.DataArray([5.0, 6.0], attrs={"units": "1", "long_name": "time"})
    grid = grids.product(F=([1.0, 2.0, 3.0], "1/gamma_s"), t=labelled)
    assert grid.count == 6
    assert grid.sizes == {"F": 3, "t": 2}
    assert grid.coordinates["F"].values.tolist() == [1, 1, 2, 2, 3, 3]
    assert grid.coordinates["t"].values.tolist() == [5, 6] * 3
    assert grid.coordinates["F"].attrs == {"units": "1/gamma_s"}
    assert grid.axes["t"].attrs == {"units": "1", "long_name": "time"}


def test_lists_have_no_axes():
    grid = grids.zipped(F=[1.0, 1.0], t=[3.0, 4.0])
    assert (grid.count, grid.sizes, grid.axes) == (2, None, None)


@pytest.mark.parametrize("make", [grids.random, grids.sobol])
def test_spread_points_fill_their_box_and_repeat(make):
    grid, again = (make(100, seed=3, F=(1.0, 3.0, "V"), t=(-1.0, 0.0)) for _ in range(2))
    for name, low, high in (("F", 1.0, 3.0), ("t", -1.0, 0.0)):
        values = grid.coordinates[name].values
        assert values.shape == (100,)
        assert np.all((values >= low) & (values <= high))
        assert values.min() < low + 0.1 * (high - low)
        assert values.max() > high - 0.1 * (high - low)
        assert np.array_equal(values, again.coordinates[name].values)
    assert grid.coordinates["F"].attrs == {"units": "V"}
    other = make(100, seed=4, F=(1.0, 3.0), t=(-1.0, 0.0))
    assert not np.array_equal(other.coordinates["F"].values, grid.coordinates["F"].values)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: grids.as_grid({}), ValueError, "`grid` must name at least one"),
        (lambda: grids.as_grid({"F": []}), ValueError, r"`grid\['F'\]` must hold at least one"),
        (lambda: grids.as_grid([1.0]), TypeError, "`grid` must map names"),
        (lambda: grids.product(F=[1.0, 2.0, 1.0]), ValueError, "`F` has 1 2 times"),
        (lambda: grids.product(F=[1.0, np.nan]), ValueError, "F"),
        (lambda: grids.product(F=[[1.0]]), ValueError, "F"),
        (lambda: grids.product(F=["a"]), TypeError, "F"),
        (lambda: grids.zipped(F=[1.0], t=[1.0, 2.0]), ValueError, "one length, but has F: 1, t: 2"),
        (lambda: grids.random(0, F=(0, 1)), ValueError, "`count`"),
        (lambda: grids.random(3, F=(1, 0)), ValueError, "`F` must have low < high"),
        (lambda: grids.sobol(3, F=1.0), TypeError, "`F` must be"),
        (lambda: grids.sobol(3, seed=-1, F=(0, 1)), ValueError, "`seed`"),
        (lambda: grids.random(3), ValueError, "at least one coordinate"),
    ],
)
def test_bad_grids(make, error, words):
    with pytest.raises(error, match=words):
        make()


COORDINATES = [
    *(([v], "must be finite") for v in (np.nan, np.inf)),
    *(
        ([0.5, v], "must be (made|an array) of numbers|must be real")
        for v in ("a", 1j, None, True, np.True_, jnp.array(True), datetime.date.min, 10**400, [1.0])
    ),
    ([], "must hold at least one number"),
    ([[1.0]], r"must have shape \(P,\)"),
    (1.0, r"must have shape \(P,\)"),
    (None, "made of numbers"),
    ({"a": 1.0}, "made of numbers"),
    (np.array([True, False]), "made of numbers"),
    (np.array(["2020-01-01"], "M8[D]"), "made of numbers"),
    (np.float32([1.0, 2.0]), "double precision"),
    ([2**53 + 1], r"integers that double precision holds, .* has 9007199254740993"),
    (np.array([2**62 + 1]), "integers that double precision holds"),
    ([1.0, 1.0], "must not repeat"),
    ([0.0, -0.0], "must not repeat"),
    (([1.0], 3), "numbers"),
    (xr.DataArray([1.0], attrs={"a": object()}), "attrs` must be what JSON can hold"),
]


@pytest.mark.parametrize(("values", "words"), COORDINATES)
def test_coordinates_are_finite_numbers(tmp_path, values, words):
    assert_refused(lambda: grids.product(x=values), words, tmp_path)
    if "repeat" not in words:
        assert_refused(lambda: grids.zipped(x=values), words, tmp_path)


@pytest.mark.parametrize("make", [grids.random, grids.sobol])
@pytest.mark.parametrize(
    ("arguments", "box", "words"),
    [
        ((10**11,), (0, 1), "must ask for what fits into the memory|`count` must be at most"),
        ((10**400,), (0, 1), "must ask for what fits into the memory|`count` must be .* at most"),
        ((1e3,), (0, 1), "`count` must be an integer"),
        ((True,), (0, 1), "`count` must be an integer"),
        ((3, 0.5), (0, 1), "`seed` must be an integer"),
        ((3,), (1, 0), "low < high"),
        ((3,), (-1.7e308, 1.7e308), "a finite way apart"),
        ((3,), (0, np.nan), "must be finite"),
        ((3,), (True, 2), "made of numbers"),
        ((3,), (0, 1j), "must be real"),
        ((3,), "ab", "made of numbers"),
        ((3,), (0,), r"\(low, high\)"),
        ((3,), (0, 1, 5), "a text for its unit"),
    ],
)
def test_boxes_are_finite_and_fit(tmp_path, make, arguments, box, words):
    assert_refused(lambda: make(*arguments, x=box), words, tmp_path)


def test_products_fit_into_the_memory(tmp_path):
    axis = np.arange(1000.0)
    for count in (5, 40):
        axes = {f"a{i}": axis for i in range(count)}
        assert_refused(lambda axes=axes: grids.product(**axes), "fits into the memory", tmp_path)
