"""Full feeds: compared with the item state, the difference published."""
