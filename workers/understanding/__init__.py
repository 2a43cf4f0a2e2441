"""Query understanding: a pure function from the text of a query to guessed filters and the words that remain.

What happens where a guess leaves nothing is decided in `workers.search`.
"""
