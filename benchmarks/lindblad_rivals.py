"""The rivals of lindblad.py: dynamiqs and QuTiP, each at its best, and how calls are timed."""

import statistics
import time

import dynamiqs as dq
import jax
import jax.numpy as jnp
import numpy as np
import qutip
from lindblad_systems import HEAT
from qutip.solver.integrator import IntegratorException

dq.set_precision("double")

ROUNDS = 5
RTOL, ATOL = 1e-8, 1e-10

OPTIONS = {"rtol": RTOL, "atol": ATOL, "nsteps": 10**7, "store_states": False, "progress_bar": ""}


def seconds_of(function):
    start = time.perf_counter()
    jax.block_until_ready(function())
    return time.perf_counter() - start


def race(functions, references, rounds=ROUNDS):
    """Of every function: median seconds, its ratios to the references and its answer.

    Warm calls, in turns, so that a busy minute strikes everybody; a ratio is the median of those
    within a turn.
    """
    answers = {name: np.asarray(function()) for name, function in functions.items()}
    seconds = [{n: seconds_of(f) for n, f in functions.items()} for _ in range(rounds)]
    return {
        name: (
            statistics.median(s[name] for s in seconds),
            [statistics.median(s[name] / s[base] for s in seconds) for base in references],
            answers[name],
        )
        for name in functions
    }


def fastest(candidates, system, times, trial):
    """The one whose second call up to `trial` is fastest, ready to go through all times."""
    seconds = {}
    for name, function in candidates(*system, times[times <= trial]).items():
        try:
            seconds[name] = seconds_of(function)
            if seconds[name] < 1 or "dynamiqs" in name:  # else it need not warm up
                seconds[name] = seconds_of(function)
        except (ValueError, KeyError, IntegratorException):
            continue  # an older QuTiP lacks it, or it does not get there
    name = min(seconds, key=seconds.get)
    return name, candidates(*system, times)[name]


def table(title, results, exact):
    """Prints seconds, ratios to ours, and the largest error of what was asked for."""
    print(f"\n{title}", flush=True)
    for name, (seconds, ratios, answer) in results.items():
        times = " ".join(f"{ratio:7.2f}" for ratio in ratios)
        error = np.max(np.abs(answer - exact))
        print(f"{name:46} {seconds:9.4f} s  x{times}   error {error:.1e}", flush=True)


def dynamiqs_candidates(H, jumps, start, observable, times):
    """Methods and layouts; `start` is a ket."""

    def run(layout, method):
        def ready(x):
            return dq.asqarray(np.asarray(x, complex), layout=layout)

        rest = {"save_states": False, "progress_meter": False,
                "method": method(rtol=RTOL, atol=ATOL, max_steps=10**6)}  # fmt: skip

        @jax.jit
        def expectations(matrix, losses, seen, psi):
            if losses:
                out = dq.mesolve(matrix, losses, psi, times, exp_ops=[seen], **rest)
            else:
                out = dq.sesolve(matrix, psi, times, exp_ops=[seen], **rest)
            return out.expects[0].real

        # Arguments, not constants: XLA would fold their products for seconds.
        given = ready(H), [ready(x) for x in jumps], ready(observable)
        return lambda: expectations(*given, dq.asqarray(start[:, None].astype(complex)))

    methods = (dq.method.Tsit5, dq.method.Dopri5, dq.method.Dopri8)
    found = {f"dynamiqs, {m.__name__}, DIA": run(dq.dia, m) for m in methods}
    if len(H) < 200:  # beyond, a dense layout has no chance
        found["dynamiqs, Tsit5, dense"] = run(dq.dense, dq.method.Tsit5)
    return found


def qutip_candidates(H, jumps, start, observable, times):
    """Methods and storages, as a superoperator built beforehand or as products of matrices."""
    psi, seen = qutip.Qobj(start[:, None]), qutip.Qobj(observable)

    def run(method, kind, in_matrices):
        matrix = qutip.Qobj(H).to(kind)
        losses = [qutip.Qobj(x).to(kind) for x in jumps]
        options = OPTIONS | {"method": method}
        if not jumps:
            solver = qutip.SESolver(matrix, options=options)
        elif in_matrices:
            options |= {"matrix_form": True}
            solver = qutip.MESolver(matrix, losses, options=options)
        else:
            whole = qutip.liouvillian(matrix, losses).to(kind)
            solver = qutip.MESolver(whole, options=options)
        return lambda: solver.run(psi, times, e_ops=[seen.to(kind)]).expect[0]

    found = {}
    methods = ("adams", "vern7", "tsit5", "dop853")
    for method in (*methods, "bdf") if len(H) < 64 else methods:  # bdf keeps a full Jacobian
        for kind in ("dia", "csr"):
            for in_matrices in (False, True) if jumps else (False,):
                name = f"QuTiP, {method}, {kind}" + ", matrix form" * in_matrices
                try:
                    found[name] = run(method, kind, in_matrices)
                except (ValueError, KeyError, TypeError):
                    continue  # an older QuTiP lacks it
    return found


def kerr_photons(parameters, levels, kerr, times, adjoint):
    """⟨n⟩ at the end, by dynamiqs, from (Δ, F, γ)."""
    detuning, drive, loss = parameters
    a = dq.destroy(levels, layout=dq.dia)
    n = a.dag() @ a
    H = detuning * n + kerr * (a.dag() @ a.dag() @ a @ a) + drive * (a + a.dag())
    jumps = [jnp.sqrt(loss * (1 + HEAT)) * a, jnp.sqrt(loss * HEAT) * a.dag()]
    out = dq.mesolve(
        H, jumps, dq.fock(levels, 0), times, exp_ops=[n], gradient=adjoint, save_states=False,
        method=dq.method.Tsit5(rtol=RTOL, atol=ATOL), progress_meter=False,
    )  # fmt: skip
    return out.expects[0, -1].real
