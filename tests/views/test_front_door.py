"""`qb.views`: every public function is in the reference, and a wrong name is said."""

import inspect
from pathlib import Path

import pytest

import qbjax as qb

REFERENCE = (Path(__file__).parents[2] / "docs/api/views.md").read_text("utf-8")


def functions(module):
    return [
        name
        for name, found in vars(module).items()
        if inspect.isfunction(found)
        and found.__module__ == module.__name__
        and not name.startswith("_")
    ]


@pytest.mark.parametrize("name", qb.views.__all__)
def test_every_function_is_in_the_reference(name):
    module = getattr(qb.views, name)
    assert functions(module)
    for each in functions(module):
        assert f"::: {module.__name__}.{each}\n" in REFERENCE


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match=r"qbjax\.views' has no attribute 'plott'"):
        qb.views.plott  # noqa: B018
