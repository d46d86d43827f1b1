"""What Inspect imports at every start: each task, scorer, solver and metric of the project, and nothing heavy."""

# ruff: noqa: F401
from finbench.curation.tasks import curated, curation_exercises, curation_quality, extract_exercises, score_quality
from finbench.evaluation.provider import checkpoint
from finbench.judging.metrics import judge, judged_accuracy, numeric_accuracy, rating
from finbench.judging.scorers import judged_answer, judged_chat
from finbench.preference.tasks import (
    correct_step,
    judge_solution,
    locate_step,
    preference_correcting,
    preference_judging,
    preference_locating,
    preference_rollouts,
    preference_sampling,
    recorded,
    roll_out,
    sample_solution,
)
from finbench.scoring.briefs import brief, fact_coverage, figure_fidelity
from finbench.scoring.instructions import instructions
from finbench.scoring.metrics import (
    balanced_accuracy,
    entity_f1,
    exact_match,
    f1,
    format_share,
    macro_f1,
    mcc,
    outcome_shares,
    rouge1,
)
from finbench.scoring.relations_scorer import relations
from finbench.scoring.row_labels import row_label
from finbench.scoring.scorers import choice, entities, label, number
from finbench.scoring.text_scorers import numeracy_f1, summary, text
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
from finbench.tasks.chat import converse
from finbench.tasks.solving import answer
