#!/bin/sh
# The whole loop of finbench on a real small model; called by `make demo`. What is finished is not done again.
set -eu
OUT=${OUT:-runs/demo}
BIN=${BIN:-.venv/bin}
export FINBENCH_CACHE="${FINBENCH_CACHE:-$PWD/.finbench}"
export TOKENIZERS_PARALLELISM=false

# a smaller round for continuous integration: six real steps, 24 items a task, so an unofficial set
small=""
if [ "${DEMO:-full}" = small ]; then
  small="--set stages.0.data.0.examples=48 --set stages.0.evaluate.limit=24"
fi

say() { printf '\n\033[1m== %s\033[0m\n' "$*" >&2; }

say "1/4  the catalogue: what can be measured here"
"$BIN/finbench" tasks --suite quick

say "2/4  score SmolLM2-135M-Instruct, train it on the tone of finance sentences, score the checkpoint, judge"
# shellcheck disable=SC2086
"$BIN/finbench" train quickstart --out "$OUT" $small

say "3/4  both models, item by item: paired tests with intervals"
"$BIN/finbench" compare "$OUT/logs" --baseline smollm2-135m-instruct --candidate quickstart-sft
"$BIN/finbench" compare "$OUT/logs" --baseline smollm2-135m-instruct --candidate quickstart-sft --json >"$OUT/compare.json" 2>/dev/null

say "4/4  publish: a static leaderboard from the logs"
"$BIN/finbench" leaderboard build "$OUT/logs" -o "$OUT/site" --recipes "$OUT"

say "done: open $OUT/site/index.html; logs in $OUT/logs (inspect view --log-dir $OUT/logs), report in $OUT/report.md"
