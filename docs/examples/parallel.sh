#!/usr/bin/env bash
# Explores in N parts with GNU parallel on one machine, and sums them up.
#   docs/examples/parallel.sh VIVARIUM PARTS SEEDS OUT [SCENARIO...]
# such as docs/examples/parallel.sh build/release/bin/vivarium 8 1..20000 out
set -euo pipefail
vivarium=$1 parts=$2 seeds=$3 out=$4
# A part that finds a broken run exits 1; the merger says so for all of them.
seq "$parts" | parallel --will-cite --jobs "${JOBS:-100%}" \
    "$vivarium" explore "${@:5}" --seeds "$seeds" --shard "{}/$parts" --jobs 1 --out "$out/{}" --quiet \
    '>' "$out.{}.log" || true
exec "$vivarium" merge "$out"
