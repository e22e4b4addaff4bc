package nn

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func packed(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// idx returns an IDX file of unsigned bytes.
func idx(shape []int, data []byte) []byte {
	file := []byte{0, 0, 8, byte(len(shape))}
	for _, dim := range shape {
		file = binary.BigEndian.AppendUint32(file, uint32(dim))
	}
	return append(file, data...)
}

func TestReadIDXReadsAnyShape(t *testing.T) {
	for _, shape := range [][]int{nil, {0}, {1}, {7}, {2, 3}, {3, 2, 5}, {2, 0, 5}, {2, 1, 2, 1, 2}, {300, 28, 28}, slices.Repeat([]int{1}, 255)} {
		size := 1
		for _, dim := range shape {
			size *= dim
		}
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i * 7)
		}
		file := idx(shape, data)
		for _, file := range [][]byte{file, packed(file)} {
			gotShape, gotData, err := ReadIDX(bytes.NewReader(file))
			if err != nil || fmt.Sprint(gotShape) != fmt.Sprint(shape) || !bytes.Equal(gotData, data) {
				t.Errorf("shape %v comes back as %v with %d of %d bytes, error %v", shape, gotShape, len(gotData), len(data), err)
			}
		}
	}
}

func TestReadIDXReadsInt32AsBytes(t *testing.T) {
	shape, data, err := ReadIDX(bytes.NewReader([]byte{0, 0, 12, 1, 0, 0, 0, 2, 0, 0, 1, 0, 255, 255, 255, 254}))
	if err != nil || fmt.Sprint(shape) != "[2 4]" || !bytes.Equal(data, []byte{0, 0, 1, 0, 255, 255, 255, 254}) {
		t.Errorf("shape %v, data % x, error %v", shape, data, err)
	}
}

func TestReadIDXReportsWhatIsWrong(t *testing.T) {
	good := idx([]int{2, 3}, []byte{1, 2, 3, 4, 5, 6})
	wrong := func(at int, b byte) []byte {
		c := append([]byte(nil), good...)
		c[at] = b
		return c
	}
	brokenSum := packed(good)
	brokenSum[len(brokenSum)-5] ^= 1
	for name, c := range map[string]struct {
		file  []byte
		words []string
	}{
		"empty":                   {nil, []string{"header of 0 bytes", "unexpected EOF"}},
		"short magic":             {good[:3], []string{"header of 3 bytes"}},
		"wrong magic":             {wrong(0, 1), []string{"01 00 08", "00 00 08"}},
		"type of float":           {wrong(2, 0x0d), []string{"00 00 0d", "00 00 08", "unsigned bytes"}},
		"ends in the dimensions":  {good[:9], []string{"2 dimensions", "unexpected EOF"}},
		"ends in the data":        {good[:len(good)-1], []string{"5 bytes", "[2 3]", "need 6"}},
		"continues":               {append(wrong(0, 0), 7), []string{"continues", "[2 3]", "6 bytes"}},
		"product overflows":       {wrong(4, 0x7f), []string{"[2130706434 3]", "at most 2147483647"}},
		"dimension of 2³²−1":      {append([]byte{0, 0, 8, 1}, 255, 255, 255, 255), []string{"4294967295"}},
		"gzip header":             {[]byte{0x1f, 0x8b, 0}, []string{"gzip header"}},
		"gzip cut":                {packed(good)[:20], []string{"unexpected EOF"}},
		"gzip checksum":           {brokenSum, []string{"checksum"}},
		"gzip and three bytes":    {append(packed(good), "abc"...), []string{"gzip", "followed by something else"}},
		"gzip and much more":      {append(packed(good), make([]byte, 512)...), []string{"gzip", "followed by something else"}},
		"gzip without its end":    {packed(good)[:len(packed(good))-3], []string{"gzip", "cut"}},
		"int32 of 255 dimensions": {append([]byte{0, 0, 12, 255}, make([]byte, 4*255)...), []string{"00 00 0c"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ReadIDX(bytes.NewReader(c.file))
			mustName(t, err, c.words...)
		})
	}
}

// mustName checks that err is an error of this package that says all the words.
func mustName(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), "nn: ") {
		t.Errorf("error %v, want one that begins with nn:", err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q, want %q in it", err, word)
		}
	}
}

func TestReadIDXAllocatesNoMoreThanTheFileJustifies(t *testing.T) {
	header := []byte{0, 0, 8, 1, 0x7f, 0xff, 0xff, 0xff} // claims 2 GB
	for _, sent := range []int{0, 1000, 100_000, 1_000_000} {
		got := allocated(func() {
			_, _, err := ReadIDX(io.MultiReader(bytes.NewReader(header), bytes.NewReader(make([]byte, sent))))
			if err == nil {
				t.Fatal("a file that ends early is accepted")
			}
		})
		// Two buffers of 64 KB, then four times what was sent, and ¼ of that, and
		// ¼ of that, and so on.
		if most := uint64(1<<18 + 16*sent/3); got > most {
			t.Errorf("%d bytes sent, %d allocated, want at most %d", sent, got, most)
		}
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// failing is a writer with room for n bytes.
type failing struct{ n int }

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.n {
		return f.n, errFull
	}
	f.n -= len(p)
	return len(p), nil
}

func FuzzReadIDX(f *testing.F) {
	good := idx([]int{2, 3}, []byte{1, 2, 3, 4, 5, 6})
	f.Add(good)
	f.Add(packed(good))
	f.Add(good[:9])
	f.Add([]byte{0, 0, 12, 1, 0, 0, 0, 1, 0, 0, 1, 0})
	f.Add([]byte{0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, file []byte) {
		var shape []int
		var data []byte
		var err error
		got := allocated(func() { shape, data, err = ReadIDX(bytes.NewReader(file)) })
		read := len(file)
		if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
			read *= 1032 // DEFLATE decodes a byte to at most so many (RFC 1951: 2 bits stand for 258 bytes)
		}
		if most := uint64(1<<19 + 16*read/3); got > most {
			t.Errorf("%d bytes allocated for a file of %d, want at most %d", got, len(file), most)
		}
		if err != nil {
			mustName(t, err)
			return
		}
		again, same, err := ReadIDX(bytes.NewReader(idx(shape, data)))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(shape) || !bytes.Equal(same, data) {
			t.Errorf("%v with %d bytes comes back as %v with %d, error %v", shape, len(data), again, len(same), err)
		}
	})
}

func TestReadIDXTakesAHeaderOfUpTo2To31Minus1Bytes(t *testing.T) {
	for _, c := range []struct {
		header []byte
		words  string
	}{
		{[]byte{0, 1, 8, 1, 0, 0, 0, 0}, "starts with 00 01 08"},
		{[]byte{0, 0, 8, 1, 0x7f, 255, 255, 255}, "dimensions [2147483647] need 2147483647 bytes"},
		{[]byte{0, 0, 8, 1, 0x80, 0, 0, 0}, "dimensions [2147483648], need at most"},
		{[]byte{0, 0, 8, 2, 0, 1, 0, 0, 0, 0, 0x80, 0}, "dimensions [65536 32768], need at most"},
		{[]byte{0, 0, 8, 2, 0, 1, 0, 0, 0, 0, 0x7f, 255}, "dimensions [65536 32767] need 2147418112 bytes"},
	} {
		_, _, err := ReadIDX(bytes.NewReader(c.header))
		mustName(t, err, c.words)
	}
}

// The bound is that in SECURITY.md: 256 KB and 64 times what is read.
func TestMemoryForAFileThatClaimsMuchIsBounded(t *testing.T) {
	for _, dims := range []byte{0, 1, 3, 255} {
		file := append([]byte{0, 0, 8, dims}, bytes.Repeat([]byte{0, 0, 0, 1}, int(dims))...)
		if dims > 0 {
			copy(file[4:], "\x7f\xff\xff\xff") // 2 GB
		}
		for name, sent := range map[string][]byte{"plain": file, "compressed": packed(file), "cut": file[:len(file)/2]} {
			got := allocated(func() { ReadIDX(bytes.NewReader(sent)) })
			if most := uint64(256<<10 + 64*len(file)); got > most {
				t.Errorf("%s, %d dimensions: %d bytes allocated, want at most %d", name, dims, got, most)
			}
		}
	}
}
