"""The faces of highway-tui: the command line and the terminal UI. Both see the engine through its facade only."""
