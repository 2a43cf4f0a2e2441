"""The vocabulary: the words of titles, brands and categories, to complete and correct queries.

It is filled in `stream.writers`.
"""
