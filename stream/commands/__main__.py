"""`python -m stream.commands`: the same as `freshline`."""

from stream.commands import main

main()
