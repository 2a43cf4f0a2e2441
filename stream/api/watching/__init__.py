"""Watches over HTTP: to set one, to look at it, to end it, and to follow its alerts."""
