#!/bin/sh
# Install the programs and folders of a class, as root: install.sh WHEEL [ENVIRONMENT]
# Run it again to update: it keeps class.toml, and everything that people wrote.
set -eu
umask 022
fail() {
    echo "$*" >&2
    exit 1
}
[ $# -gt 0 ] || fail "Name the wheel: install.sh WHEEL [ENVIRONMENT]."
[ -f "$1" ] || fail "There is no wheel $1: build it with \`python3 start.py uv build --wheel\`."
[ "$(id -u)" = 0 ] || fail "Run this as root, since it makes folders for several accounts."
wheel=$(realpath "$1")
environment=${2:-/opt/numpy-to-jax}
here=$(dirname "$(realpath "$0")")
settings=$environment/etc/jupyter
python=${PYTHON:-python3}
"$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "$python has to be Python 3.11 or newer with venv: apt install python3-venv."

[ -e "$settings/class.toml" ] || install -D -m 644 "$here/class.toml" "$settings/class.toml"
of_class() {
    "$python" -c "import sys, tomllib; print(tomllib.load(open(sys.argv[1], 'rb'))[sys.argv[2]])" \
        "$settings/class.toml" "$1" 2>/dev/null ||
        fail "$settings/class.toml does not say \`$1\`: compare it with $here/class.toml."
}
course=$(of_class course)
instructor=$(of_class instructor)
students=$(of_class students)
shared=$(of_class shared)
id "$instructor" >/dev/null 2>&1 ||
    fail "There is no account $instructor: make it, or name another one in $settings/class.toml."
(cd / && runuser -u "$instructor" -- "$python" -c pass 2>/dev/null) ||
    fail "$instructor cannot run $python: set PYTHON to one for all accounts, like /usr/bin/python3."
getent group "$students" >/dev/null || groupadd "$students"

[ -x "$environment/bin/python" ] || "$python" -m venv "$environment"
PATH=$environment/bin:$PATH
pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
export VIRTUAL_ENV="$environment"
uv pip install --quiet "$wheel[classroom,stack]"
uv pip install --quiet --reinstall --no-deps "$wheel" # also if its version is the same
npm install --silent --global --prefix "$environment" configurable-http-proxy@5.3.0

install -m 644 "$here/jupyterhub_config.py" "$here/nbgrader_config.py" "$settings"
for who in student instructor; do
    mkdir -p "$settings/class/$who"
    install -m 644 "$here/$who"/*.json "$settings/class/$who"
done

install -d -m 755 "$shared"
install -d -m 700 "$shared/hub"
install -d -m 755 -o "$instructor" "$shared/lessons"
# Everybody has to be able to write to the exchange, or nbgrader refuses it. The sticky bit keeps
# students from moving what is not theirs; in `inbound`, they also cannot list who handed in.
exchange=$shared/exchange
install -d -m 1777 "$exchange"
install -d -m 755 -o "$instructor" "$exchange/$course" "$exchange/$course/outbound"
install -d -m 3733 -o "$instructor" "$exchange/$course/inbound"
install -d -m 711 -o "$instructor" "$exchange/$course/feedback"
