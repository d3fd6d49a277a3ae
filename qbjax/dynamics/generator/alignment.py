r"""The places of sectors in a stack: such that few slices read what a jump moves.

Sectors lie in planes of one size, and a jump reads its source plane shifted. Where sector t reads
sector t + 1 with one pair of shifts for all t, the whole jump is one slice of the stack. What the
shifts are depends on where each sector begins in its plane, its *origin*; the smaller sectors have
room to choose. In Tavis–Cummings, whose sectors hold one number of excitations each, photons then
leave by one slice, whatever the numbers of spins and photons.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Link(NamedTuple):
    """A jump's way from one sector into another: shifts of rows and columns, within sectors."""

    target: int
    source: int
    offsets: tuple[int, int]


Slice = tuple[int, tuple[int, int]]
"""The first plane that is read, and the shifts of rows and columns."""


def origins(sizes: Sequence[int], groups: Sequence[Sequence[Link]]) -> tuple[int, ...]:
    """The first places of all sectors, all 0 unless others make fewer slices.

    Args:
        sizes: of the sectors.
        groups: the links of every leap, each a slice at best.

    Example:
        >>> origins([1, 2, 1], [[Link(0, 1, (0, 0)), Link(1, 2, (-1, -1))]])
        (0, 0, 1)
    """
    best, fewest = (0,) * len(sizes), _count(groups, (0,) * len(sizes))
    for links in groups:
        for wanted in sorted({link.offsets[0] for link in links}, key=abs):
            if fewest == len(groups):
                return best
            found = _straightened(len(sizes), links, wanted)
            if found is None or any(o + n > max(sizes) for o, n in zip(found, sizes, strict=True)):
                continue
            if (count := _count(groups, found)) < fewest:
                best, fewest = found, count
    return best


def slices(reads: Sequence[Slice | None]) -> tuple[tuple[int, int, tuple[int, int]], ...]:
    """Joins neighbours that read neighbours with one pair of shifts: (first, end, shifts) each.

    Args:
        reads: for every plane what it reads; None where it reads nothing, and so anything may be.

    Example:
        >>> slices([(1, (0, 0)), (2, (0, 0)), None])
        ((1, 4, (0, 0)),)
    """
    found: list[tuple[int, int, tuple[int, int]]] = []
    free = 0
    for read in reads:
        if read is None:
            if found:
                first, end, offsets = found[-1]
                found[-1] = first, end + 1, offsets
            else:
                free += 1
            continue
        plane, offsets = read
        if found and (found[-1][1], found[-1][2]) == (plane, offsets):
            found[-1] = found[-1][0], plane + 1, offsets
        else:
            found.append((plane - free, plane + 1, offsets))
            free = 0
    return tuple(found)


def _count(groups, origins) -> int:
    return sum(len(slices(_reads(len(origins), links, origins))) for links in groups)


def _reads(planes: int, links: Sequence[Link], origins) -> list[Slice | None]:
    reads: list[Slice | None] = [None] * planes
    for target, source, (k, m) in links:
        step = origins[source] - origins[target]
        reads[target] = source, (k + step, m + step)
    return reads


def _straightened(planes: int, links: Sequence[Link], wanted: int) -> tuple[int, ...] | None:
    """Origins with which all links have one shift of rows; None if there are none."""
    steps: list[list[tuple[int, int]]] = [[] for _ in range(planes)]
    for target, source, (k, _) in links:
        steps[target].append((source, wanted - k))
        steps[source].append((target, k - wanted))
    found: dict[int, int] = {}
    for start in range(planes):
        if start in found:
            continue
        group = _walk(start, steps)
        if group is None:
            return None
        lowest = min(group.values())
        found |= {sector: place - lowest for sector, place in group.items()}
    return tuple(found[sector] for sector in range(planes))


def _walk(start: int, steps) -> dict[int, int] | None:
    """Places of all sectors that are linked to one, counted from it; None if they disagree."""
    found, waiting = {start: 0}, [start]
    while waiting:
        here = waiting.pop()
        for there, step in steps[here]:
            place = found[here] + step
            if there not in found:
                found[there] = place
                waiting.append(there)
            elif found[there] != place:
                return None
    return found
