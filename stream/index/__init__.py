"""The index worker: item records go to every collection's writer. The writers are in `stream.writers`."""
