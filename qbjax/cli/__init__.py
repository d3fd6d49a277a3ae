"""The `qbjax` command: it parses and calls; what can be tested lives below it."""

from qbjax.cli import any_battery as any_battery
from qbjax.cli import bloch as bloch
from qbjax.cli import bloch_angle as bloch_angle
from qbjax.cli import charge as charge
from qbjax.cli import collisional as collisional
from qbjax.cli import commands as commands
from qbjax.cli import doctor as doctor
from qbjax.cli import optimize as optimize
from qbjax.cli import report_page as report_page
from qbjax.cli import reproduce as reproduce
from qbjax.cli import show as show
from qbjax.cli import swap_angles as swap_angles
from qbjax.cli import sweep as sweep
from qbjax.cli import validate as validate
from qbjax.cli import waveguide as waveguide
from qbjax.cli.application import app as app
from qbjax.cli.application import main as main
