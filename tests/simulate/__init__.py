"""Freshline without processes: its own code over a broker and an index in memory, in every order that a seed gives."""
