package nn

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

const maxIDX = 1<<31 - 1 // bytes of data, an int on every platform

// ReadIDX reads an IDX file of unsigned bytes, the format of MNIST's files,
// plain or compressed with gzip: two zero bytes, the type 8, the number of
// dimensions, each dimension as a big-endian uint32, and the data, in which the
// last dimension varies fastest (Yann LeCun, The MNIST database). It returns an
// error if the file is anything else, ends early, continues after its data, or
// has more than 2³¹−1 bytes of data. Whatever the header claims, it allocates
// 64 KB for the data and, each time that is full, at most four times as much.
func ReadIDX(r io.Reader) (shape []int, data []byte, err error) {
	err = readIDX(r, func(body io.Reader, dims []int, size int) (err error) {
		if data, err = readBytes(body, size); err != nil {
			return fmt.Errorf("IDX data of %d bytes, dimensions %v need %d: %w", len(data), dims, size, err)
		}
		shape = dims
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("nn: %w", err)
	}
	return shape, data, nil
}

// readIDX reads the header of an IDX file and calls read for the size bytes of
// data. It returns an error if the file continues after them.
func readIDX(r io.Reader, read func(body io.Reader, shape []int, size int) error) error {
	file := bufio.NewReaderSize(r, 1<<16)
	var body io.Reader = file
	if start, _ := file.Peek(2); string(start) == "\x1f\x8b" {
		z, err := gzip.NewReader(file)
		if err != nil {
			return fmt.Errorf("gzip header: %w", err)
		}
		body = z
	}
	var magic [4]byte
	if n, err := io.ReadFull(body, magic[:]); err != nil {
		return fmt.Errorf("IDX header of %d bytes, need 4: %w", n, unexpected(err))
	}
	if magic[0] != 0 || magic[1] != 0 || magic[2] != 8 {
		return fmt.Errorf("not an IDX file of unsigned bytes: it starts with % x, need 00 00 08", magic[:3])
	}
	dims := make([]uint32, magic[3])
	if err := binary.Read(body, binary.BigEndian, dims); err != nil {
		return fmt.Errorf("IDX header ends before the last of its %d dimensions: %w", len(dims), unexpected(err))
	}
	shape, size := make([]int, len(dims)), 1
	for i, dim := range dims {
		if dim > maxIDX || dim > 0 && size > maxIDX/int(dim) {
			return fmt.Errorf("IDX dimensions %v, need at most %d bytes in all", dims, maxIDX)
		}
		shape[i] = int(dim)
		size *= int(dim)
	}
	if err := read(body, shape, size); err != nil {
		return err
	}
	if n, err := io.ReadFull(body, magic[:1]); n > 0 { // or, at the end, gzip verifies its checksum
		return fmt.Errorf("IDX file continues after its data, dimensions %v need %d bytes", shape, size)
	} else if err != io.EOF {
		return fmt.Errorf("after the IDX data: %w", err)
	}
	return nil
}

// readBytes reads size bytes. If there are fewer, it returns those and an error.
// It allocates at most 64 KB or four times what it has read.
func readBytes(r io.Reader, size int) (data []byte, err error) {
	for len(data) < size {
		room := size
		if len(data) < size/4 {
			room = min(size, max(1<<16, 4*len(data)))
		}
		grown := make([]byte, room)
		n, err := io.ReadFull(r, grown[copy(grown, data):])
		if err != nil {
			return grown[:len(data)+n], unexpected(err)
		}
		data = grown
	}
	return data, nil
}

// unexpected returns err, or io.ErrUnexpectedEOF for io.EOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// WriteIDX writes data as a plain IDX file of unsigned bytes, which [ReadIDX]
// reads back. It panics if there are more than 255 dimensions, if one is
// negative or above 2³¹−1, or if their product is above 2³¹−1 or not len(data).
func WriteIDX(w io.Writer, shape []int, data []byte) error {
	header := []byte{0, 0, 8, byte(len(shape))}
	size, ok := 1, len(shape) <= 255
	for _, dim := range shape {
		ok = ok && dim >= 0 && dim <= maxIDX && (dim == 0 || size <= maxIDX/dim)
		size *= dim
		header = binary.BigEndian.AppendUint32(header, uint32(dim))
	}
	if !ok || size != len(data) {
		panic(fmt.Sprintf("nn: IDX file of %d dimensions %v for %d bytes, at most 255 and %d fit", len(shape), shape, len(data), maxIDX))
	}
	_, err := io.Copy(w, io.MultiReader(bytes.NewReader(header), bytes.NewReader(data)))
	return err
}
