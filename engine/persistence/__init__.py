"""Stores: the journal, its projections, ownership."""
