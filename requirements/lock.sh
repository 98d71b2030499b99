#!/bin/sh
# Resolve the exact versions that every make target installs. Usage: requirements/lock.sh .venv/bin
# The extras are resolved against the base, so that all of them can live in one environment.
set -eu
bin=$1
"$bin/python" -m pip install --quiet pip-tools
compile() {
  "$bin/pip-compile" --quiet --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras "$@"
}
compile --output-file requirements/base.txt pyproject.toml
# Any torch but this one brings several gigabytes of CUDA along on Linux.
echo "torch==2.13.0" > requirements/torch.in
compile --constraint requirements/base.txt --constraint requirements/torch.in --extra nn --output-file requirements/nn.txt pyproject.toml
compile --constraint requirements/base.txt --constraint requirements/nn.txt --extra nn --extra web --extra dev --output-file requirements/dev.txt pyproject.toml
rm requirements/torch.in
# The build's local name ("+cpu") belongs to where it was found, not to the version.
sed -i "s/^torch==2.13.0+[a-z0-9]*/torch==2.13.0/" requirements/nn.txt requirements/dev.txt
compile --constraint requirements/base.txt --extra run --output-file requirements/run.txt pyproject.toml
compile --constraint requirements/base.txt --extra fast --output-file requirements/fast.txt pyproject.toml
compile --constraint requirements/base.txt --extra web --output-file requirements/web.txt pyproject.toml
# A cluster of Ray is tried on this machine alone, and with it a store that speaks S3.
echo "moto[server]" > requirements/moto.in
compile --constraint requirements/base.txt --extra cluster --output-file requirements/cluster.txt pyproject.toml requirements/moto.in
rm requirements/moto.in
# What makes a release has an environment of its own.
printf 'build\ntwine\n' | compile --output-file requirements/release.txt -
