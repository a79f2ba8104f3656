"""One module a verb, each with its click command as `command`; `cli.py` imports the one that was asked for."""
