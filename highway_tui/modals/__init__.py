"""Questions and lists over a screen: one per file."""
