#!/bin/sh
# Prints the version that include/aiaudit/version.hpp has. For meson.build.
cd "$(dirname "$0")/.." || exit 1
sed -n 's/^#define AIAUDIT_VERSION_[A-Z]* \([0-9]*\)$/\1/p' include/aiaudit/version.hpp | paste -s -d .
