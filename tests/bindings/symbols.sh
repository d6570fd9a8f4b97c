#!/bin/sh
# The functions that libaiaudit_c exports, against bindings/c/symbols.txt: none may go, and none come unseen.
# usage: tests/bindings/symbols.sh LIBRARY            exit 1 where they differ, with the lines
#        tests/bindings/symbols.sh --write LIBRARY    writes the list
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
list=$here/bindings/c/symbols.txt
write=
if [ "${1:-}" = --write ]; then
  write=1
  shift
fi
library=${1:?usage: symbols.sh [--write] LIBRARY}
found=$(mktemp)
trap 'rm -f "$found"' EXIT
nm -D --defined-only --with-symbol-versions "$library" | awk '$2 != "A" {print $2, $3}' | LC_ALL=C sort >"$found"
[ -s "$found" ] || { echo "symbols: $library exports nothing"; exit 1; }
soname=$(readelf -d "$library" | sed -n 's/.*Library soname: \[\(.*\)\]/\1/p')
[ "$soname" = libaiaudit_c.so.1 ] || { echo "symbols: the soname is '$soname', not libaiaudit_c.so.1"; exit 1; }
if [ -n "$write" ]; then
  cp "$found" "$list"
  exit
fi
if ! diff "$list" "$found"; then
  echo "symbols: $library does not export what bindings/c/symbols.txt lists (< listed, > exported)"
  exit 1
fi
# What the header declares is what there is.
declared=$(sed -n 's/^AIAUDIT_API .*\(aiaudit_[a-z_]*\)(.*/\1/p' "$here/include/aiaudit.h" | LC_ALL=C sort)
exported=$(sed 's/^T \([a-z_]*\)@@.*/\1/' "$list" | LC_ALL=C sort)
if [ "$declared" != "$exported" ]; then
  echo "symbols: aiaudit.h declares others than the library exports"
  exit 1
fi
echo "symbols: $(wc -l <"$found") as listed"
