"""The order of what is found: relevance, weights, rules, sorting, groups, diversity. Finding is in `retrieval`."""
