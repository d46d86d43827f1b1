"""Contamination: how much of the evaluation stands in a training text, counted over the evaluation items."""

from finbench.contamination.audit import audit
from finbench.contamination.decontaminate import Decontamination, decontaminate, training_index
from finbench.contamination.index import Index, Rule, index_of
from finbench.contamination.lineage import notices
from finbench.contamination.report import AuditReport, read_report

__all__ = [
    "AuditReport",
    "Decontamination",
    "Index",
    "Rule",
    "audit",
    "decontaminate",
    "index_of",
    "notices",
    "read_report",
    "training_index",
]
