#!/bin/sh
# The paper's experiment on its own data set, end to end; started again, it goes on where it was (docs/how-to/leg-3d-us.md).
# Usage: recipes/leg-3d-us.sh DATA OUT [more of `ifss experiment leg-3d-us`: --dry-run, --yes, --scale quarter, --minutes 60 ...]
set -eu
data=$1
out=$2
shift 2
exec ifss experiment leg-3d-us "$data" -o "$out" "$@"
