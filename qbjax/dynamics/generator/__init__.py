"""Generators: Lindbladians and Schrödinger operators as sums of shifted diagonals, or in slots."""
