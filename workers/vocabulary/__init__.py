"""The vocabulary: the words that titles, brands and categories have now, to complete and to correct queries."""
