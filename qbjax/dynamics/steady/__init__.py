"""Steady states of generators as linear systems, and the gap above them."""
