"""Records of a run: its trajectory, whether to believe it, and where it is from."""
