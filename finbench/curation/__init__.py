"""Curation of training text by a language model: the additive quality score, and exercises taken from passages."""
