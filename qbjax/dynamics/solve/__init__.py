"""Solvers of equations of motion, and the choice between them."""
