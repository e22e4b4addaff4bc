package main

import (
	"slices"
	"strings"
)

// equivalents are faults that change nothing a test can see, and why. They are
// not made.
var equivalents = []struct {
	file, line string // the file, "" for any, and a part of the line
	old, new   string // the fault, "" for any; new may be several
	why        string
}{
	{"", "delta = delta[:len(a)]", "", "", "tells the compiler that bounds need no checks"},
	{"", "delta, t = delta[:len(a)]", "", "", "tells the compiler that bounds need no checks"},
	{"", "y = y[:len(x)]", "", "", "tells the compiler that bounds need no checks"},
	{"", "value = value[:len(index)]", "", "", "tells the compiler that bounds need no checks"},
	{"", "math.Inf(1)", "1", "(1+1) (1-1) (2*1) 0", "the sign is not negative"},
	{"cost.go", "math.Abs(sum-1) > 1e-4", ">", ">=", "no sum is so far from 1 to the last bit"},
	{"", "math.Inf(-1)", "1", "(1+1) (2*1)", "the sign is negative"},
	{"distort.go", "stride, size :=", "1", "(2*1)", "more memory than is needed"},
	{"distort.go", "stride, size :=", "2", "(2*2)", "more memory than is needed"},
	{"distort.go", "var small", "", "", "speed alone"},
	{"distort.go", "left, right, top, bottom :=", "0", "(0+1)", "a larger box costs time alone"},
	{"distort.go", "left, right, top, bottom =", "left, right, top, bottom = min(left, x), max(right, x+1), min(top, y), y+1", "", "a larger box costs time alone"},
	{"distort.go", "left, right, top, bottom =", "1", "(1+1) (2*1)", "a larger box costs time alone"},
	{"distort.go", "half", "1", "(1+1) (2*1)", "a larger box costs time alone"},
	{"distort.go", "", "65536", "(65536+1) (65536-1)", "a 65536th more or less"},
	{"distort.go", "grey := int(", "256", "(256+1)", "less than one grey level"},
	{"distort.go", "grey", "31", "(31-1)", "the sign is in bit 30 as well"},
	{"distort.go", "s*uniform", "+", "-", "the distribution is symmetric"},
	{"evaluate.go", "const size = 16", "16", "(16+1) (16-1) (2*16)", "speed alone"},
	{"idx.go", "bufio.NewReaderSize", "", "", "speed alone"},
	{"idx.go", "room := min(size", "16", "(16-1) 0", "it may allocate less"},
	{"idx.go", "room := min(size", "4", "(4-1) 0", "it may allocate less"},
	{"idx.go", "room := min(size", ">", ">=", "speed alone"},
	{"idx.go", "dim > 0 &&", "0", "(0+1)", "a dimension of 1 makes nothing larger"},
	{"idx.go", "magic[:1]); n > 0", "1", "(1+1) (2*1)", "a second byte changes nothing"},
	{"idx.go", "for n := 0; len(data) < size", "0", "(0+1) (0-1)", "n is set before it is used"},
	{"mnist.go", "strings.Replace(", "1", "(1+1) (2*1)", "the name has one -idx"},
	{"mnist.go", "defer f.Close()", "", "", "the garbage collector closes it too"},
	{"images.go", "packed[n], packed[n+1] = 255, 0", "1", "(1+1) (2*1)", "it is 0 already"},
	{"images.go", "if n > count/8 &&", "8", "(8+1) (8-1) (2*8)", "an estimate, as good from a few images more or less"},
	{"images.go", "rest := (len(", "1", "(1+1) (1-1) (2*1) 0", "an estimate, as good with a byte more or less for an image"},
	{"images.go", "n, most := d.Len(), ", "2", "(2+1) (2*2)", "memory for an image more"},
	{"images.go", "slices.Grow(d.packed, rest", "32", "(32+1) (32-1) (2*32)", "an estimate"},
	{"images.go", "for packed := d.image(i); len(packed) ", "0", "(0+1)", "a pixel is two bytes"},
	{"images.go", "for packed := d.image(i); len(packed) >= 2", "2", "(2-1)", "a pixel is two bytes"},
	{"images.go", "for _, i := range images {", "", "", "speed alone, in prefetch"},
	{"images.go", "for at := 0; at < len(packed)", "", "", "speed alone, in prefetch"},
	{"images.go", "sum += ", "", "", "speed alone, in prefetch"},
	{"images.go", "if d.Width < 1 || d.Width*d.Height", "1", "(1-1) 0", "no image was added with 0 pixels"},
	{"images.go", "packed := slices.Grow(", "2", "(2+1) (2*2)", "more memory than is needed"},
	{"images.go", "slices.Chunk(pixels, 8)", "8", "(8+1) (8-1) (2*8)", "speed alone"},
	{"images.go", "if len(eight) == 8", "len(eight) == 8 && binary.LittleEndian.Uint64(eight) == 0", "(len(eight) == 8 && binary.LittleEndian.Uint64(eight) == 0) && false", "speed alone"},
	{"images.go", "if len(eight) == 8", "8", "(8+1) (2*8) 0", "speed alone"},
	{"kernels.go", "m.Cols <= copyAbove", "1", "(1-1) 0", "speed alone"},
	{"kernels.go", "m.Cols <= copyAbove", "<=", "< >", "speed alone"},
	{"kernels.go", "m.Cols <= copyAbove", "b.right == 1 && m.Cols <= copyAbove", "(b.right == 1 && m.Cols <= copyAbove) && false", "speed alone"},
	{"kernels.go", "for j := 0; j < m.Cols", "<", "<=", "an empty block adds nothing"},
	{"kernels.go", "for k := 0; k < a.cols", "<", "<=", "an empty block adds nothing"},
	{"kernels.go", "for ; k+3 < a.cols", "3", "(3+1) (2*3)", "a row more is added alone: slower, and rounded otherwise"},
	{"kernels.go", "var groups", "16", "(16+1) (2*16)", "more memory than is needed"},
	{"kernels.go", "part := x[:min(64, len(x))]", "64", "(64+1) (64-1)", "speed alone"},
	{"kernels.go", "for ; k+4 <= len(part)", "<=", "<", "speed alone"},
	{"kernels.go", "for ; k+4 <= len(part)", "4", "(4+1) (2*4)", "speed alone"},
	{"kernels.go", "var roots", "64", "(64+1)", "more memory than is needed"},
	{"kernels.go", "const blockWidth", "", "", "speed alone"},
	{"matrix.go", "math.MaxInt/8/cols", "8", "(8+1) (2*8)", "no machine has so much memory"},
	{"matrix.go", "math.MaxInt/8/cols", ">", ">=", "no machine has so much memory"},
	{"matrix.go", "f.data[lo*f.down:]", "*", "/", "down is 1 in the factor that is cut"},
	{"network.go", "var buffers", "2", "(2+1) (2*2)", "more buffers than are needed"},
	{"network.go", "if n > len(buffer) {", ">", ">=", "speed alone"},
	{"network.go", "return -1, 0", "1", "(1+1) (2*1)", "any negative layer means that there is none"},
	{"network.go", "return -1, 0", "0", "", "a value that nobody asks for"},
	{"network.go", "before := 0", "", "", "the words of a message"},
	{"parallel.go", "func cores()", "0", "(0-1)", "GOMAXPROCS changes nothing for a number below 1"},
	{"parallel.go", "if cores == 1 {", "1", "(1+1) (2*1) (1-1) 0", "speed alone"},
	{"parallel.go", "if cores == 1 {", "cores == 1", "(cores == 1) && false", "speed alone"},
	{"parallel.go", "w.helpers < min", "min", "", "a helper too many finds nothing to do"},
	{"parallel.go", "w.helpers < min", "1", "(1-1) 0", "a helper too many finds nothing to do"},
	{"parallel.go", "w.helpers < min", "<", "<=", "a helper too many finds nothing to do"},
	{"parallel.go", "w.helpers < min", "-", "+", "a helper too many finds nothing to do"},
	{"parallel.go", "looks", "0", "(0+1) (0-1)", "speed alone"},
	{"parallel.go", "looks = 0", "looks = 0", "", "speed alone"},
	{"parallel.go", "looks < 300", "300", "", "speed alone"},
	{"parallel.go", "looks < 300", "<", "<=", "speed alone"},
	{"parallel.go", "if w.doNext() {", "w.doNext()", "(w.doNext()) && false", "speed alone"},
	{"parallel.go", "runtime.Gosched()", "", "", "speed alone"},
	{"parallel.go", ">= worthSharing", ">=", ">", "speed alone"},
	{"parallel.go", "size := max(1, min(1<<15", "15", "(15-1)", "speed alone"},
	{"parallel.go", "size := max(1, min(1<<15", "-", "+", "speed alone"},
	{"picture.go", "if x < 0 {", "<", "<=", "0 is white in both colours"},
	{"picture.go", "1e150", "1e150", "(1e150+1) (1e150-1)", "the same float64"},
	{"picture.go", "c = color.RGBA", "255", "", "its alpha is not used"},
	{"picture.go", "c := color.RGBA", "255", "", "its alpha is not used"},
	{"pretrained.go", "err != nil", "err != nil", "(err != nil) && false", "Load reads the embedded network"},
	{"pretrained.go", "panic(", "", "", "Load reads the embedded network"},
	{"sparse.go", "[128]", "", "", "speed alone"},
	{"sparse.go", "for col := size", "<", "<=", "an empty block more, which nobody uses"},
	{"sparse.go", "if n >= 64 {", ">=", ">", "another part fits into the list"},
	{"sparse.go", "if n >= 64 {", "64", "(64+1) (64-1) 0", "another part fits into the list"},
	{"sparse.go", "for k := 0; k < len(x)", "<", "<=", "an empty part adds nothing"},
	{"train.go", "const pieceSize", "32", "(32+1) (32-1) (2*32)", "speed alone"},
	{"train.go", "rand.NewPCG", "", "", "any fixed seed is as good"},
	{"train.go", "if c == 1 {", "1", "", "speed alone"},
	{"train.go", "if c == 1 {", "c == 1", "(c == 1) && false", "speed alone"},
	{"train.go", "return", "return", "", "speed alone, in scale"},
	{"train.go", "math.IsInf(s.", "1", "", "the sign is positive, or the other clause finds a negative one"},
	{"synthetic.go", "NormFloat64", "+", "-", "the distribution is symmetric"},
	{"synthetic.go", "pen := ", "*", "/", "the distribution is symmetric"},
	{"synthetic.go", "{{{", "", "", "a drawing: a point elsewhere is as good"},
}

func (m *mutant) equivalent() bool {
	for _, e := range equivalents {
		if (e.file == "" || e.file == m.at.Filename) && strings.Contains(m.line, e.line) && (e.old == "" || e.old == m.old) && (e.new == "" || e.new == m.new || slices.Contains(strings.Fields(e.new), m.new)) {
			return true
		}
	}
	return false
}
