"""The work of each stage: fold, document, plan, embedder, index, search. Knows nothing of Faust."""
