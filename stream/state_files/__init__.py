"""The item state as lines of files: export, import, and the journal of the embedded broker.

`up` keeps it, in `stream.up`.
"""
