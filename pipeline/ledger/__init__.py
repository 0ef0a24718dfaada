"""Remember: append-only events, committed and pushed."""
