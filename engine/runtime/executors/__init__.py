"""One executor per runtime."""
