"""The package that others install: one version everywhere, a wheel and a source that hold all."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import qbjax as qb

ROOT = Path(__file__).parents[1]


def test_there_is_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert qb.__version__ == project["version"] == cited["version"]
    assert f"## [{qb.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
    assert cited["license"] == project["license"]


def test_continuous_integration_calls_what_a_newcomer_calls():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert {"run": ".ci/run"} in jobs["test"]["steps"]
    assert "exec make test" in (ROOT / ".ci/run").read_text()


@pytest.mark.slow  # builds in an environment of its own
def test_a_wheel_and_a_source_hold_all_and_work(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", tmp_path]
    subprocess.run([*build, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "qbjax").rglob("*.py")}
    assert modules | {"qbjax/py.typed"} <= names
    assert not {name for name in names if name.startswith("tests")}
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target"]
    subprocess.run([*install, tmp_path / "there", wheel], check=True)
    smoke = (
        "import qbjax; from qbjax.cli import doctor; assert doctor.self_test().fit; "
        "print(qbjax.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", smoke], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "there"), "QBJAX_CACHE": "off"},
    )  # fmt: skip
    assert done.stdout.startswith(str(tmp_path))


@pytest.mark.slow
def test_a_source_builds_the_same_wheel(tmp_path):
    pip = [sys.executable, "-m", "pip"]
    tools = tmp_path / "tools"
    subprocess.run([*pip, "install", "--quiet", "--target", tools, "hatchling"], check=True)
    build = f"from hatchling.build import build_sdist; build_sdist({str(tmp_path)!r})"
    subprocess.run(
        [sys.executable, "-c", build], check=True, cwd=ROOT, env={"PYTHONPATH": str(tools)}
    )
    (source,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        held = {"/".join(Path(name).parts[1:]) for name in archive.getnames()}
    assert {"qbjax/__init__.py", "tests/toy.py", "LICENSE", "CITATION.cff"} <= held
    for name, built in (("source", source), ("here", ROOT)):
        wheel = [*pip, "wheel", "--no-deps", "--quiet", "-w", tmp_path / name, built]
        subprocess.run(wheel, check=True)
    first, second = (
        zipfile.ZipFile(next((tmp_path / name).glob("*.whl"))).namelist()
        for name in ("source", "here")
    )
    assert sorted(first) == sorted(second)
