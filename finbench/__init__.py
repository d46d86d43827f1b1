"""finbench: what a language model can do in finance, as Inspect tasks on a capability taxonomy.

Tasks are attributes of this package (`finbench.fomc`), loaded when they are asked for: the statistics
(`finbench.stats`) and the extractors (`finbench.scoring`) are used without Inspect.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finbench.curation.tasks import curation_exercises, curation_quality
    from finbench.judging.check_task import judge_check
    from finbench.preference.tasks import (
        preference_correcting,
        preference_judging,
        preference_locating,
        preference_rollouts,
        preference_sampling,
    )
    from finbench.tasks import (
        arc,
        arc_challenge,
        australian_credit,
        ccf,
        ccfraud,
        cfa_challenge,
        cfa_easy,
        convfinqa,
        ectsum,
        edtsum,
        fin_briefs,
        fin_calc,
        fin_entities,
        fin_figures,
        fin_follow,
        fin_sums,
        fin_terms,
        fin_tone,
        financebench,
        financemath,
        finer_ord,
        finqa,
        finred,
        fiqa_sa,
        fomc,
        fpb,
        german_credit,
        gsm8k,
        headlines,
        hellaswag,
        lendingclub,
        ma,
        mathqa,
        mlesg,
        mmlu,
        mmlu_finance,
        mt_bench,
        ner,
        nq_open,
        openbookqa,
        piqa,
        polish,
        portoseguro,
        sm_acl,
        sm_bigdata,
        sm_cikm,
        social_iqa,
        taiwan,
        tatqa,
        travel_insurance,
        winogrande,
    )

try:
    __version__ = version("finbench")
except PackageNotFoundError:  # a source tree on sys.path without an installation
    __version__ = "0.0.0"

__all__ = [
    "__version__",
    "arc",
    "arc_challenge",
    "australian_credit",
    "ccf",
    "ccfraud",
    "cfa_challenge",
    "cfa_easy",
    "convfinqa",
    "curation_exercises",
    "curation_quality",
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
    "judge_check",
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
    "preference_correcting",
    "preference_judging",
    "preference_locating",
    "preference_rollouts",
    "preference_sampling",
    "sm_acl",
    "sm_bigdata",
    "sm_cikm",
    "social_iqa",
    "taiwan",
    "tatqa",
    "travel_insurance",
    "winogrande",
]


def __getattr__(name: str) -> Any:
    """A task of the benchmark, of the check of a judge, of curation or of preference distillation by its name."""
    if name == "judge_check":
        return getattr(import_module("finbench.judging.check_task"), name)
    if name.startswith("curation_") and name in __all__:
        return getattr(import_module("finbench.curation.tasks"), name)
    if name.startswith("preference_") and name in __all__:
        return getattr(import_module("finbench.preference.tasks"), name)
    if name in __all__:
        return getattr(import_module("finbench.tasks"), name)
    raise AttributeError(f"module 'finbench' has no attribute {name!r}")
