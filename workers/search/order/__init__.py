"""The order of what is found: relevance, weights, rules, sorting, groups and diversity.

What is found is in `workers.search.retrieval`, what an item weighs in `workers.merchandising`.
"""
