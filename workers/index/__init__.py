"""The index behind one interface: Qdrant Edge in this process, or a Qdrant server. No decision is made here."""
