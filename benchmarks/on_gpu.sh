#!/usr/bin/env bash
# Measures the course on a GPU: runs the marked tests, grades a class there, and takes the numbers
# of lessons 3 and 9.
#
# Run: benchmarks/on_gpu.sh
# in an environment with a GPU and a JAX that uses it, such as `uv pip install "jax[cuda12]"`.
# PYTHON names another interpreter than the one of `.venv`.
#
# It writes course/measured/gpu.json. Commit that file, then run `autograder build` and
# `autograder slides`: the lessons, docs/portability.md and the deck show what it holds.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-.venv/bin/python}"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
"$python" -c 'import jax; print(jax.devices("gpu"))'
status=0
# A test that fails is a measurement too.
"$python" -m pytest -q -n 0 -m gpu --junitxml="$folder/tests.xml" tests/test_devices.py || status=$?
PYTHONPATH=. "$python" benchmarks/on_gpu.py "$folder/tests.xml"
exit "$status"
