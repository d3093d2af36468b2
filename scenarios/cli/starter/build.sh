#!/bin/sh
# Builds the module that a new project in C brings ready-made, by the project's own Makefile. Needs clang and lld.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/firmware"
cp files/c/Makefile.tmpl "$dir/Makefile"
cp files/c/firmware/firmware.c.tmpl "$dir/firmware/firmware.c"
cp ../../../twin/wasm/twinrig.h "$dir/firmware/"
make -s -C "$dir"
install -m 644 "$dir/firmware/firmware.wasm" files/c/firmware/firmware.wasm
