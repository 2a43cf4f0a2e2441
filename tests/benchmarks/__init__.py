"""Speed and memory of a running stack: `make bench`."""
