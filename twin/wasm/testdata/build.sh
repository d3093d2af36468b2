#!/bin/sh
# Builds the modules that the tests need into a folder: build.sh DIR. Needs clang and lld (make deps-debian).
set -eu
out=$(realpath -m "$1")
cd "$(dirname "$0")"
build() {
  source=$1 module=$2
  shift 2
  clang --target=wasm32-unknown-unknown -std=c11 -Os -ffreestanding -nostdlib -fno-builtin -Wall -Wextra -Werror -I .. "$source" \
    -Wl,--no-entry -Wl,--strip-debug -Wl,--stack-first -Wl,-z,stack-size=8192 "$@" -o "$out/$module"
}
build unruly.c unruly.wasm
build unruly.c large.wasm -Wl,--initial-memory=1048576
build incomplete.c incomplete.wasm -Wl,--allow-undefined
build bench.c bench.wasm
build startup.c startup.wasm
