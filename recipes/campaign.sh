#!/bin/sh
# The paper's comparison on the digital cohort: trainings, one opening of the test split, exhibits. Started again, it goes on.
# Usage: recipes/campaign.sh COHORT OUT train|test|all
# COHORT: ifss phantom cohort -o COHORT --subjects 44 --split 29/5/10 --size quarter --seed 1
# Two trainings run side by side, a thread each: five hours, and one more for the test split (docs/experiments/campaign.md).
set -eu
cohort=$1 out=$2 stage=${3:-all}
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
mkdir -p "$out"

train() { # NAME RECIPE SEED UNITS [more options]
  name=$1 recipe=$2 seed=$3 units=$4
  shift 4
  [ -f "$out/$name/done" ] && return
  if [ -f "$out/$name/checkpoint.pt" ]; then
    # What was asked for is read from the run.
    ifss train "$cohort" -o "$out/$name" --resume --quiet
  else
    ifss train "$cohort" --recipe "$recipe" --seed "$seed" -o "$out/$name" --set "trainer.units=$units" --quiet "$@" --force
  fi
  touch "$out/$name/done"
}

# A run's best weights on the validation legs.
best() { echo "$out/$1/best.safetensors"; }

# On from an earlier training's best weights, at a lower rate.
on() { # NAME EARLIER RECIPE UNITS RATE [more options]
  name=$1 earlier=$2 recipe=$3 units=$4 rate=$5
  shift 5
  train "$name" "$recipe" 0 "$units" --from "$(best "$earlier")" --set "trainer.optimiser.learning_rate=$rate" "$@"
}

# The published code's sequences, 100 to 200 slices at strides of 3 to 6, and 2.2 mm pixels: a literal unit in a second.
literal="--set sequences.slices=[100,200] --set sequences.strides=[3,6] --set sampling.pixel_mm=2.216 --set trainer.validations=2"
coarse="--set sampling.pixel_mm=2.216 --set sampling.least_px=32"

if [ "$stage" != test ]; then
  # The first trainings of IFSS-Net had half of the masks damaged, and sequences in their last 15 %, after their best unit;
  # the weak ones no teacher.
  first="--set single_share=0.85 --set sequences.corrupt=0.5"
  alone="--set pseudo.handover=[1,1]"
  # shellcheck disable=SC2086 # several words on purpose, here and below
  train full-first full 0 700 --set trainer.validations=4 $first &
  # shellcheck disable=SC2086
  train weak-first weak 0 300 --set trainer.validations=4 $first $alone
  wait
  on full full-first full 400 1e-3 --set trainer.validations=8 --set validation.legs=2 &
  # shellcheck disable=SC2086
  on weak-second weak-first weak 400 1e-3 --set trainer.validations=8 --set validation.legs=2 $alone
  wait
  train anchored-0-first anchored 0 1100 &
  train anchored-1 anchored 1 1100
  wait
  # WS: an anchored network, trained on the few drawn slices of the decremental budget, labels the others.
  train anchored-budget anchored 0 300 --set budget.policy=decremental --set trainer.validations=2
  ifss pseudo-labels "$cohort" -o "$out/few" --method "anchored@$(best anchored-budget)" --workers 2 --quiet
  few=$cohort
  cohort=$out/few
  on weak weak-second full 400 1.5e-3 --set trainer.validations=5 --set validation.legs=2 &
  cohort=$few
  on anchored-0-second anchored-0-first anchored 600 2e-3
  on anchored-0 anchored-0-second anchored 800 2e-3 --set trainer.validations=6 --set validation.legs=3
  wait
  train pg-net-first pg-net 0 400 &
  train unet-3d-first unet-3d 0 160 --set trainer.validations=2
  wait
  on pg-net pg-net-first pg-net 300 1e-3 --set trainer.validations=3 &
  on unet-3d unet-3d-first unet-3d 160 1e-3 --set trainer.validations=2
  wait
  # shellcheck disable=SC2086
  train paper-full paper-full 0 300 $literal &
  # shellcheck disable=SC2086
  train paper-weak paper-weak 0 300 $literal
  wait
  # One model for one muscle, as the paper has it; and ours at coarser pixels.
  # shellcheck disable=SC2086
  train full-SOL full 0 300 --muscles SOL --set trainer.validations=2 $coarse &
  # shellcheck disable=SC2086
  train full-coarse full 0 1400 --set trainer.validations=8 --set validation.legs=2 $coarse
  wait
  train anchored-full anchored-full 0 400 --set trainer.validations=4 &
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
# With the areas of the curve through the given ones; and with half of guided interpolation as well.
area="FS-area=ifss-net@$(best full):direction=both,keep_area=1"
fused="FS-fused=ifss-net@$(best full):direction=both,fuse_guided=0.5,keep_area=1"
pg="PG-Net-forward=pg-net@$(best pg-net):direction=forward,PG-Net-both=pg-net@$(best pg-net):direction=both"
anchored="anchored=anchored@$(best anchored-0)"
seeds="anchored-s0=anchored@$(best anchored-0-first),anchored-s1=anchored@$(best anchored-1)"
classical="hold,zero-order,plain,guided,FBS=fill-between-slices,GFS=grow-from-seeds,WS=watershed"

evaluate every-100 every-100 "$classical,unet-3d@$(best unet-3d),$pg,$forward,$both,$area,$fused,$anchored"
evaluate every-27.7 all-seeds "plain,guided,$both,$anchored,$seeds,no-image=anchored@$(best no-image):check=false" --every-mm 27.7
evaluate every-55.4 all-seeds "plain,guided,$both,$anchored,$seeds" --every-mm 55.4
evaluate every-110.8 all-seeds "plain,guided,$anchored,$seeds" --every-mm 110.8
evaluate noise-1 all-seeds "plain,guided,$both,$anchored,$seeds" --every-mm 27.7 --noise-mm 1
evaluate first-three first-three "hold,$pg,$forward"
# What more annotated slices are worth, beside every 100, 200 and 400 slices above.
evaluate every-13.9 all-seeds "plain,guided,$anchored" --every-mm 13.85
evaluate every-6.9 all-seeds "plain,guided,$anchored" --every-mm 6.925
ifss figures "$out/test/every-100" --force
