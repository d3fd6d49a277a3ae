"""`qbjax doctor`: what will do, and what will not."""

import pytest

import qbjax as qb
from qbjax.cli import doctor
from tests.command import one_line, qbjax


def test_all_is_well():
    result = qbjax("doctor")
    assert result.exit_code == 0, result.output
    for words in ("Python", "double", "are right to", " MB in ", "jaxlib"):
        assert words in " ".join(result.output.split())
    assert "NO" not in result.output.split()


def test_names_in_brackets_are_shown(monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    assert "“qbjax[cluster]”" in "".join(qbjax("doctor").output.split())


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    found = doctor.cache(tmp_path / "file")
    assert not found.fit
    assert f"{tmp_path / 'file'} cannot be written; type qbjax --cache-dir" in found.value
    assert "are not kept" in doctor.cache(None).value
    monkeypatch.setattr(doctor, "cache", lambda _: found)
    result = qbjax("doctor")
    assert result.exit_code == 1
    assert "NO" in result.output.split()
    assert one_line(result.stderr, "Error: compiled programs:", "or set QBJAX_CACHE_DIR")


def test_wrong_numbers_are_found():
    """A solver whose energies are off by a millionth."""

    def wrong(*given, **how):
        run = qb.charge(*given, **how)
        return type("Run", (), {"energy": run.energy * (1 + 1e-6)})

    assert doctor.self_test().fit
    assert not doctor.self_test(wrong).fit


@pytest.mark.parametrize("missing", sorted(doctor.OPTIONAL))
def test_what_is_missing_says_how_to_get_it(monkeypatch, missing):
    real = doctor.importlib.util.find_spec

    def find(name):
        return None if name == missing else real(name)

    monkeypatch.setattr(doctor.importlib.util, "find_spec", find)
    told = {found.name: found.value for found in doctor.surroundings()}["not installed"]
    assert told.startswith(f"{missing} (pip install “")
