package nn

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// ReadIDX reads an IDX file of unsigned bytes, the format of MNIST's files,
// packed by gzip or plain: two zero bytes, the type 8, the number of
// dimensions, each dimension as a big-endian uint32, and the data, the last
// dimension closest together (Yann LeCun, The MNIST database). It returns an
// error if the file is anything else, ends early, goes on after its data, or has
// more than 2³¹−1 bytes of them.
// Whatever the header claims, it asks for memory as the data arrives: 64 KB,
// and when that is full for at most four times what it has.
func ReadIDX(r io.Reader) (shape []int, data []byte, err error) {
	if shape, data, err = readIDX(r); err != nil {
		return nil, nil, fmt.Errorf("nn: %w", err)
	}
	return shape, data, nil
}

func readIDX(r io.Reader) (shape []int, data []byte, err error) {
	body, shape, err := openIDX(r)
	if err != nil {
		return nil, nil, err
	}
	size := 1
	for _, dim := range shape {
		size *= dim
	}
	if data, err = readBytes(body, size); err != nil {
		return nil, nil, fmt.Errorf("IDX data of %d bytes, the dimensions %v need %d: %w", len(data), shape, size, err)
	}
	return shape, data, closeIDX(body, shape)
}

// openIDX reads the header and returns the reader of what is behind it.
func openIDX(r io.Reader) (body *bufio.Reader, shape []int, err error) {
	body = bufio.NewReaderSize(r, 1<<16)
	if start, _ := body.Peek(2); bytes.Equal(start, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, nil, fmt.Errorf("gzip header: %w", err)
		}
		body = bufio.NewReaderSize(z, 1<<16)
	}
	var magic [4]byte
	if n, err := io.ReadFull(body, magic[:]); err != nil {
		return nil, nil, fmt.Errorf("IDX header of %d bytes, need 4: %w", n, unexpected(err))
	}
	if magic[0] != 0 || magic[1] != 0 {
		return nil, nil, fmt.Errorf("no IDX file: it starts with % x, need 00 00", magic[:2])
	}
	if magic[2] != idxBytes {
		return nil, nil, fmt.Errorf("IDX data of type %#02x, need unsigned bytes, %#02x", magic[2], idxBytes)
	}
	size := 1
	for i := range int(magic[3]) {
		var dim uint32
		if err := binary.Read(body, binary.BigEndian, &dim); err != nil {
			return nil, nil, fmt.Errorf("IDX header ends in dimension %d of %d: %w", i, magic[3], unexpected(err))
		}
		if dim > maxIDX || dim > 0 && size > maxIDX/int(dim) {
			return nil, nil, fmt.Errorf("IDX dimensions %v and %d multiply to more than %d", shape, dim, maxIDX)
		}
		shape = append(shape, int(dim))
		size *= int(dim)
	}
	return body, shape, nil
}

// readBytes reads size bytes, or returns what there was and an error.
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

// closeIDX makes sure that nothing follows the data. Reading to the end also
// makes gzip compare its checksum.
func closeIDX(body *bufio.Reader, shape []int) error {
	switch _, err := body.ReadByte(); err {
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("IDX data goes on after what the dimensions %v need", shape)
	default:
		return fmt.Errorf("after the IDX data: %w", err)
	}
}

const (
	idxBytes = 0x08      // the type code of unsigned bytes
	maxIDX   = 1<<31 - 1 // bytes, so that an int holds their number on every platform
)

// unexpected calls the end of a file in the middle of it by its name.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// WriteIDX writes data as an IDX file of unsigned bytes, plain: [ReadIDX]
// reads it back. It panics if the product of the dimensions is not len(data) or
// above 2³¹−1, if a dimension is negative or above 2³¹−1, or if there are more
// than 255.
func WriteIDX(w io.Writer, shape []int, data []byte) error {
	if len(shape) > 255 {
		panic(fmt.Sprintf("nn: IDX file of %d dimensions, at most 255 fit", len(shape)))
	}
	header := []byte{0, 0, idxBytes, byte(len(shape))}
	size := 1
	for _, dim := range shape {
		if dim < 0 || dim > maxIDX || dim > 0 && size > maxIDX/dim {
			panic(fmt.Sprintf("nn: IDX dimensions %v, need 0 or more that multiply to at most %d", shape, maxIDX))
		}
		size *= dim
		header = binary.BigEndian.AppendUint32(header, uint32(dim))
	}
	if size != len(data) {
		panic(fmt.Sprintf("nn: IDX dimensions %v for %d bytes", shape, len(data)))
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}
