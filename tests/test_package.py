"""The package that others install: one version everywhere, a wheel and a source that hold all."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
import yaml

import qbjax as qb

ROOT = Path(__file__).parents[1]


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITED = yaml.safe_load((ROOT / "CITATION.cff").read_text())
JOBS = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]


def test_there_is_one_version():
    assert qb.__version__ == PROJECT["version"] == CITED["version"]
    dated = f"## [{qb.__version__}] - {CITED['date-released']}"
    assert dated in (ROOT / "CHANGELOG.md").read_text()
    assert CITED["license"] == PROJECT["license"]


def test_continuous_integration_calls_what_a_newcomer_calls():
    assert {"run": ".ci/run"} in JOBS["test"]["steps"]
    assert "exec make test" in (ROOT / ".ci/run").read_text()


def test_oldest_and_newest_dependencies_are_tested_on_every_python():
    """Each has a lower bound, which the job `package` installs; extras stand in the docs."""
    needed = chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    assert [name for name in needed if not re.search(r"[>=]=\d", name)] == []
    matrix = JOBS["package"]["strategy"]["matrix"]
    named = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if ":: Python :: 3." in c]
    assert matrix == {"python": named, "dependencies": ["oldest", "newest"]}
    (command,) = (step["run"] for step in JOBS["package"]["steps"] if "run" in step)
    assert (ROOT / command.split()[0]).exists()
    documented = (ROOT / "docs/install.md").read_text()
    assert [x for x in PROJECT["optional-dependencies"] if f"| `{x}` |" not in documented] == []


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
    shutil.copy(ROOT / "tests/smoke.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "smoke.py"], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "there"), "QBJAX_CACHE": "off"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(tmp_path / "there") in done.stdout


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
    assert {"qbjax/__init__.py", "tests/toy.py", "benchmarks/gpu.py", "LICENSE"} <= held
    for name, built in (("source", source), ("here", ROOT)):
        wheel = [*pip, "wheel", "--no-deps", "--quiet", "-w", tmp_path / name, built]
        subprocess.run(wheel, check=True)
    first, second = (
        zipfile.ZipFile(next((tmp_path / name).glob("*.whl"))).namelist()
        for name in ("source", "here")
    )
    assert sorted(first) == sorted(second)


def test_what_the_paper_cites_is_in_its_bibliography():
    """And the other way round; entries say where to find them, and the length is the journal's."""
    head, text = (ROOT / "docs/paper/paper.md").read_text().split("\n---\n", 1)
    entries = (ROOT / "docs/paper/paper.bib").read_text().split("\n@")
    keys = [entry.split("{", 1)[1].split(",")[0] for entry in entries]
    assert len(set(keys)) == len(keys)
    assert set(re.findall(r"@(\w+)", text)) == set(keys)
    assert [k for k, e in zip(keys, entries) if not re.search(r"\b(doi|url) = \{\S+\}", e)] == []
    assert [k for k, e in zip(keys, entries) if not re.search(r"\byear = \{20\d\d\}", e)] == []
    assert 750 <= len(text.split()) <= 1750
    about = yaml.safe_load(head.removeprefix("---"))
    assert {"title", "tags", "authors", "affiliations", "date", "bibliography"} <= set(about)
    sections = ["Summary", "Statement of need", "State of the field", "Design", "Reproducibility"]
    assert re.findall(r"^# (.+)", text, re.M) == [*sections, "Acknowledgements", "References"]
