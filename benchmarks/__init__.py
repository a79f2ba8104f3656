"""Measurements beside floors of the same run: `make bench`. Nothing here is a test; bars stand in the table."""
