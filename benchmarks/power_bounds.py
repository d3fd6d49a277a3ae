"""Who charges fastest? Classical qubits at their best, coherent ones, and the bounds between them.

Salvia et al. (2023), Figs. 3 to 6, with what the paper lacks: energies over the bound, classical
qubits whose angles are optimised, a bound for spins that no protocol breaks, and the critical loss
of qubits that are no equal superpositions. Energies are those after a collision, never
interpolated; a stream for a given time has its last collision cut short.

Run: python benchmarks/power_bounds.py [DIRECTORY]   (about three minutes of processor time)
"""

import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import power_bounds_figure
import xarray as xr
from rich.console import Console

import qbjax as qb
from qbjax.batteries.collisional.critical import critical_loss, lead
from qbjax.batteries.collisional.swap_angles import best_power
from qbjax.dynamics.record.provenance import environment
from qbjax.merit import bounds
from qbjax.strategies import full_swap, greedy, in_time
from qbjax.views import figure_files, report

OSCILLATOR, SPIN = qb.algebra.ladders.oscillator(250), qb.algebra.ladders.spin(49.5)
SHORTER = qb.algebra.ladders.oscillator(110)
"""Levels enough for the times at which a lead begins."""
LONGEST = {"oscillator": 28.0, "spin": 4.2}
THETAS = {"oscillator": (0.005, 0.01, 0.02, 0.04), "spin": (0.001, 0.002, 0.004, 0.008)}
"""Angles of equal coherent qubits, over π."""
TIMES = {"oscillator": (5.0, 10.0, 20.0, 28.0), "spin": (0.5, 1.0, 2.0, 3.0)}
COUNTS = (2, 5, 10, 20, 40, 80)
GREEDY = {"oscillator": 130, "spin": 95}
DAMPINGS = np.linspace(0.0, 0.004, 21)
ANGLES = np.linspace(0.006, 0.056, 26) * np.pi
WINDOWS = (0.0, 5e-4, 1e-3, 2e-3)
"""Losses γ in the picture of Fig. 5, at θ = 0.01π."""
POPULATIONS = (0.5, 0.45, 0.4, 0.35, 0.3, 0.25)


@eqx.filter_jit
def _energies(battery, protocol):
    return qb.charge(battery, protocol).energy


def curve(ladder, protocol, damping=0.0):
    """Times, energies after every collision, and the bound without loss then."""
    loss = -float(np.log1p(-damping))
    times = np.asarray(protocol.times())
    energies = np.asarray(_energies(qb.batteries.Collisional(ladder, loss or 0), protocol))
    return times, energies, bound(ladder, times)


def bound(ladder, times, loss=0):
    """The rigorous bound of classical qubits."""
    return np.asarray(jax.vmap(lambda t: bounds.incoherent_energy(ladder, t, loss))(times))


def coherent(theta, duration):
    """Equal superpositions, as many as the time takes."""
    return qb.protocols.Collisions(np.full(int(duration / theta + 1e-9), theta), 0.5, 1.0)


def optimised(ladder):
    """Rows of the best average powers of K classical qubits, beside greedy's of as many."""
    battery = qb.batteries.Collisional(ladder)
    greedily = qb.charge(battery, greedy(battery, COUNTS[-1])).charging_power
    for count in COUNTS:
        best = best_power(battery, count)
        tau, power = float(best.protocol.times()[-1]), float(best.value)
        most = float(bound(ladder, np.array([tau]))[0])
        yield {"ladder": ladder.kind, "count": count, "tau": tau, "energy": tau * power,
               "over_bound": tau * power / most,
               "over_greedy": power / float(greedily[count]) - 1}  # fmt: skip


def classical(ladder, kind, duration):
    """Greedy and full-swap streams of a duration."""
    battery = qb.batteries.Collisional(ladder)
    swaps = int(np.searchsorted(np.cumsum(np.pi / 2 / ladder.couplings), duration))
    swaps = min(swaps + 1, ladder.size - 1)
    return {"greedy": greedy(battery, GREEDY[kind]), "full swap": full_swap(battery, swaps)}


def curves(ladder):
    """Name to (times, energies, bound)."""
    kind, duration = ladder.kind, LONGEST[ladder.kind]
    grid = np.linspace(0.0, duration, 300)
    found = {
        f"θ = {theta:g}π": curve(ladder, coherent(theta * np.pi, duration))
        for theta in THETAS[kind]
    }
    drive = np.array([float(bounds.coherent_energy(ladder, t)) for t in grid])
    found["θ → 0"] = (grid, drive, bound(ladder, grid))
    for name, stream in classical(ladder, kind, duration).items():
        found[name] = curve(ladder, in_time(stream, duration))
    return found


def at_times(ladder):
    """Rows of the energies of protocols that last just so long."""
    for tau in TIMES[ladder.kind]:
        most = float(bound(ladder, np.array([tau]))[0])
        streams = {}
        for theta in THETAS[ladder.kind]:
            count = round(tau / (theta * np.pi))
            equal = qb.protocols.Collisions(np.full(count, tau / count), 0.5, 1.0)
            streams[f"coherent, {theta:g}π"] = equal
        for name, stream in classical(ladder, ladder.kind, tau).items():
            streams[name] = in_time(stream, tau)
        for name, stream in streams.items():
            energy = float(curve(ladder, stream)[1][-1])
            yield {"ladder": ladder.kind, "protocol": name, "tau": tau, "energy": energy,
                   "bound": most, "over_bound": energy / most}  # fmt: skip


def windows():
    """Fig. 5: energies at θ = 0.01π under losses, and the bound with each."""
    stream = coherent(0.01 * np.pi, LONGEST["oscillator"])
    found = {}
    for damping in WINDOWS:
        times, energies, most = curve(OSCILLATOR, stream, damping)
        lossy = bound(OSCILLATOR, times, -np.log1p(-damping)) if damping else most
        found[damping] = times, energies, most, lossy
    return found


def window_rows(found):
    """When the lead begins and ends, in collisions."""
    for damping, (_, energies, most, lossy) in found.items():
        for against, level in (("lossless", most), ("lossy", lossy)):
            ahead = np.flatnonzero(energies > level)
            first, last = (ahead[0], ahead[-1]) if ahead.size else (0, 0)
            yield {"damping": damping, "bound": against, "first": first, "last": last}


def lead_map():
    """Λ and τ_ad by loss and angle: one program, point by point on a CPU, at once elsewhere."""

    def one(point):
        battery = qb.batteries.Collisional(SHORTER, point[1])
        found = lead(battery, point[0], 13.0, collisions=int(13.0 / ANGLES[0]) + 1)
        return jnp.stack([found.excess, found.first_time])

    theta, loss = (jnp.asarray(x.ravel()) for x in np.meshgrid(ANGLES, -np.log1p(-DAMPINGS)))
    many = jax.lax.map if jax.default_backend() == "cpu" else (lambda f, x: jax.vmap(f)(x))
    found = np.asarray(jax.jit(lambda *p: many(one, p))(theta, loss))
    found = found.reshape(DAMPINGS.size, ANGLES.size, 2)
    return xr.Dataset(
        {name: (("damping", "theta"), found[..., k]) for k, name in enumerate(("excess", "time"))},
        {"damping": DAMPINGS, "theta": ANGLES / np.pi},
    )


def earliest(leads):
    """The least τ_ad of every loss that leaves a lead, and its angle."""
    for damping, times in zip(DAMPINGS, leads.time.values, strict=True):
        if not np.isnan(times).all():
            best = np.nanargmin(times)
            yield {"damping": damping, "tau": times[best], "theta_over_pi": ANGLES[best] / np.pi}


def critical_rows():
    """The critical loss by population, and of the best."""
    for q in (*POPULATIONS, None):
        found = critical_loss(SHORTER, 0.02 * np.pi, 0.055 * np.pi, 14.0, ground_population=q)
        yield {"chosen": q is None, "ground_population": found.ground_population,
               "theta_over_pi": found.theta / np.pi, "damping": found.damping,
               "tau": found.time}  # fmt: skip


def curve_table(found):
    """The curves of Figs. 3 and 6, a row for every point."""
    tables = [
        pd.DataFrame({"ladder": kind, "protocol": name, "tau": t, "energy": e, "bound": most})
        for kind, some in found.items()
        for name, (t, e, most) in some.items()
    ]
    return pd.concat(tables, ignore_index=True)


def sheet(title, table):
    """A table to print."""
    rows = [
        tuple(f"{x:.7g}" if isinstance(x, float) else str(x) for x in row)
        for row in table.itertuples(index=False)
    ]
    return report.Sheet(title, tuple(table.columns), rows)


def main(directory):
    found = {ladder.kind: curves(ladder) for ladder in (OSCILLATOR, SPIN)}
    under_loss, leads = windows(), lead_map()
    tables = {
        "energies": pd.DataFrame([*at_times(OSCILLATOR), *at_times(SPIN)]),
        "optimised": pd.DataFrame([*optimised(OSCILLATOR), *optimised(SPIN)]),
        "windows": pd.DataFrame(window_rows(under_loss)),
        "earliest": pd.DataFrame(earliest(leads)),
        "critical": pd.DataFrame(critical_rows()),
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        Console().print(report.to_rich(sheet(name, table)))
        table.to_csv(directory / f"{name}.csv", index=False)
    curve_table(found).to_csv(directory / "curves.csv", index=False)
    leads.assign_attrs(environment()).to_netcdf(directory / "map.nc", engine="h5netcdf")
    figure = power_bounds_figure.draw(found, under_loss, leads, tables)
    for ending in ("png", "pdf"):
        figure_files.save(figure, directory / f"power_bounds.{ending}", environment())
    print(f"Saved in {directory}.")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/power-bounds"]))
