"""The dashboard: one snapshot a second for all viewers together, and the page that shows it."""
