"""Plan and events to decisions. Pure: no I/O, no clock, no threads; time and ids are arguments."""
