"""The HTTP API. The pages, the dashboard, drift and canary are here because the API shows them."""
