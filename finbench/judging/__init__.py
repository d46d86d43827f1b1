"""The judge: prompts as files, verdicts read by fixed rules, scorers, and its agreement with a labelled set."""
