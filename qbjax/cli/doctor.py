"""`qbjax doctor`: is this installation fit to compute, and does it compute right?"""

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import typer

import qbjax
from qbjax import _memory, _setup
from qbjax.batteries import Lindblad
from qbjax.cli import session
from qbjax.cli.application import Command, app
from qbjax.views import report

OPTIONAL = {"qutip": "qutip", "distributed": "qbjax[cluster]", "plotly": "qbjax[report]"}
"""Packages that some things need, and the name by which pip brings them."""


class Finding(NamedTuple):
    """A thing looked at, what it is, and whether that will do."""

    name: str
    value: str
    fit: bool = True


@app.command(cls=Command)
def doctor(context: typer.Context) -> None:
    """Look at Python, JAX, devices, precision, cache and memory, and compute something known.

    Exits with 1 if something will not do.
    """
    with session.plainly(debug=context.obj):
        asked = context.parent.params if context.parent else {}
        folder = None if asked.get("no_cache") else asked.get("cache_dir")
        found = [*surroundings(), cache(folder), self_test()]
        rows = [(f.name, f.value, "ok" if f.fit else "NO") for f in found]
        session.out().print(report.to_rich(report.Sheet("qbjax", ("what", "found", ""), rows)))
        unfit = [f for f in found if not f.fit]
        for finding in unfit:
            session.complain(f"{finding.name}: {finding.value}")
        if unfit:
            raise typer.Exit(1)


def surroundings() -> Iterator[Finding]:
    """Looks at what qbjax stands on."""
    yield Finding("Python", sys.version.split()[0], sys.version_info >= (3, 11))
    names = ("qbjax", "jax", "jaxlib", "diffrax", "equinox", "optax")
    yield Finding("packages", ", ".join(f"{name} {version(name)}" for name in names))
    missing = [name for name in OPTIONAL if importlib.util.find_spec(name) is None]
    told = ", ".join(f"{name} (pip install “{OPTIONAL[name]}”)" for name in missing)
    yield Finding("not installed", told or "nothing that qbjax can use")
    devices = jax.devices()
    yield Finding("devices", ", ".join(f"{d.platform}:{d.id} ({d.device_kind})" for d in devices))
    double = jnp.zeros(()).dtype == jnp.float64
    yield Finding("precision", "double" if double else "single: unset JAX_ENABLE_X64", double)
    memory = _memory.here()
    known = "unknown" if np.isinf(memory) else f"{memory / 2**30:.3g} GiB may be used"
    yield Finding("memory", known, memory > 2**30)


def cache(folder: Path | None) -> Finding:
    """Looks at the folder of compiled programs; None if they are not to be kept."""
    if folder is None:
        return Finding("compiled programs", "are not kept: every start compiles anew")
    if not _setup.keep_programs(folder):
        why = f"{folder} cannot be written; type qbjax --cache-dir FOLDER, or set QBJAX_CACHE_DIR"
        return Finding("compiled programs", why, False)
    files = [p.stat().st_size for p in folder.rglob("*") if p.is_file()]
    return Finding("compiled programs", f"{len(files)} of {sum(files) / 1e6:.0f} MB in {folder}")


def self_test(solve: Callable = qbjax.charge) -> Finding:
    r"""Charges a driven qubit, $E = \sin^2\Omega t$, and differentiates by Ω.

    Args:
        solve: what charges it.
    """
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    qubit = Lindblad(
        np.zeros((2, 2)), [], dims=(2,), cell=0, cell_hamiltonian=[0.0, 1.0],
        controls=[lower + lower.T],
    )  # fmt: skip
    start = time.perf_counter()

    def energy(drive):
        pump = qbjax.protocols.Constant(drive)
        return solve(qubit, pump, [0.0, 0.5, 1.0], adjoint="forward").energy[1:]

    at, one = jnp.array(0.7), jnp.array(1.0)
    found = np.stack(jax.jvp(jax.jit(energy), (at,), (one,)))
    turned = 0.7 * np.array([0.5, 1.0])
    exact = [np.sin(turned) ** 2, np.array([0.5, 1.0]) * np.sin(2 * turned)]
    error, seconds = float(np.max(np.abs(found - exact))), time.perf_counter() - start
    text = f"a qubit's energy and its slope are right to {error:.0e}, after {seconds:.1f} s"
    return Finding("self-test", text, error < 1e-7)
