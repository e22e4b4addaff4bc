package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"io"
)

// orientation returns how a camera was held, from 1 for upright to 8, as the EXIF
// data of a JPEG file says. It returns 1 if there is none. It reads at most 64
// segments, which stand before the picture and have at most 64 KB each.
func orientation(file io.Reader) int {
	r := bufio.NewReader(file)
	var marker [2]byte
	if _, err := io.ReadFull(r, marker[:]); err != nil || marker != [2]byte{0xff, 0xd8} {
		return 1
	}
	for range 64 {
		var head [4]byte // 0xff, the kind of the segment, and its length with these two bytes
		if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0xff || head[1] == 0xda {
			return 1
		}
		segment := make([]byte, max(2, binary.BigEndian.Uint16(head[2:]))-2)
		if _, err := io.ReadFull(r, segment); err != nil {
			return 1
		}
		if tiff, found := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); found && head[1] == 0xe1 {
			return tiffOrientation(tiff)
		}
	}
	return 1
}

// tiffOrientation returns the orientation in a TIFF header and the directory that
// it points to: a count and as many entries of 12 bytes.
func tiffOrientation(tiff []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II")) {
		order = binary.LittleEndian
	}
	if len(tiff) < 8 || uint64(order.Uint32(tiff[4:]))+2 > uint64(len(tiff)) {
		return 1
	}
	directory := tiff[order.Uint32(tiff[4:]):]
	entries := directory[2:]
	for range order.Uint16(directory) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == 0x0112 {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			break
		}
		entries = entries[12:]
	}
	return 1
}

// A turned is an image as its camera saw it.
type turned struct {
	image.Image
	orientation int
}

func (t turned) Bounds() image.Rectangle {
	b := t.Image.Bounds()
	if t.orientation >= 5 {
		return image.Rect(0, 0, b.Dy(), b.Dx())
	}
	return image.Rect(0, 0, b.Dx(), b.Dy())
}

func (t turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	if t.orientation >= 5 { // rows and columns are exchanged
		x, y = y, x
	}
	switch t.orientation {
	case 2, 3, 7, 8:
		x = b.Dx() - 1 - x
	}
	switch t.orientation {
	case 3, 4, 6, 7:
		y = b.Dy() - 1 - y
	}
	return t.Image.At(b.Min.X+x, b.Min.Y+y)
}
