#!/bin/bash
#SBATCH --job-name=samples
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --time=00:10:00
#SBATCH --no-requeue

# sbatch job.sh [FOLDER]: runs the manifests in FOLDER, by default those beside this script, on the
# hosts of the allocation, and ends as the batch does.

# A project and a ledger of this job's own, on a disk of the first host.
project="${TMPDIR:-/tmp}/$SLURM_JOB_NAME-$SLURM_JOB_ID"
export RECONCILER_STATE="$project.state"
cp -R "${1:-$SLURM_SUBMIT_DIR}" "$project" || exit

# However the job ends, no container of it stays behind on any host.
clean_up() {
    reconciler destroy "$project" --yes && rm -r "$project" "$RECONCILER_STATE"
}
trap 'clean_up || echo "containers may be left: see $RECONCILER_STATE on $HOSTNAME"' EXIT

# At the time limit, and by scancel, Slurm sends SIGTERM to all of us: reconciler stops, then we do.
trap : TERM

reconciler apply "$project" --wait --nodes <(scontrol show hostnames "$SLURM_JOB_NODELIST")
outcome=$?

reconciler status -s "$project"
exit $outcome
