#!/bin/sh
# The paper's comparison on the digital cohort: trainings, one opening of the test split, exhibits. Started again, it goes on.
# Usage: recipes/campaign.sh COHORT OUT train|test|all
# COHORT: ifss phantom cohort -o COHORT --subjects 44 --split 29/5/10 --size quarter --seed 1
# Two trainings run side by side, a thread each: three hours, and one more for the test split (docs/experiments/campaign.md).
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

# A run's best weights on the validation legs.
best() { echo "$out/$1/best.safetensors"; }

# A second training from the first one's best weights, at a lower rate.
again() { # NAME RECIPE UNITS RATE [more options]
  name=$1 recipe=$2 units=$3 rate=$4
  shift 4
  train "$name" "$recipe" 0 "$units" --from "$(best "$name-first")" --set "trainer.optimiser.learning_rate=$rate" "$@"
}

# The published code's sequences, 100 to 200 slices at strides of 3 to 6, and 2.2 mm pixels: a literal unit in a second.
literal="--set sequences.slices=[100,200] --set sequences.strides=[3,6] --set sampling.pixel_mm=2.216 --set trainer.validations=2"

if [ "$stage" != test ]; then
  # The first trainings of IFSS-Net had half of the masks damaged, and sequences in their last 15 %, after their best unit.
  first="--set single_share=0.85 --set sequences.corrupt=0.5"
  # shellcheck disable=SC2086 # several words on purpose, here and with $literal
  train full-first full 0 700 --set trainer.validations=4 $first &
  # shellcheck disable=SC2086
  train weak-first weak 0 300 --set trainer.validations=4 $first
  wait
  again full full 400 1e-3 --set trainer.validations=8 --set validation.legs=2 &
  again weak weak 400 1e-3 --set trainer.validations=8 --set validation.legs=2
  wait
  train anchored-0-first anchored 0 1100 &
  train anchored-1 anchored 1 1100
  wait
  train pg-net pg-net 0 400 &
  train unet-3d unet-3d 0 160 --set trainer.validations=2
  wait
  # shellcheck disable=SC2086
  train paper-full paper-full 0 300 $literal &
  # shellcheck disable=SC2086
  train paper-weak paper-weak 0 300 $literal
  wait
  again anchored-0 anchored 600 2e-3 &
  train anchored-full anchored-full 0 400 --set trainer.validations=4
  # What shapes alone can teach: the same network, trained and used without the image.
  train no-image anchored 0 200 --set context.zero_image=true --set trainer.validations=2
  wait
fi
[ "$stage" = train ] && exit

evaluate() { # NAME PROTOCOL METHODS [more options]
  name=$1 protocol=$2 methods=$3
  shift 3
  ifss evaluate "$cohort" --split test --protocol "$protocol" --methods "$methods" -o "$out/test/$name" --workers 2 --quiet "$@"
}

forward="FS-forward=ifss-net@$(best full):direction=forward,WS-forward=ifss-net@$(best weak):direction=forward"
both="FS-both=ifss-net@$(best full):direction=both,WS-both=ifss-net@$(best weak):direction=both"
fused="FS-fused=ifss-net@$(best full):direction=both,fuse_guided=0.5"
pg="PG-Net-forward=pg-net@$(best pg-net):direction=forward,PG-Net-both=pg-net@$(best pg-net):direction=both"
anchored="anchored=anchored@$(best anchored-0)"
seeds="anchored-s0=anchored@$(best anchored-0-first),anchored-s1=anchored@$(best anchored-1)"
classical="hold,zero-order,plain,guided,FBS=fill-between-slices,GFS=grow-from-seeds,WS=watershed"

evaluate every-100 every-100 "$classical,unet-3d@$(best unet-3d),$pg,$forward,$both,$fused,$anchored"
evaluate every-27.7 all-seeds "plain,guided,$both,$anchored,$seeds,no-image=anchored@$(best no-image)" --every-mm 27.7
evaluate every-55.4 all-seeds "plain,guided,$both,$anchored,$seeds" --every-mm 55.4
evaluate every-110.8 all-seeds "plain,guided,$anchored,$seeds" --every-mm 110.8
evaluate noise-1 all-seeds "plain,guided,$both,$anchored,$seeds" --every-mm 27.7 --noise-mm 1
evaluate first-three first-three "hold,$pg,$forward"
# What more annotated slices are worth, beside every 100, 200 and 400 slices above.
evaluate every-13.9 all-seeds "plain,guided,$anchored" --every-mm 13.85
evaluate every-6.9 all-seeds "plain,guided,$anchored" --every-mm 6.925
ifss figures "$out/test/every-100" --force
