#!/bin/sh
# How far what was learned on digital legs of adults reaches, and what a few annotated legs of another kind add.
# Usage: recipes/generalisation.sh COHORT OUT [DATA]; started again, it goes on.
# COHORT: the digital cohort, whose second recordings (r2: .65 of the frequency, 6 dB more gain) nobody trained on.
# DATA: a folder with legs/VHF_surfaces and legs/VHM_surfaces, for real anatomy in the digital scanner.
set -eu
cohort=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
data=${3:-}
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

evaluate() { # FOLDER NAME METHODS
  for gap in 27.7 55.4; do
    ifss evaluate "$1" --split test --protocol all-seeds --every-mm "$gap" --methods "$3" -o "$out/$2-$gap" --workers 2 --quiet
  done
}

tune() { # FOLDER NAME: the shipped network goes on with two legs, three slices in a hundred of each
  [ -f "$out/tuned-$2/done" ] && return
  ifss train "$1" --recipe anchored --from default -o "$out/tuned-$2" --seed 0 --set trainer.units=200 \
    --set trainer.optimiser.learning_rate=1e-3 --set trainer.validations=2 --quiet --force
  touch "$out/tuned-$2/done"
}

# The network of the campaign, which was the default then.
weak=anchored=anchored@anchored-weak

# Another kind of leg: fatty, echogenic muscle.
[ -f "$out/duchenne/cohort.toml" ] ||
  ifss phantom cohort -o "$out/duchenne" --variant duchenne --subjects 8 --split 2/1/5 --size quarter --seed 2 --workers 2 --quiet
tune "$out/duchenne" duchenne
evaluate "$out/duchenne" duchenne "guided,$weak,unchecked=anchored@anchored-weak:check=false,tuned=anchored@$out/tuned-duchenne/last.safetensors"

# Another frequency and gain: the second recordings, as if they were the first.
for leg in "$cohort"/test/*; do
  [ -f "$leg/x2.mha" ] || continue
  there=$out/second/test/$(basename "$leg")
  mkdir -p "$there"
  ln -sf "$leg/x2.mha" "$there/x1.mha"
  ln -sf "$leg/masksX2.mha" "$there/masksX1.mha"
done
evaluate "$out/second" second "guided,$weak"

# Real anatomy. The first leg is tuned on; its owner's other leg and another person's are looked at.
[ -n "$data" ] || exit
real() { # SPLIT NAME SURFACES
  [ -d "$out/real/$1/$2" ] || ifss phantom leg -o "$out/made-$2" --anatomy "$data/legs/$3" --seed 5 --size quarter --quiet --force
  [ -d "$out/real/$1/$2" ] || { mkdir -p "$out/real/$1" && mv "$out/made-$2" "$out/real/$1/$2"; }
}
real train VHFLeft VHF_surfaces/Left
real val VHFRight VHF_surfaces/Right
real test VHMLeft VHM_surfaces/Left
tune "$out/real" real
evaluate "$out/real" real "guided,$weak,tuned=anchored@$out/tuned-real/last.safetensors"
