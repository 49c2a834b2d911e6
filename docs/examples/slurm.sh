#!/usr/bin/env bash
# Explores in parts as a Slurm job array, one task a part, and sums them up when all are through.
#   docs/examples/slurm.sh VIVARIUM PARTS SEEDS OUT [SCENARIO...]     the nodes have to share the folder
set -euo pipefail
vivarium=$(realpath "$1") parts=$2 seeds=$3
mkdir -p "$4"
out=$(realpath "$4")
sbatch --wait --array="1-$parts" --output="$out/%a.log" --cpus-per-task=1 <<JOB || true
#!/usr/bin/env bash
exec "$vivarium" explore ${*:5} --seeds "$seeds" --shard "\$SLURM_ARRAY_TASK_ID/$parts" --jobs 1 \\
    --out "$out/\$SLURM_ARRAY_TASK_ID" --quiet
JOB
exec "$vivarium" merge "$out"
