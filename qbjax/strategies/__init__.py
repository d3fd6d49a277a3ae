"""How we choose: optimisers and classical recipes."""

from qbjax.strategies.classical import full_swap as full_swap
from qbjax.strategies.classical import greedy as greedy
from qbjax.strategies.classical import in_time as in_time
