"""The exit codes of the contract."""

DONE, FAILED, USAGE, WAITS = 0, 1, 2, 3
