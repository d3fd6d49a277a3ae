"""Pictures and pages from data: plots, tables, claims, saved runs."""

from qbjax.views import claims as claims
from qbjax.views import plot as plot
from qbjax.views import report as report
