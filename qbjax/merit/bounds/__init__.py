r"""Bounds that no protocol exceeds: of any driven system, and of a ladder and classical qubits.

Of any state: `information_power` and `uncertainty_power` bound its power (`bounds.rates`). Of any
`Driven` system whose signals have a `Reach`: `angle_energy` bounds what a unitary charging stores
(`bounds.angle`), `backward_energy` what any does (`bounds.backward`), best in the `reachable`
space. A search quotes the least that applies (`best.bound`, `strategies.bound`).

The rest of this page is about charging a ladder with classical qubits, and the coherent driving
that beats them. A ladder starts empty and meets a stream of qubits without coherence, of any
populations, for any angles, Ωτ = Σθ_k in all. Its populations gain in one collision at most

$$\frac{E_k - E_{k-1}}{\theta_k} \le \max_\theta\frac{\sum_np_n\sin^2a_{n+1}\theta}{\theta}
  \le R_0\sum_np_na_{n+1} \le r(E_{k-1}), \qquad R_0 = \max_x\frac{\sin^2x}{x},$$

where r is the concave function that takes the place of $a_{n+1}$ at a mean energy (Jensen):

| ladder | r(E) |
|---|---|
| oscillator | $R_0\sqrt{E+1}$; with loss $R_0(1-\gamma)\sqrt{E+1} - 2\gamma E/\pi$ |
| spin | $R_0\sqrt{(E+1)(2j-E)}$ |
| uniform | $R_0$ |

Two forms follow. **"printed"** integrates $\dot E = r(E)$, as the papers do. It is a bound while
r rises, up to `printed_limit`; beyond, r of the energy during a collision is less than r of the
energy before, and protocols do beat it: full swap, for spins up to j = 4. **"rigorous"**, the
default, knows that a collision adds at most one quantum, and integrates

$$\dot E = \max_{[\max(E-1, 0),\,E]} r .$$

It is a bound everywhere, and equal to the other up to `printed_limit`.

What else the rigorous form covers:

- (C2) takes θ ≤ π/2. Longer collisions gain no more: one gains at most
  $(1-\gamma) - \gamma E$, and if that is positive, divided by θ > π/2 it is below r, for
  $R_0 > 2/\pi$.
- Loss from a spin or a uniform ladder into a cold bath only takes energy away: the bound
  without loss holds.
- A cut ladder: its top level gains nothing. So the size of an oscillator or a uniform ladder
  is not looked at.
- A uniform ladder reaches its bound: with every angle `X0`, after any number of collisions.

Energies are in level spacings, after the loss; the rest time during which the loss acts is not
counted. Energies *between* collisions belong to no protocol.

| symbol | argument |
|---|---|
| Ωτ | `tau` |
| E | `energy` |
| $\kappa t_0 = -\ln(1-\gamma)$ | `loss` |
| $a_n$ | `ladder` |

References: R. Salvia, M. Perarnau-Llobet, G. Haack, N. Brunner and S. Nimmrichter, "Quantum
advantage in charging cavity and spin batteries by repeated interactions" (2023), Eqs.
(10)–(16), (19)–(20), (26)–(32), (C1)–(C4). Misprints there: the last term of (C3) lacks a
division by E; (28) has $(1-2j)/2$ for $(1-2j)/(2\sqrt{2j})$, and (29), from it,
$(2j+1)/2$ for ∞; the third line of (26) has $J_z^2 - J_z$ for $J_z^2 + J_z$; (32) lacks −i.
"""

from qbjax.merit.bounds.angle import Reach, angle_energy
from qbjax.merit.bounds.backward import Backward, backward_energy
from qbjax.merit.bounds.coherent import coherent_energy, crossing_time
from qbjax.merit.bounds.driven import Driven, reachable
from qbjax.merit.bounds.flows import R0, X0
from qbjax.merit.bounds.incoherent import (
    incoherent_energy,
    incoherent_power,
    incoherent_time,
    printed_limit,
)
from qbjax.merit.bounds.rates import information_power, uncertainty_power

__all__ = [
    "R0", "X0", "Backward", "Driven", "Reach", "angle_energy", "backward_energy",
    "coherent_energy", "crossing_time", "incoherent_energy", "incoherent_power",
    "incoherent_time", "information_power", "printed_limit", "reachable", "uncertainty_power",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
