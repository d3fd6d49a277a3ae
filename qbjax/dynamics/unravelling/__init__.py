r"""Unravellings: one trajectory of a measured battery, a pure function of a key.

$$\mathrm d\rho = \Big(A\rho + \rho A^\dagger + \sum_jL_j\rho L_j^\dagger\Big)\mathrm dt
  = \overline{\mathrm d|\psi\rangle\langle\psi|}, \qquad
  A = -iH - \tfrac12\sum_jL_j^\dagger L_j, \qquad L_j = \sqrt{\gamma_j}\,\ell_j .$$

**The description.** `monitored.Monitored` is a master equation as an unravelling takes it: a pytree
whose leaves are numbers, so that it is an argument of a compiled program. A battery makes one by
`interface.battery.Monitorable.monitored(protocol, initial, times)`. A ket is two real rows (2, d).

**The kernel.** An unravelling is a function of (monitored, times, …) to `one(key) -> row`. What all
trajectories share is made outside `one`, once. `key` is that of the trajectory: the caller folds
the index into the study's, and maps: on a CPU by `lax.map`.

**The row** is a flat dictionary of arrays of shapes known before compilation. With T saved times:

| name | shape | is |
|---|---|---|
| `energy`, `ergotropy`, … | (T, …) | all that `Monitored.merits` returns of the conditional state |
| `truncation` | (T, modes) | population of the top two levels of every truncated mode |
| `packed_cell` | (T, c, c) | the cell's state (`algebra.packing`); none where nothing stores |
| `status` | () int | 0 ok, 2 not finite, 4 truncated (`dynamics.record.doubt`) |
| `jump_times` | (most,) | of jumps, when; NaN behind the last |
| `jump_channels` | (most,) int | and which; −1 behind the last |
| `jump_counts` | (T, J) int | jumps so far; exact even if they are more than `most` |
| `currents` | (T − 1, C) | of diffusive records |

All that `Monitored.observe` sees is linear in the state and may be averaged over trajectories. The
row holds it under the same names (but for `norm_squared`, which is 1), and with the means of it
`Monitored.merits` gives the merits of the mean state. The mean of `ergotropy` is the daemonic
ergotropy, and never less than the merit of the mean.
"""
