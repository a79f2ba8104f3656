"""Functions that workflows call by name."""
