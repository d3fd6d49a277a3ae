"""What every battery says of itself, and the opaque state that it hands around."""
