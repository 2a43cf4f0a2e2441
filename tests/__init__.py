"""All tests, by how much of Freshline they run: see CONTRIBUTING.md."""
