"""The contracts between the stages: events, item state, points, queries, errors.

No module opens a connection, and of files only `setting_files` and `generate` open any. The work is in `workers`.
"""
