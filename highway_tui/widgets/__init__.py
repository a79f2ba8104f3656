"""Widgets show, they do not know: each takes a view model and tells with a message what a person did."""
