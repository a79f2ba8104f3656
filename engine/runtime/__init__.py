"""The shell around the core: the engine thread's loop, executors, logs."""
