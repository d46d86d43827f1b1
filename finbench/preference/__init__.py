"""Preference distillation as Inspect tasks: sampling, judging, locating, correcting, rolling out.

`finbench.preference.running` has a function for each; `schema` the records they leave; `items` makes prompts.
"""
