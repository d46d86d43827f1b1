"""Preference distillation: sample, judge, correct, roll out, and keep the pairs that can be trusted and traced."""
