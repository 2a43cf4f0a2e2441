"""The HTTP API: routes, services and pages, and the drift check and the canary, because the API shows them.

Folders below have the dashboard, dead letters, why, recommendations and watches. The search is in `workers.search`, the
Python client in `stream.client`.
"""
