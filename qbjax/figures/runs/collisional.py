"""Runs of a ladder charged by qubits: streams, bounds, distributions, the time of a first lead."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb
from qbjax.algebra.ladders import Ladder
from qbjax.batteries.collisional.critical import lead
from qbjax.figures.entry import Columns


def ladder_of(kind: str, size: int) -> Ladder:
    """Makes an oscillator or a spin ladder of so many levels."""
    spin = kind == "spin"
    return qb.algebra.ladders.spin((size - 1) / 2) if spin else qb.algebra.ladders.oscillator(size)


def equal(
    kind: str, size: int, theta_over_pi: float, until: float, damping: float = 0.0
) -> Columns:
    """Charges with equal superpositions, q = 1/2 and c = 1, one swap angle, loss γ after each."""
    battery = qb.batteries.Collisional(ladder_of(kind, size), -np.log1p(-damping) or 0)
    theta = theta_over_pi * np.pi
    return _stream(battery, _superpositions(theta, int(until / theta + 1e-9)))


def classical(kind: str, size: int, strategy: str, count: int, until: float) -> Columns:
    """Charges with excited qubits: "full swap", or greedily for "average" or "transient" power."""
    battery = qb.batteries.Collisional(ladder_of(kind, size))
    stream = _strategy(battery, strategy, count)
    return _stream(battery, qb.strategies.in_time(stream, until))


def bound(kind: str, size: int, until: float, form: str = "rigorous", points: int = 201) -> Columns:
    """Evaluates the bound of all classical qubits over time, as printed or as it holds."""
    ladder, times = ladder_of(kind, size), np.linspace(0.0, until, points)
    most = jax.vmap(lambda t: qb.merit.bounds.incoherent_energy(ladder, t, form=form))
    return {"time": times, "energy": np.asarray(most(times)), "lead": np.zeros(points)}


def driven(kind: str, size: int, until: float, points: int = 201) -> Columns:
    """Evaluates the limit of ever smaller swap angles of coherent qubits over time."""
    ladder, times = ladder_of(kind, size), np.linspace(0.0, until, points)
    limit = jax.vmap(lambda t: qb.merit.bounds.coherent_energy(ladder, t))
    return {"time": times, "energy": np.asarray(limit(times))}


def distribution(size: int, theta_over_pi: float, times: tuple[float, ...], count: int) -> Columns:
    """Distributes the energy of an oscillator after several charging times.

    Returns:
        `level`, and for the n-th time the populations `coherent n`, `adaptive n`, `swap n`; of
        each, and of the bound, the mean energy as two points (`… mean n`), over `height`.
    """
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(size))
    theta = theta_over_pi * np.pi
    streams = {
        "coherent": _superpositions(theta, round(times[-1] / theta)),
        "adaptive": _strategy(battery, "transient", count),
        "swap": _strategy(battery, "full swap", count),
    }
    columns: dict[str, np.ndarray] = {"level": np.arange(size), "height": np.array([0.0, 1.0])}
    for n, time in enumerate(times, 1):
        most = qb.merit.bounds.incoherent_energy(battery.ladder, time)
        columns[f"bound mean {n}"] = np.full(2, float(most))
        for name, stream in streams.items():
            run = qb.charge(battery, _ends(qb.strategies.in_time(stream, time)))
            columns[f"{name} {n}"] = np.asarray(battery.populations(run.final_state))
            columns[f"{name} mean {n}"] = np.full(2, columns[f"{name} {n}"] @ np.arange(size))
    return columns


def first_lead(
    size: int, damping: float, angles_over_pi: tuple[float, float, int], until: float
) -> Columns:
    """Finds when equal superpositions first lead over the bound, by swap angle; NaN for never."""
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(size), -np.log1p(-damping))
    angles = np.pi * np.linspace(*angles_over_pi)
    count = int(until / angles[0]) + 1

    def one(theta):
        return lead(battery, theta, until, collisions=count).first_time

    times = jax.jit(lambda thetas: jax.lax.map(one, thetas))(jnp.asarray(angles))
    return {"theta_over_pi": angles / np.pi, "time": np.asarray(times)}


def _superpositions(theta: float, count: int) -> qb.protocols.Collisions:
    return qb.protocols.Collisions(np.full(count, theta), 0.5, 1.0)


def _strategy(battery, strategy: str, count: int) -> qb.protocols.Collisions:
    if strategy == "full swap":
        return qb.strategies.full_swap(battery, count)
    return qb.strategies.greedy(battery, count, strategy)


def _ends(stream: qb.protocols.Collisions) -> qb.protocols.Collisions:
    """The same stream, looked at after its last collision only."""
    return dataclasses.replace(stream, save_every=stream.count)


@eqx.filter_jit
def _energies(battery, protocol):
    """The energies alone: merits of the whole spectrum after every collision would take longer."""
    return qb.charge(battery, protocol).energy


def _stream(battery, protocol) -> Columns:
    """Time and energy after every collision, and the energy over the bound for classical qubits."""
    times, energies = np.asarray(protocol.times()), np.asarray(_energies(battery, protocol))
    most = jax.vmap(lambda t: qb.merit.bounds.incoherent_energy(battery.ladder, t))(times)
    return {"time": times, "energy": energies, "lead": energies - np.asarray(most)}
