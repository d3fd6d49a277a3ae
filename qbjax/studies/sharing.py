"""Swept functions whose points share numbers: what they need to say, and what they share."""

import abc
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, ClassVar

MOST = 8
"""Programs of functions that share numbers that are kept for other numbers."""

_KEPT: OrderedDict[Hashable, Any] = OrderedDict()


class Sharing(abc.ABC):
    """A swept function whose points share numbers: inputs of its program, found once.

    Attributes:
        sized_by: the argument that asks for its points, for the error if they take too much memory.
    """

    sized_by: ClassVar[str] = "function"

    @abc.abstractmethod
    def structure(self) -> Hashable:
        """All that decides its program but the numbers: functions that agree in it share one."""

    @abc.abstractmethod
    def shared(self) -> Any:
        """Finds the numbers that all points share: a pytree of arrays."""

    @abc.abstractmethod
    def given(self, shared: Any) -> Callable:
        """Makes the function of a point's scalars; traced once for all the points of a chunk."""

    def __call__(self, **point: Any) -> Any:
        """The answer at one point alone."""
        return self.given(self.shared())(**point)


def taken(key: Hashable) -> Any:
    """Takes out the program that was kept for a key; None if there is none."""
    return _KEPT.pop(key, None)


def kept(key: Hashable, program: Any) -> Any:
    """Keeps a program, and drops the one that was asked for longest ago if there are too many."""
    _KEPT[key] = program
    while len(_KEPT) > MOST:
        _KEPT.popitem(last=False)
    return program
