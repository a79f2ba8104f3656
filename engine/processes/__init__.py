"""Child processes: start, read, end. Used by executors and tools alike."""
