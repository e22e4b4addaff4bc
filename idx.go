package nn

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

const maxIDX = 1<<31 - 1 // bytes of data, an int on every platform

// ReadIDX reads an IDX file of unsigned bytes, the format of MNIST's files, plain
// or compressed with gzip: two zero bytes, the type 8, the number of dimensions,
// each dimension as a big-endian uint32, and the data, in which the last dimension
// varies fastest (Yann LeCun, The MNIST database). A file of int32, type 12, is read
// as bytes with a last dimension of 4. It is an error if the file is anything else,
// ends early, continues after its data, or has more than 2³¹−1 bytes of data.
// Memory grows with what is read, from 64 KB at most fourfold at a time.
func ReadIDX(r io.Reader) (shape []int, data []byte, err error) {
	err = readIDX(r, func(body io.Reader, dims []int, size, _ int) (err error) {
		if data, err = readBytes(body, nil, size); err != nil {
			return fmt.Errorf("%d bytes: %w", len(data), err)
		}
		shape = dims
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("nn: %w", err)
	}
	return shape, data, nil
}

// readIDX reads a whole IDX file: the header itself, then size bytes of data by read,
// in elements of width bytes.
func readIDX(r io.Reader, read func(body io.Reader, shape []int, size, width int) error) (err error) {
	file := bufio.NewReaderSize(r, 1<<16)
	var body io.Reader = file
	if start, _ := file.Peek(2); string(start) == "\x1f\x8b" {
		if body, err = gzip.NewReader(file); err != nil {
			return fmt.Errorf("gzip header: %w", err)
		}
	}
	magic, err := readBytes(body, nil, 4)
	if err != nil {
		return fmt.Errorf("IDX header of %d bytes, need 4: %w", len(magic), err)
	}
	if magic[0] != 0 || magic[1] != 0 || magic[2] != 8 && (magic[2] != 12 || magic[3] == 255) {
		return fmt.Errorf("not an IDX file of unsigned bytes: it starts with % x, need 00 00 08", magic[:3])
	}
	data, err := readBytes(body, nil, 4*int(magic[3]))
	if err != nil {
		return fmt.Errorf("IDX header ends before the last of its %d dimensions: %w", magic[3], err)
	}
	width := 1
	if magic[2] == 12 {
		width, data = 4, append(data, 0, 0, 0, 4)
	}
	dims := make([]uint32, len(data)/4)
	_, _ = binary.Decode(data, binary.BigEndian, dims)
	shape, size := make([]int, len(dims)), 1
	for i, dim := range dims {
		if dim > maxIDX || dim > 0 && size > maxIDX/int(dim) {
			return fmt.Errorf("IDX dimensions %v, need at most %d bytes in all", dims, maxIDX)
		}
		shape[i] = int(dim)
		size *= int(dim)
	}
	if err := read(body, shape, size, width); err != nil {
		return fmt.Errorf("%w (IDX dimensions %v need %d bytes)", err, shape, size)
	}
	if n, err := io.ReadFull(body, magic[:1]); n > 0 { // or, at the end, gzip verifies its checksum
		return fmt.Errorf("IDX file continues after its data, dimensions %v need %d bytes", shape, size)
	} else if err != io.EOF {
		return fmt.Errorf("after the IDX data, the gzip stream is cut, changed or followed by something else: %w", err)
	}
	return nil
}

// readBytes reads size bytes, into buffer if they fit, or fewer and an error. It
// allocates at most 64 KB or four times what it has read.
func readBytes(r io.Reader, buffer []byte, size int) (data []byte, err error) {
	data = buffer[:0]
	for n := 0; len(data) < size && err == nil; data = data[:len(data)+n] {
		if room := min(size, max(len(data)+1<<16, 4*len(data))); room > cap(data) {
			data = append(make([]byte, 0, room), data...)
		}
		n, err = io.ReadFull(r, data[len(data):min(size, cap(data))])
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}
