"""Real processes are killed and frozen while events flow, and the end is compared with the fold. See README.md."""
