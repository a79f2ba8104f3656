"""Measurements: each prints its figure beside a floor taken in the same run; none is a timed test."""
