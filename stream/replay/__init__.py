"""Sends records once more: a range of a topic, or the dead letters of one."""
