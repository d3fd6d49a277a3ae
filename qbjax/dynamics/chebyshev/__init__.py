"""Chebyshev propagation of linear equations, and its transpose for reverse mode."""
