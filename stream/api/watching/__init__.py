"""Watches over HTTP: to set one, look at it, end it and follow its alerts.

The topics of both are in `stream.watches`.
"""
