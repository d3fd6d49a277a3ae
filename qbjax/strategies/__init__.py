"""How we choose: optimisers and classical recipes."""
