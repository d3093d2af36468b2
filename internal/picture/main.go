// Command picture takes a picture of a report, as the documentation shows it: 1280 pixels wide, by Debian's
// chromium, in few colours so that it is small.
//
//	go run ./internal/picture REPORT.html PICTURE.png [HEIGHT]
package main

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
)

const usage = "usage: picture REPORT.html PICTURE.png [HEIGHT]"

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fail(errors.New(usage))
	}
	height := "1120"
	if len(os.Args) == 4 {
		height = os.Args[3]
	}
	if err := take(os.Args[1], os.Args[2], height); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "picture:", err)
	os.Exit(1)
}

func take(report, picture, height string) error {
	home, err := os.MkdirTemp("", "picture")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home) //nolint:errcheck // it is temporary
	page, err := filepath.Abs(report)
	if err != nil {
		return err
	}
	raw := filepath.Join(home, "raw.png")
	// The page draws after it has loaded; the budget is of the browser's virtual time.
	out, err := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=4000", //nolint:gosec // the files are the caller's
		"--user-data-dir="+home, "--window-size=1280,"+height, "--screenshot="+raw, "file://"+page).CombinedOutput()
	if err != nil {
		return fmt.Errorf("chromium: %w\n%s", err, out)
	}
	return shrink(raw, picture)
}

// shrink writes a picture with 52 shades of each colour, compressed as far as it goes.
func shrink(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	full, err := png.Decode(in)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	b := full.Bounds()
	small := image.NewRGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := full.At(x, y).RGBA()
			small.SetRGBA(x, y, color.RGBA{shade(r), shade(g), shade(b), 255})
		}
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return encoder.Encode(out, small)
}

// shade rounds a channel of 16 bits to one of 52 shades; white and black stay.
func shade(v uint32) uint8 { return uint8((v*51 + 0x7fff) / 0xffff * 5) }
