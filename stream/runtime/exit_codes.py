"""Exit codes of worker processes."""

EXIT_MISCONFIGURED = 78
"""A worker ends with this code when it cannot start as it is set up; its last line is the reason.

It is EX_CONFIG of sysexits.h.
"""
