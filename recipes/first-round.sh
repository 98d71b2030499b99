#!/bin/sh
# Every recipe for some minutes on two cores, one after another; started again, it goes on where it was.
# Usage: recipes/first-round.sh COHORT OUT [RECIPE=MINUTES | RECIPE=UNITSu ...]
set -eu
cohort=$1
out=$2
shift 2
[ $# -gt 0 ] || set -- anchored=20 full=18 weak=12 pg-net=8 unet-3d=8 anchored-full=15 anchored-ifss=20 paper-full=8 paper-weak=8
mkdir -p "$out"
for pair in "$@"; do
  recipe=${pair%%=*}
  case ${pair#*=} in
    *u) long="--set trainer.units=${pair#*=}"; long=${long%u} ;;
    *) long="--minutes ${pair#*=}" ;;
  esac
  [ -f "$out/$recipe/done" ] && continue
  if [ -f "$out/$recipe/checkpoint.pt" ]; then how=--resume; else how=--force; fi
  ifss train "$cohort" --recipe "$recipe" -o "$out/$recipe" $long --seed 1 --quiet $how
  date > "$out/$recipe/done"
done
