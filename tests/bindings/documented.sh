#!/bin/sh
# The programs of docs/embedding.md, as they stand there, against an installed libaiaudit_c: each must end well and leave a record.
# usage: tests/bindings/documented.sh PREFIX [PYTHON]    a language whose compiler is not there is skipped, and named
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
prefix=${1:?usage: documented.sh PREFIX [PYTHON]}
python=${2:-python3}
config=$(find "$prefix" -name aiaudit_c.pc)
flags=$(PKG_CONFIG_PATH=$(dirname "$config") pkg-config --cflags aiaudit_c)
libs=$(PKG_CONFIG_PATH=$(dirname "$config") pkg-config --libs aiaudit_c)
LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name 'libaiaudit_c.so.1')")
export LD_LIBRARY_PATH
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

block() {  # LANGUAGE NUMBER: the text of that block
  awk -v open="\`\`\`$1" -v wanted="$2" '
    $0 == open {on = ++count == wanted; next} /^```/ {on = 0} on' "$here/docs/embedding.md"
}
check() {  # NAME COMMAND ...: it ends well and prints, and the ledger that it leaves has its record
  name=$1
  shift
  rm -rf "$place/calls.aiaudit"
  (cd "$place" && "$@" >out 2>&1) && [ -s "$place/out" ] || { cat "$place/out"; echo "documented: $name failed"; exit 1; }
  in_tree "$python" -c 'import aiaudit, sys
with aiaudit.Ledger(sys.argv[1], create=False, read_only=True) as ledger:
    assert ledger.verify()["read"] > 0 and ledger.report("models")[0]["cost_usd"] > 0' "$place/calls.aiaudit" ||
    { echo "documented: $name left no record"; exit 1; }
  echo "documented: $name"
}
in_tree() { env AIAUDIT_LIBRARY="$LD_LIBRARY_PATH/libaiaudit_c.so.1" PYTHONPATH="$here/bindings/python" "$@"; }
skip() { echo "documented: skipped $1: $2"; }

block c 1 >"$place/example.c"
# shellcheck disable=SC2086
cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$place/example.c" $flags $libs -o "$place/c_example"
check c ./c_example

for number in 1 2; do
  block python $number >"$place/example.py"
  check python$number in_tree "$python" example.py
done

if command -v go >/dev/null; then
  mkdir "$place/go" && block go 1 >"$place/go/main.go" && printf 'module example\n\ngo 1.18\n' >"$place/go/go.mod"
  (cd "$place/go" && CGO_CFLAGS=$flags CGO_LDFLAGS=$libs GOFLAGS=-mod=mod go build -o ../go_example .)
  check go ./go_example
else
  skip go "no go"
fi
if command -v rustc >/dev/null; then
  block rust 1 >"$place/example.rs"
  rustc --edition 2021 -L "$LD_LIBRARY_PATH" "$place/example.rs" -o "$place/rust_example"
  check rust ./rust_example
else
  skip rust "no rustc"
fi
block js 1 >"$place/example.mjs"
modules=${NODE_MODULES:-$here/tests/bindings/node_modules}
if command -v node >/dev/null && [ -d "$modules/koffi" ]; then
  ln -s "$modules" "$place/node_modules"
  check node node example.mjs
else
  skip node "no node with koffi in $modules"
fi
