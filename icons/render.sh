#!/bin/sh
# Draws every icon file from the three SVG sources. Needs rsvg-convert, ImageMagick and python3.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for size in 16 24 32; do
    rsvg-convert -w "$size" icon-small.svg -o "$work/$size.png"
done
for size in 48 64 128 256 512 1024; do
    rsvg-convert -w "$size" icon.svg -o "$work/$size.png"
done
cp "$work/32.png" 32x32.png
cp "$work/128.png" 128x128.png
cp "$work/256.png" 128x128@2x.png
cp "$work/256.png" 256x256.png
cp "$work/512.png" 512x512.png
cp "$work/512.png" icon.png
rsvg-convert -w 44 icon-small.svg -o tray.png
rsvg-convert -w 44 tray-template.svg -o tray-template.png
convert "$work/16.png" "$work/24.png" "$work/32.png" "$work/48.png" "$work/64.png" "$work/256.png" icon.ico

# An .icns file is a list of PNG files, each under a type that says its size.
python3 - "$work" <<'ICNS'
import struct, sys
types = [("icp4", 16), ("ic11", 32), ("icp5", 32), ("ic12", 64), ("ic07", 128), ("ic13", 256), ("ic08", 256), ("ic14", 512), ("ic09", 512), ("ic10", 1024)]
entries = b""
for name, size in types:
    png = open(f"{sys.argv[1]}/{size}.png", "rb").read()
    entries += name.encode() + struct.pack(">I", len(png) + 8) + png
open("icon.icns", "wb").write(b"icns" + struct.pack(">I", len(entries) + 8) + entries)
ICNS
