"""Writers of physical collections, the sinks of their lanes (metrics, progress, dead letters), and the epoch."""
