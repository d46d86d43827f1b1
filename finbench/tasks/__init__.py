"""The benchmark's tasks, one module a family. Every `@task` is exported here; `catalogue` knows them by name."""

from finbench.tasks.chat import mt_bench
from finbench.tasks.claims import ccf, ccfraud, portoseguro, travel_insurance
from finbench.tasks.commonsense import hellaswag, openbookqa, piqa, social_iqa, winogrande
from finbench.tasks.concepts import fin_terms, mmlu_finance
from finbench.tasks.entities import fin_entities, finer_ord, ner
from finbench.tasks.exams import cfa_challenge, cfa_easy
from finbench.tasks.figures import fin_figures
from finbench.tasks.following import fin_follow
from finbench.tasks.general import arc, arc_challenge, mmlu, nq_open
from finbench.tasks.generated import fin_calc, fin_sums
from finbench.tasks.mathematics import financemath, gsm8k, mathqa
from finbench.tasks.movement import sm_acl, sm_bigdata, sm_cikm
from finbench.tasks.news import headlines, ma, mlesg
from finbench.tasks.openqa import financebench
from finbench.tasks.relations import finred
from finbench.tasks.risk import australian_credit, german_credit, lendingclub, polish, taiwan
from finbench.tasks.sentiment import fin_tone, fiqa_sa, fpb
from finbench.tasks.stance import fomc
from finbench.tasks.summaries import ectsum, edtsum, fin_briefs
from finbench.tasks.tables import convfinqa, finqa, tatqa

__all__ = [
    "arc",
    "arc_challenge",
    "australian_credit",
    "ccf",
    "ccfraud",
    "cfa_challenge",
    "cfa_easy",
    "convfinqa",
    "ectsum",
    "edtsum",
    "fin_briefs",
    "fin_calc",
    "fin_entities",
    "fin_figures",
    "fin_follow",
    "fin_sums",
    "fin_terms",
    "fin_tone",
    "financebench",
    "financemath",
    "finer_ord",
    "finqa",
    "finred",
    "fiqa_sa",
    "fomc",
    "fpb",
    "german_credit",
    "gsm8k",
    "headlines",
    "hellaswag",
    "lendingclub",
    "ma",
    "mathqa",
    "mlesg",
    "mmlu",
    "mmlu_finance",
    "mt_bench",
    "ner",
    "nq_open",
    "openbookqa",
    "piqa",
    "polish",
    "portoseguro",
    "sm_acl",
    "sm_bigdata",
    "sm_cikm",
    "social_iqa",
    "taiwan",
    "tatqa",
    "travel_insurance",
    "winogrande",
]
