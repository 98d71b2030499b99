#!/bin/sh
# What each part of IFSS-Net is worth: `full` and `weak` at 2.2 mm pixels (64 x 64 and less), one change each, some minutes each.
# Usage: recipes/ablations.sh COHORT OUT [UNITS [train]]; started again, it goes on. Looked at on validation legs only.
set -eu
cohort=$1 out=$2 units=${3:-80} stage=${4:-all}
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
mkdir -p "$out"

small="--set sampling.pixel_mm=2.216 --set sampling.least_px=32 --set trainer.validations=1"
methods=hold

variant() { # NAME RECIPE [one change]
  name=$1 recipe=$2
  shift 2
  methods="$methods,$name=ifss-net@$out/$name/last.safetensors:direction=forward,$name-both=ifss-net@$out/$name/last.safetensors:direction=both"
  [ -f "$out/$name/done" ] && return
  # $small is several words on purpose.
  ifss train "$cohort" --recipe "$recipe" --seed 0 -o "$out/$name" $small --set "trainer.units=$units" --quiet "$@" --force
  touch "$out/$name/done"
}

variant full full
# Fed the given masks only, as old as they are; nothing of its own comes back.
variant no-feedback full --set feedback=given --set sequences.lag_slices=9
variant lstm-forward full --set network.direction=forward
variant lstm-none full --set network.direction=none
variant no-matching full --set network.matching=false
variant tversky-fixed full --set cross_entropy=0
variant tversky-learned full --set loss.form=paper --set cross_entropy=0
variant tversky-min-max full --set loss.form=min-max --set cross_entropy=0
variant weak weak
# Interpolation alone, nobody takes over from it; so in the next two as well.
variant weak-no-teacher weak --set "pseudo.handover=[1,1]"
variant weak-constant weak --set "pseudo.handover=[1,1]" --set budget.policy=constant
variant weak-expert-only weak --set "pseudo.handover=[1,1]" --set pseudo.least=0 --set pseudo.decay_mm=0.01 --set pseudo.teacher_weight=0
variant no-place full --set network.mask_channels=1
variant no-image full --set image=false
variant run-in full --set single_run_in=3 --set run_in_from=0.5
variant sequences full --set single_share=0.5
[ "$stage" = train ] && exit
ifss evaluate "$cohort" --split val --protocol every-100 --methods "$methods" --against full -o "$out/evaluation" --workers 2 --quiet
