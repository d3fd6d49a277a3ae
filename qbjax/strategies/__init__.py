"""How we choose: optimisers and classical recipes."""

from qbjax.batteries.collisional.classical import full_swap as full_swap
from qbjax.batteries.collisional.classical import greedy as greedy
from qbjax.batteries.collisional.classical import in_time as in_time
