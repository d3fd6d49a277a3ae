"""A qubit charged by another qubit that was prepared on its Bloch sphere."""

from qbjax.batteries.bloch import approximations as approximations
from qbjax.batteries.bloch import exact as exact
from qbjax.batteries.bloch import moments as moments
from qbjax.batteries.bloch import optima as optima
from qbjax.batteries.bloch.battery import BlochCharger as BlochCharger
