#!/bin/sh
# The paper's comparison on the digital cohort: trainings, one opening of the test split, exhibits. Started again, it goes on.
# Usage: recipes/campaign.sh COHORT OUT train|test|all
# COHORT: ifss phantom cohort -o COHORT --subjects 44 --split 29/5/10 --size quarter --seed 1
# Two trainings run side by side, a thread each: about four hours, and one more for the test split (docs/experiments/first-round.md).
set -eu
cohort=$1 out=$2 stage=${3:-all}
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
mkdir -p "$out"

train() { # NAME RECIPE SEED UNITS [more options]
  name=$1 recipe=$2 seed=$3 units=$4
  shift 4
  [ -f "$out/$name/done" ] && return
  if [ -f "$out/$name/checkpoint.pt" ]; then how=--resume; else how=--force; fi
  ifss train "$cohort" --recipe "$recipe" --seed "$seed" -o "$out/$name" --set "trainer.units=$units" --quiet "$@" "$how"
  touch "$out/$name/done"
}

evaluate() { # NAME PROTOCOL METHODS [more options]
  name=$1 protocol=$2 methods=$3
  shift 3
  ifss evaluate "$cohort" --split test --protocol "$protocol" --methods "$methods" -o "$out/test/$name" --workers 2 --quiet "$@"
  ifss figures "$out/test/$name"
}

if [ "$stage" != test ]; then
  train full full 0 700 --set trainer.validations=4 &
  train weak weak 0 620 --set trainer.validations=4
  wait
  train anchored-0 anchored 0 1100 &
  train anchored-1 anchored 1 1100
  wait
  train pg-net pg-net 0 400 &
  train unet-3d unet-3d 0 150 --set trainer.validations=2
  wait
  train paper-full/SOL paper-full 0 6 --set trainer.validations=1 &
  train paper-weak/SOL paper-weak 0 6 --set trainer.validations=1
  wait
fi
[ "$stage" = train ] && exit

# A run's best weights on the validation legs.
best() { echo "$out/$1/best.safetensors"; }
forward="FS-forward=ifss-net@$(best full):direction=forward,WS-forward=ifss-net@$(best weak):direction=forward"
both="FS-both=ifss-net@$(best full):direction=both,WS-both=ifss-net@$(best weak):direction=both"
fused="FS-fused=ifss-net@$(best full):direction=both,fuse_guided=0.5,WS-fused=ifss-net@$(best weak):direction=both,fuse_guided=0.5"
pg="PG-Net-forward=pg-net@$(best pg-net):direction=forward,PG-Net-both=pg-net@$(best pg-net):direction=both"
anchored="anchored=anchored@$(best anchored-0),anchored-1=anchored@$(best anchored-1)"
classical="hold,plain,guided,FBS=fill-between-slices,GFS=grow-from-seeds,WS=watershed"

evaluate every-100 every-100 "$classical,unet-3d@$(best unet-3d),$pg,$forward,$both,$fused,anchored=anchored@$(best anchored-0)"
evaluate every-27.7 all-seeds "plain,guided,$both,$fused,$anchored,no-image=anchored@$(best anchored-0):image=zero" --every-mm 27.7
evaluate every-55.4 all-seeds "plain,guided,$both,$fused,$anchored" --every-mm 55.4
evaluate every-110.8 all-seeds "plain,guided,$both,$anchored" --every-mm 110.8
evaluate noise-1 all-seeds "guided,$both,$anchored" --every-mm 27.7 --noise-mm 1
evaluate first-three first-three "hold,$pg,$forward"
