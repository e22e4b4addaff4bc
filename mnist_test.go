package nn

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// writeSet writes n training and n test images of 4×3 in classes 0 to 2, as four
// files, and returns their folder.
func writeSet(t *testing.T, n int, spell func(name string) string, pack bool) string {
	dir := t.TempDir()
	for _, file := range mnistFiles {
		shape, size := []int{n}, n
		if strings.Contains(file.name, "images") {
			shape, size = []int{n, 3, 4}, n*12
		}
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i % 3)
		}
		bytes := idx(shape, data)
		if pack {
			bytes = packed(bytes)
		}
		write(t, dir, spell(file.name), bytes)
	}
	return dir
}

func asPublished(name string) string { return name }

func TestLoadMNISTTakesAllSpellings(t *testing.T) {
	dotted := func(name string) string {
		name = strings.Replace(name, "-idx3", ".idx3", 1)
		return strings.Replace(name, "-idx1", ".idx1", 1)
	}
	for name, dir := range map[string]string{
		"plain":            writeSet(t, 5, asPublished, false),
		"dotted":           writeSet(t, 5, dotted, false),
		"packed":           writeSet(t, 5, func(s string) string { return s + ".gz" }, true),
		"dotted, packed":   writeSet(t, 5, func(s string) string { return dotted(s) + ".gz" }, true),
		"packed, no .gz":   writeSet(t, 5, asPublished, true),
		"unpacked but .gz": writeSet(t, 5, func(s string) string { return s + ".gz" }, false),
	} {
		train, test, err := LoadMNIST(dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if train.Len() != 5 || test.Len() != 5 || train.Width != 4 || train.Height != 3 || train.Classes != 10 {
			t.Errorf("%s: %d and %d images of %d×%d in %d classes", name, train.Len(), test.Len(), train.Width, train.Height, train.Classes)
		}
	}
}

func TestLoadMNISTPassesOverAFolderWithTheNameOfAFile(t *testing.T) {
	dir := writeSet(t, 5, asPublished, false)
	if err := os.Mkdir(filepath.Join(dir, mnistFiles[0].name+".gz"), 0o777); err != nil {
		t.Fatal(err)
	}
	if train, _, err := LoadMNIST(dir); err != nil || train.Len() != 5 {
		t.Errorf("error %v", err)
	}
}

func TestLoadMNISTTakesItsFolderFromTheEnvironment(t *testing.T) {
	t.Setenv("MNIST_DIR", writeSet(t, 2, asPublished, false))
	if train, _, err := LoadMNIST(""); err != nil || train.Len() != 2 {
		t.Errorf("error %v", err)
	}
}

func TestLoadMNISTTakesTheCacheFolderByDefault(t *testing.T) {
	t.Setenv("MNIST_DIR", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("LocalAppData", t.TempDir())
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = LoadMNIST("")
	mustName(t, err, filepath.Join(cache, "nn", "mnist"))
}

func TestWhereMNISTIsMissingTheErrorSaysWhatToDo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my data")
	_, _, err := LoadMNIST(dir)
	mustName(t, err, fmt.Sprintf("go run github.com/nn13002/nn/examples/mnist@latest -fetch -data %q", dir), `pass its folder, or "" with MNIST_DIR set`)
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q has several lines", err)
	}
}

// fashion returns a folder with files of Fashion-MNIST's names and shape, with
// fewer images, of which few pixels are black.
func fashion(t *testing.T) string {
	dir, r := t.TempDir(), random(1)
	for set, count := range map[string]int{"train": 600, "t10k": 100} {
		pixels, labels := make([]byte, count*784), make([]byte, count)
		for i := range pixels {
			labels[i/784] = byte(i / 784 % 10)
			pixels[i] = byte(r.IntN(128))
			if i%784/78 == i/784%10 {
				pixels[i] += 127 // a bright band, at the height of its class
			}
		}
		write(t, dir, set+"-images-idx3-ubyte.gz", packed(idx([]int{count, 28, 28}, pixels)))
		write(t, dir, set+"-labels-idx1-ubyte.gz", packed(idx([]int{count}, labels)))
	}
	return dir
}

func TestANetworkLearnsFilesLikeFashionMNIST(t *testing.T) {
	train, test, err := LoadMNIST(fashion(t))
	if err != nil {
		t.Fatal(err)
	}
	n, sgd := New(random(1), 784, 16, 10), &SGD{Rate: 0.5, Cost: CrossEntropy, Rand: random(2)}
	for range 30 {
		if _, err := sgd.Epoch(n, train); err != nil {
			t.Fatal(err)
		}
	}
	if e := n.Evaluate(test, CrossEntropy); e.Count != 100 || e.Accuracy() < 0.9 {
		t.Errorf("%v", e)
	}
}

func TestFetchLeavesFashionMNISTAlone(t *testing.T) {
	if err := FetchMNIST(t.Context(), fashion(t), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v does not wrap fs.ErrExist", err)
	}
}

func TestLoadImagesReadsTheLettersOfEMNIST(t *testing.T) {
	dir := t.TempDir()
	images := write(t, dir, "emnist-letters-test-images-idx3-ubyte.gz", packed(idx([]int{26, 28, 28}, make([]byte, 26*784))))
	letters := make([]byte, 26)
	for i := range letters {
		letters[i] = byte(i + 1) // 1 is A
	}
	labels := write(t, dir, "emnist-letters-test-labels-idx1-ubyte.gz", packed(idx([]int{26}, letters)))
	if d, err := LoadImages(images, labels, 27); err != nil || !bytes.Equal(d.Labels, letters) {
		t.Errorf("error %v", err)
	}
	_, err := LoadImages(images, labels, 26)
	mustName(t, err, "label 25 is 26, need below 26, the number of classes")
}

func TestLoadImagesReadsTheLabelsOfQMNIST(t *testing.T) {
	dir := t.TempDir()
	images := write(t, dir, "qmnist-test-images-idx3-ubyte.gz", packed(idx([]int{3, 28, 28}, make([]byte, 3*784))))
	labels := []byte{0, 0, 12, 2, 0, 0, 0, 3, 0, 0, 0, 8} // int32, 3×8: digit, then where it comes from
	for _, digit := range []byte{7, 0, 9} {
		labels = append(labels, 0, 0, 0, digit)
		for column := range byte(7) {
			labels = append(labels, 255, 255, 255, column)
		}
	}
	d, err := LoadImages(images, write(t, dir, "qmnist-test-labels-idx2-int.gz", packed(labels)), 10)
	if err != nil || !bytes.Equal(d.Labels, []byte{7, 0, 9}) {
		t.Errorf("error %v", err)
	}
	_, err = LoadImages(images, write(t, dir, "cut", labels[:len(labels)-1]), 10)
	mustName(t, err, "[3 8 4]", "need 96 bytes")
	for _, digit := range [][]byte{{0, 0, 1, 1}, {1, 0, 0, 1}, {255, 255, 255, 255}} {
		large := write(t, dir, "large", slices.Concat(labels[:12+32], digit, labels[12+32+4:]))
		_, err = LoadImages(images, large, 10)
		mustName(t, err, large+": label 1 is ", "need below 10, the number of classes")
	}
	eight := write(t, dir, "bytes", idx([]int{3, 8, 4}, make([]byte, 3*8*4)))
	_, err = LoadImages(images, eight, 10)
	mustName(t, err, eight+": 3 dimensions, need 1 for labels")
	other := write(t, dir, "other", idx([]int{3, 8, 5}, make([]byte, 120)))
	_, err = LoadImages(images, other, 10)
	mustName(t, err, other+": 3 dimensions, need 1 for labels (IDX dimensions [3 8 5]")
}

func TestLoadMNISTNamesTheMissingFile(t *testing.T) {
	dir := writeSet(t, 2, asPublished, false)
	os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte"))
	_, _, err := LoadMNIST(dir)
	mustName(t, err, "t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", dir)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap fs.ErrNotExist", err)
	}
}

func TestLoadMNISTNamesTheBrokenFile(t *testing.T) {
	for _, name := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
		dir := writeSet(t, 2, asPublished, false)
		write(t, dir, name, []byte("<html>404</html>"))
		_, _, err := LoadMNIST(dir)
		if mustName(t, err, name, "3c 68"); strings.Count(err.Error(), "nn: ") != 1 {
			t.Errorf("error %q, want one nn: in it", err)
		}
	}
}

func TestLoadMNISTRefusesTestImagesOfAnotherSize(t *testing.T) {
	for size, shape := range map[string][]int{"3×4": {2, 4, 3}, "4×2": {2, 2, 4}, "3×3": {2, 3, 3}} {
		dir := writeSet(t, 2, asPublished, false)
		write(t, dir, "t10k-images-idx3-ubyte", idx(shape, make([]byte, shape[0]*shape[1]*shape[2])))
		_, _, err := LoadMNIST(dir)
		mustName(t, err, "4×3", size)
	}
}

func TestLoadMNISTPrefersTheSpellingsInTheirOrder(t *testing.T) {
	spellings := []string{"t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte.gz", "t10k-labels.idx1-ubyte"}
	for i := range spellings {
		dir := writeSet(t, 2, asPublished, false)
		os.Remove(filepath.Join(dir, spellings[1]))
		for k, name := range spellings[i:] {
			write(t, dir, name, idx([]int{2}, []byte{byte(i + k), 9}))
		}
		if _, test, err := LoadMNIST(dir); err != nil || test.Labels[0] != byte(i) {
			t.Errorf("LoadMNIST does not read the first of %v, error %v", spellings[i:], err)
		}
	}
}

func TestEveryTruncationAndEveryChangeOfAHeaderIsAnErrorOrASet(t *testing.T) {
	dir := t.TempDir()
	images, labels := idx([]int{2, 3, 4}, bytes.Repeat([]byte{0, 7}, 12)), idx([]int{2}, []byte{0, 3})
	good := [2]string{write(t, dir, "images", images), write(t, dir, "labels", labels)}
	for _, c := range []struct {
		part, header int // of good; bytes
		whole        []byte
	}{{0, 16, images}, {1, 8, labels}, {0, 0, packed(images)}, {1, 0, packed(labels)}} {
		check := func(file []byte, cut bool) {
			t.Helper()
			_, _, err := ReadIDX(bytes.NewReader(file))
			if cut || err != nil {
				mustName(t, err)
			}
			paths := good
			paths[c.part] = write(t, dir, "bad", file)
			d, err := LoadImages(paths[0], paths[1], 4)
			if cut || err != nil {
				mustName(t, err, dir)
				return
			}
			for i := range d.Len() {
				if n := len(d.Image(i).Pix); n != 12 {
					t.Errorf("an image of %d pixels", n)
				}
			}
		}
		for end := range c.whole {
			check(c.whole[:end], true)
		}
		change := func(i int, b byte) {
			file := bytes.Clone(c.whole)
			file[i] = b
			check(file, false)
		}
		for i := range c.header {
			for b := range 256 {
				change(i, byte(b))
			}
		}
		if c.header == 0 { // compressed: every bit of the file
			for i, was := range c.whole {
				for bit := range 8 {
					change(i, was^1<<bit)
				}
			}
		}
	}
}

func TestLoadImagesReportsWhatDoesNotFit(t *testing.T) {
	dir := t.TempDir()
	good := idx([]int{2, 3, 4}, make([]byte, 24))
	images := write(t, dir, "images", good)
	short := write(t, dir, "short", good[:len(good)-1])
	long := write(t, dir, "long", append(good, 0))
	none := write(t, dir, "none", idx([]int{0, 3, 4}, nil))
	empty := write(t, dir, "empty", idx([]int{0}, nil))
	labels := write(t, dir, "labels", idx([]int{2}, []byte{0, 3}))
	wrong := write(t, dir, "wrong", idx([]int{2}, []byte{0, 4}))
	three := write(t, dir, "three", idx([]int{3}, []byte{0, 1, 2}))
	flat := write(t, dir, "flat", idx([]int{2, 0, 4}, nil))
	ints := write(t, dir, "ints", append([]byte{0, 0, 12, 2, 0, 0, 0, 2, 0, 0, 0, 3}, make([]byte, 24)...)) // 2×3, which is 24 bytes
	absent := filepath.Join(dir, "absent")
	_, noFile := os.Open(absent) // its text depends on the platform
	for name, c := range map[string]struct {
		images, labels string
		words          []string
	}{
		"label too large":     {images, wrong, []string{wrong, "label 1 is 4", "below 4"}},
		"count differs":       {images, three, []string{images, "3 labels", "2 images"}},
		"labels for images":   {labels, labels, []string{labels, "1 dimensions", "need 3"}},
		"images for labels":   {images, images, []string{images + ": 3 dimensions, need 1 for labels"}},
		"images of int32":     {ints, labels, []string{ints + ": elements of int32, need unsigned bytes"}},
		"pictures of nothing": {flat, labels, []string{flat, "2 images of 4×0"}},
		"no images":           {none, empty, []string{none, "0 images of 4×3"}},
		"ends early":          {short, labels, []string{short, "image 1 of 2"}},
		"continues":           {long, labels, []string{long, "continues", "[2 3 4]"}},
		"no such file":        {absent, labels, []string{noFile.Error()}},
		"no such labels":      {images, absent, []string{noFile.Error()}},
		"a folder":            {dir, labels, []string{dir}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := LoadImages(c.images, c.labels, 4)
			mustName(t, err, c.words...)
		})
	}
	mustPanic(t, func() { LoadImages(images, labels, 0) }, "0 classes")
	mustPanic(t, func() { LoadImages(images, labels, 257) }, "257 classes")
	full := write(t, dir, "full", idx([]int{2}, []byte{0, 255}))
	if _, err := LoadImages(images, full, 256); err != nil {
		t.Error(err)
	}
	if _, err := LoadImages(images, write(t, dir, "zeros", idx([]int{2}, []byte{0, 0})), 1); err != nil {
		t.Error(err)
	}
	if d, err := LoadImages(images, labels, 5); err != nil || d.Classes != 5 || d.Width != 4 || d.Height != 3 {
		t.Errorf("good files: %+v, %v", d, err)
	}
}

func TestLoadImagesAllocatesNoMoreThanTheFileJustifies(t *testing.T) {
	dir := t.TempDir()
	labels := write(t, dir, "labels", idx([]int{1}, []byte{0}))
	images := write(t, dir, "images", []byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0x80, 0, 0, 0, 0xff, 0xff, 1, 2, 3}) // claims 2 GB
	if got := allocated(func() {
		_, err := LoadImages(images, labels, 10)
		mustName(t, err, images, "image 0 of 1")
	}); got > 1<<19 {
		t.Errorf("%d bytes allocated for a file of 19", got)
	}
}

func TestLoadImagesTakesLittleMoreMemoryThanTheImages(t *testing.T) {
	const count = 4000
	pixels, r, dir := make([]byte, count*784), random(1), t.TempDir()
	for i := range pixels {
		if pixels[i] = 255; r.IntN(5) > 0 {
			pixels[i] = 0
		}
	}
	d, err := LoadImages(write(t, dir, "images", idx([]int{count, 28, 28}, pixels)), write(t, dir, "labels", idx([]int{count}, make([]byte, count))), 1)
	if err != nil {
		t.Fatal(err)
	}
	if most := len(d.packed)*105/100 + 1<<12; cap(d.packed) > most {
		t.Errorf("%d bytes for images of %d, want at most %d", cap(d.packed), len(d.packed), most)
	}
}

func TestLoadImagesReadsImagesThatGetFuller(t *testing.T) {
	for _, size := range []int{1, 10} { // pixels
		const count = 60000
		pixels := make([]byte, count*size)
		for i := len(pixels) / 7; i < len(pixels); i++ {
			pixels[i] = 255
		}
		dir := t.TempDir()
		images := write(t, dir, "images", idx([]int{count, 1, size}, pixels))
		labels := write(t, dir, "labels", idx([]int{count}, make([]byte, count)))
		d, err := LoadImages(images, labels, 1)
		if err != nil || d.Len() != count {
			t.Fatalf("%d pixels: error %v", size, err)
		}
		for i := range count {
			if !bytes.Equal(d.Image(i).Pix, pixels[i*size:][:size]) {
				t.Fatalf("image %d of %d pixels is %v, want %v", i, size, d.Image(i).Pix, pixels[i*size:][:size])
			}
		}
	}
}

func TestLoadImagesReadsManyWhiteImagesOfOnePixel(t *testing.T) {
	const count = 60000
	dir := t.TempDir()
	images := write(t, dir, "images", idx([]int{count, 1, 1}, bytes.Repeat([]byte{255}, count)))
	labels := write(t, dir, "labels", idx([]int{count}, make([]byte, count)))
	if d, err := LoadImages(images, labels, 1); err != nil || d.Len() != count {
		t.Errorf("error %v", err)
	}
}

func TestRealMNISTIsWhatWasPublished(t *testing.T) {
	train, test := mnist(t)
	for _, c := range []struct {
		d      *Images
		count  int
		labels []byte // the first five
		fives  int
	}{
		{train, 60000, []byte{5, 0, 4, 1, 9}, 5421},
		{test, 10000, []byte{7, 2, 1, 0, 4}, 892},
	} {
		if got := cap(c.d.packed) + cap(c.d.Labels); c.count == 60000 && got > 19e6 {
			t.Errorf("the training images take %d bytes, want 18 MB", got)
		}
		fives := bytes.Count(c.d.Labels, []byte{5})
		if c.d.Len() != c.count || c.d.Width != 28 || c.d.Height != 28 || !bytes.HasPrefix(c.d.Labels, c.labels) || fives != c.fives {
			t.Errorf("%d images of %d×%d, labels %v…, %d fives", c.d.Len(), c.d.Width, c.d.Height, c.d.Labels[:5], fives)
		}
	}
}

func BenchmarkLoadMNIST(b *testing.B) {
	mnist(b)
	b.ResetTimer()
	for range b.N {
		if _, _, err := LoadMNIST(mnistFolder()); err != nil {
			b.Fatal(err)
		}
	}
}
