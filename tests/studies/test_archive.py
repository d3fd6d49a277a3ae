"""A store gives back what was written, on its grid, and refuses what it cannot hold."""

import numpy as np
import pytest
import xarray as xr

from qbjax.studies.archive import Archive, export, read
from tests.studies.archive_producer import SIZES, arrays, computed, produce, product, variable


def expected():
    x, y = np.meshgrid(np.linspace(0.0, 4.0, 5), np.linspace(0.1, 0.4, 4), indexing="ij")
    values = computed(x.ravel(), y.ravel())
    return {name: array.reshape(5, 4, *array.shape[1:]) for name, (_, array) in values.items()}


@pytest.mark.parametrize("chunk", [3, 50])
@pytest.mark.parametrize("permuted", [True, False])
def test_a_product_comes_back_on_its_grid(tmp_path, chunk, permuted):
    produce(tmp_path / "a", product(chunk, permuted))
    found = read(tmp_path / "a")
    assert found.attrs["missing"] == 0
    assert found.attrs["configuration"] == {"levels": [12, 4], "parity": True}
    assert dict(found.sizes) == {**SIZES, "time": 3, "mode": 0}
    assert set(found.coords) == {"amplitude", "coupling"}
    assert found.amplitude.attrs == {"units": "γ_s"}
    assert found.ergotropy.attrs == {"units": "signal quanta"}
    for name, values in expected().items():
        assert found[name].dims[:2] == ("amplitude", "coupling")
        assert found[name].dtype == values.dtype
        assert found[name].values.tobytes() == values.tobytes(), name


def test_a_list_comes_back_over_points_in_the_order_of_the_grid(tmp_path):
    plan = product(sizes=None, axes=xr.Dataset(coords={"time": [0.0, 1.0, 4.0]}))
    plan.coordinates.amplitude.attrs["units"] = "seconds"
    produce(tmp_path / "a", plan)
    found = read(tmp_path / "a")
    assert dict(found.sizes) == {"point": 20, "time": 3, "mode": 0}
    np.testing.assert_array_equal(found.amplitude, np.repeat(np.linspace(0.0, 4.0, 5), 4))
    assert found.amplitude.attrs == {"units": "seconds"}
    np.testing.assert_array_equal(found.time, [0.0, 1.0, 4.0])
    assert set(found.coords) == {"amplitude", "coupling", "time"}
    np.testing.assert_array_equal(found.ergotropy, expected()["ergotropy"].ravel())


def test_what_is_not_computed_says_so_in_every_type(tmp_path):
    with Archive(tmp_path / "a", product(permuted=False)) as archive:
        assert archive.missing() == list(range(7))
        archive.write(6, arrays(archive, 6))
        archive.write(0, arrays(archive, 0))
        assert archive.missing() == [1, 2, 3, 4, 5]
        assert archive.span(6) == slice(18, 20)
    found, whole = read(tmp_path / "a"), expected()
    assert found.attrs["missing"] == 15
    for name, absent in {"ergotropy": np.nan, "status": -1, "seed": 65535, "good": False}.items():
        values, right = found[name].values.ravel(), whole[name].ravel()
        np.testing.assert_array_equal(values[3:18], absent)
        np.testing.assert_array_equal(values[[0, 1, 2, 18, 19]], right[[0, 1, 2, 18, 19]])
        assert values.dtype == right.dtype
    assert np.isnan(found.history.values.reshape(20, 3)[3:18]).all()


def test_xarray_and_zarr_open_a_store_without_warnings(tmp_path):
    produce(tmp_path / "a")
    for consolidated in (None, False):
        found = xr.open_zarr(tmp_path / "a", chunks=None, consolidated=consolidated)
        assert found.sizes["point"] == 20
        assert found.status.dtype == np.int32
        assert set(found.coords) == {"amplitude", "coupling", "order"}
    tree = xr.open_datatree(tmp_path / "a", engine="zarr")
    assert set(tree.children) == {"axes"}


def test_points_that_are_all_not_a_number_count_as_computed(tmp_path):
    plan = product(20)
    with Archive(tmp_path / "a", plan) as archive:
        nothing = {
            name: np.full((20, *v.shape), {"f": np.nan, "i": -1}.get(v.dtype.kind, 0), v.dtype)
            for name, v in plan.variables.items()
        }
        archive.write(0, nothing)
        assert archive.missing() == []


def test_a_complete_chunk_is_never_written_again(tmp_path):
    with Archive(tmp_path / "a", product()) as archive:
        first = arrays(archive, 2)
        archive.write(2, first)
        files = {path: path.read_bytes() for path in (tmp_path / "a").glob("*/c.2*")}
        archive.write(2, {name: np.zeros_like(values) for name, values in first.items()})
    assert len(files) == 5
    assert {path: path.read_bytes() for path in files} == files


def test_attributes_are_added_at_the_end(tmp_path):
    produce(tmp_path / "a")
    with Archive(tmp_path / "a", product()) as archive:
        archive.finish({"wall_time": 3.5, "version": "0.2"})
        assert archive.attributes["wall_time"] == 3.5
        with pytest.raises(TypeError, match="`attributes` must be what JSON can hold"):
            archive.finish({"wall_time": np.nan})
    found = read(tmp_path / "a")
    assert (found.attrs["wall_time"], found.attrs["version"]) == (3.5, "0.2")
    assert set(found.coords) == {"amplitude", "coupling"}


def test_netcdf_holds_the_same(tmp_path):
    with Archive(tmp_path / "a", product()) as archive:
        archive.write(1, arrays(archive, 1))
    for _ in range(2):
        assert export(tmp_path / "a", tmp_path / "a.nc") == tmp_path / "a.nc"
    found = read(tmp_path / "a")
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as again:
        assert again.attrs["missing"] == 17
        assert again.attrs["configuration"] == '{"levels": [12, 4], "parity": true}'
        assert again.ergotropy.attrs["units"] == "signal quanta"
        for name in found.variables:
            assert again[name].dtype == found[name].dtype
            np.testing.assert_array_equal(again[name], found[name])
    with pytest.raises(OSError, match="`target` must be a path that can be written"):
        export(tmp_path / "a", tmp_path / "nowhere" / "a.nc")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.nc"]


def test_a_resume_keeps_the_chunks_and_the_order_of_the_store(tmp_path):
    with Archive(tmp_path / "a", product(3)) as archive:
        archive.write(0, arrays(archive, 0))
    with Archive(tmp_path / "a", product(8, permuted=False)) as archive:
        assert (archive.chunk, archive.chunks) == (3, 7)
        assert archive.missing() == [1, 2, 3, 4, 5, 6]
        xr.testing.assert_identical(
            archive.coordinates.reset_coords().drop_attrs(), product().coordinates
        )


OTHER = product(variables={**product().variables, "seed": variable("u4")})
MOVED = product().coordinates.assign(amplitude=lambda d: d.amplitude.where(d.order != 3, -0.0))


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        (product(fingerprint={"function": "abc", "solver": "x"}), "another solver:"),
        (product(fingerprint={"solver": "x", "new": "y"}), "another function, new, solver:"),
        (OTHER, "set of variables"),
        (product(sizes={"coupling": 4, "amplitude": 5}), "grid"),
        (product(coordinates=MOVED), "coordinate amplitude"),
    ],
)
def test_a_store_of_another_sweep_is_refused(tmp_path, plan, named):
    with Archive(tmp_path / "a", product()):
        pass
    with pytest.raises(ValueError, match=f"`store` must belong to this sweep, but .*{named}"):
        Archive(tmp_path / "a", plan)
    Archive(tmp_path / "a", product()).close()


def test_a_path_that_is_something_else_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis.tex").write_text("…")
    (tmp_path / "file").write_text("…")
    for path in (tmp_path / "a", tmp_path / "file"):
        with pytest.raises(ValueError, match=r"but .* is something else"):
            Archive(path, product())
    with pytest.raises(OSError, match="`store` must be a path that can be written"):
        Archive("/proc/a", product())
    with pytest.raises(OSError, match="`store` must be a path that can be written"):
        Archive(tmp_path / "file" / "a", product())
    with pytest.raises(TypeError, match="`store` must be a path, but is 3"):
        Archive(3, product())
    with pytest.raises(ValueError, match=r"`store` must be a store of qb\.sweep"):
        read(tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "file"]


def test_an_empty_folder_may_become_a_store(tmp_path):
    produce(tmp_path)
    assert read(tmp_path).attrs["missing"] == 0


POINTS = product().coordinates


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": 0}, "`points` must be at least 1"),
        ({"chunk": 0}, "`chunk` must be at least 1"),
        ({"variables": {"a": variable("c16")}}, "`a` must be real, but .* real and imaginary"),
        ({"variables": {"a": variable("f2")}}, "`a` must be floats of 4 or 8 bytes"),
        ({"variables": {"a/b": variable("f8")}}, "must have names for folders, but has 'a/b'"),
        ({"variables": {"axes": variable("f8")}}, "but has 'axes'"),
        ({"variables": {"order": variable("f8")}}, "that no coordinate has, but has 'order'"),
        ({"variables": {"a": variable("f8", (2,))}}, "`dims` must name the axes"),
        ({"variables": {"a": variable("f8", (5,), ("amplitude",))}}, "`dims` must name each"),
        ({"coordinates": POINTS.drop_vars("order")}, "must have `order`"),
        ({"coordinates": POINTS.assign(order=POINTS.order // 2)}, "must be a permutation"),
        ({"coordinates": POINTS.isel(point=slice(3))}, "must have one number per point"),
        ({"sizes": {"amplitude": 3}}, "`sizes` must multiply to 20"),
        ({"axes": xr.Dataset(coords={"coupling": [0.1]})}, "`axes` must be as long"),
        ({"axes": xr.Dataset(coords={"time": [0.1]})}, "`dims` must name each axis once"),
        ({"attributes": {"a": object()}}, "`attributes` must be what JSON can hold"),
    ],
)
def test_a_plan_that_cannot_be_stored_is_refused(tmp_path, changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Archive(tmp_path / "a", product(**changes))
    assert not list(tmp_path.iterdir())


def test_a_chunk_of_the_wrong_kind_is_refused(tmp_path):
    with Archive(tmp_path / "a", product()) as archive:
        right = arrays(archive, 0)
        with pytest.raises(ValueError, match="`arrays` must hold"):
            archive.write(0, {"ergotropy": right["ergotropy"]})
        with pytest.raises(ValueError, match=r"`status` must have shape \(3,\), but has \(2,\)"):
            archive.write(0, {**right, "status": right["status"][:2]})
        with pytest.raises(TypeError, match="`status` must be int32, but is float64"):
            archive.write(0, {**right, "status": right["status"] / 2})
        with pytest.raises(ValueError, match="`index` must be at least 0 and at most 6"):
            archive.write(7, right)
        assert archive.missing() == list(range(7))
