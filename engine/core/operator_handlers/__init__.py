"""One decide function per operator."""
