#!/bin/sh
# Resolve the exact versions that every make target installs. Usage: requirements/lock.sh .venv/bin
# The extras are resolved against the base, so that all of them can live in one environment.
set -eu
bin=$1
"$bin/python" -m pip install --quiet pip-tools
compile() {
  "$bin/pip-compile" --quiet --no-header --no-emit-index-url --no-emit-trusted-host --strip-extras "$@" pyproject.toml
}
compile --output-file requirements/base.txt
compile --constraint requirements/base.txt --extra dev --output-file requirements/dev.txt
compile --constraint requirements/base.txt --extra itk --output-file requirements/itk.txt
