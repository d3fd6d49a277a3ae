"""The record that every way of running an equation leaves behind."""

from typing import NamedTuple

from jaxtyping import Array, Bool, Int, PyTree


class Run(NamedTuple):
    """A run as its solver left it.

    Attributes:
        saved: with leading axis T; anything where the run did not arrive.
        arrived: at which times it did.
        last: the state where it ended.
        failed: whether that was too early; `limited`: because the steps ran out.
        steps: taken and rejected.
    """

    saved: PyTree[Array]
    arrived: Bool[Array, " T"]
    last: PyTree[Array]
    failed: Bool[Array, ""]
    limited: Bool[Array, ""]
    steps: Int[Array, ""]
