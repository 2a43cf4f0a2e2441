"""The parts that several test files share: fakes, strategies, running stacks, the writer of the reference pages."""
