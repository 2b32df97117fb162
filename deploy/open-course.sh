#!/bin/sh
# Bring the course into the home of whoever starts the container, and open it.
set -eu
work=$HOME/work
autograder unpack /opt/numpy-to-jax/course --folder "$work"
cd "$work"
if [ -n "${JUPYTERHUB_API_TOKEN:-}" ]; then # a JupyterHub started the container
    exec jupyterhub-singleuser --ServerApp.root_dir="$work" "$@"
fi
exec autograder lab --ip=0.0.0.0 --no-browser "$@"
