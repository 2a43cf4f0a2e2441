"""Which points a query finds: by words, vectors and identifiers, fused and cut off. A page's order is in `order`."""
