"""Exit codes of worker processes."""

EXIT_MISCONFIGURED = 78
"""Of a worker that cannot start as it is set up, with the reason as its last line (EX_CONFIG of sysexits.h)."""
