#!/bin/sh
# What the base install and each extra weigh, in MB, each in a fresh virtual environment. Usage: requirements/sizes.sh python3
set -eu
for name in base run fast dev; do
  folder=$(mktemp -d)
  "$1" -m venv "$folder/venv"
  "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "requirements/$name.txt"
  "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps .
  printf '%s\t%s MB\n' "$name" "$(du -sm "$folder/venv" | cut -f1)"
  rm -rf "$folder"
done
