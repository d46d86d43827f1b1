"""FinCap: the capabilities that a finance model needs, as data.

The four capabilities and the axes of evaluation follow FINDAP (arXiv 2501.04961, sections 3.1 and 3.4).
"""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """What is measured. The four capabilities of FINDAP, section 3.1."""

    CONCEPTS = "concepts"
    TASKS = "tasks"
    REASONING = "reasoning"
    INSTRUCTION_FOLLOWING = "instruction_following"


class Domain(StrEnum):
    """Where the material comes from; the general domains show what an adaptation has cost."""

    FINANCE = "finance"
    GENERAL = "general"
    MATH = "math"


class TaskType(StrEnum):
    """What the model is asked to do."""

    SENTIMENT = "sentiment"
    STANCE = "stance"
    ENTITIES = "entities"
    RELATIONS = "relations"
    SUMMARY = "summary"
    HEADLINES = "headlines"
    ESG = "esg"
    DEALS = "deals"
    MOVEMENT = "movement"
    FRAUD = "fraud"
    CREDIT = "credit"
    DISTRESS = "distress"
    CLAIMS = "claims"
    TABLE_QA = "table_qa"
    OPEN_QA = "open_qa"
    KNOWLEDGE = "knowledge"
    COMMONSENSE = "commonsense"
    MATH = "math"
    EXAM = "exam"
    CHAT = "chat"
    INSTRUCTIONS = "instructions"


class Exposure(StrEnum):
    """Whether the type of task occurs in the instruction data of FINDAP (section 3.4); `own` for tasks beyond it."""

    SIMILAR = "similar"
    NOVEL = "novel"
    OWN = "own"


class Elicitation(StrEnum):
    """How the answer is asked for."""

    DIRECT = "direct"
    COT = "cot"
    CHAT = "chat"
    LIKELIHOOD = "likelihood"
    """Nothing is generated: the option that the model holds most likely is its answer."""


class AnswerKind(StrEnum):
    """Which extractor reads the answer, and so which scorer a task uses."""

    CHOICE = "choice"
    LABEL = "label"
    NUMBER = "number"
    ENTITIES = "entities"
    RELATIONS = "relations"
    TEXT = "text"
    SUMMARY = "summary"
    JUDGED = "judged"
    INSTRUCTIONS = "instructions"
