"""Query understanding: a pure function from the text of a query to guessed filters and the words that remain."""
