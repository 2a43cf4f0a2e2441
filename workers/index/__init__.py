"""The index behind one interface: Qdrant Edge in this process, or a Qdrant server.

What is written to it is decided in `workers.point`.
"""
