"""Names of claims, by which pages link to them and figures say what they bear on."""

import re
import unicodedata
from collections import Counter

from qbjax.papers.claim import Claim, Paper


def names(paper: Paper) -> dict[str, Claim]:
    """Names every claim of a paper by its place and its turn there, in the order of the ledger.

    What is not in the paper has the place "ours".

    Example:
        >>> from qbjax import papers
        >>> list(names(papers.paper("waveguide")))[:4]
        ['abstract-1', 'below-eq-8-1', 'eq-6-1', 'eq-6-2']
    """
    turns: Counter[str] = Counter()
    found = {}
    for claim in paper.claims:
        plain = unicodedata.normalize("NFKD", claim.place).encode("ascii", "ignore").decode()
        place = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "ours"
        turns[place] += 1
        found[f"{place}-{turns[place]}"] = claim
    return found
