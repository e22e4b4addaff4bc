package nn

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func packed(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func idx(t testing.TB, shape []int, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteIDX(&b, shape, data); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestIDXRoundTrips(t *testing.T) {
	for _, shape := range [][]int{nil, {0}, {1}, {7}, {2, 3}, {3, 2, 5}, {2, 0, 5}, {2, 1, 2, 1, 2}, {300, 28, 28}, slices.Repeat([]int{1}, 255)} {
		size := 1
		for _, dim := range shape {
			size *= dim
		}
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i * 7)
		}
		file := idx(t, shape, data)
		for _, file := range [][]byte{file, packed(file)} {
			gotShape, gotData, err := ReadIDX(bytes.NewReader(file))
			if err != nil || fmt.Sprint(gotShape) != fmt.Sprint(shape) || !bytes.Equal(gotData, data) {
				t.Errorf("shape %v comes back as %v with %d of %d bytes, error %v", shape, gotShape, len(gotData), len(data), err)
			}
		}
	}
}

func TestWriteIDXWritesTheFormatsBytes(t *testing.T) {
	got := idx(t, []int{2, 258}, bytes.Repeat([]byte{9}, 516))
	want := []byte{0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 1, 2, 9, 9}
	if !bytes.HasPrefix(got, want) || len(got) != 12+516 {
		t.Errorf("% x… of %d bytes, want % x… of %d", got[:14], len(got), want, 12+516)
	}
}

func TestReadIDXReportsWhatIsWrong(t *testing.T) {
	good := idx(t, []int{2, 3}, []byte{1, 2, 3, 4, 5, 6})
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
		"empty":                  {nil, []string{"header of 0 bytes", "unexpected EOF"}},
		"short magic":            {good[:3], []string{"header of 3 bytes"}},
		"wrong magic":            {wrong(0, 1), []string{"01 00", "00 00"}},
		"type of float":          {wrong(2, 0x0d), []string{"0x0d", "unsigned bytes"}},
		"ends in the dimensions": {good[:9], []string{"dimension 1 of 2"}},
		"ends in the data":       {good[:len(good)-1], []string{"5 bytes", "[2 3]", "need 6"}},
		"goes on":                {append(wrong(0, 0), 7), []string{"goes on", "[2 3]"}},
		"product overflows":      {wrong(4, 0x7f), []string{"more than"}},
		"dimension of 2³²−1":     {append([]byte{0, 0, 8, 1}, 255, 255, 255, 255), []string{"4294967295"}},
		"gzip header":            {[]byte{0x1f, 0x8b, 0}, []string{"gzip header"}},
		"gzip cut":               {packed(good)[:20], []string{"unexpected EOF"}},
		"gzip checksum":          {brokenSum, []string{"checksum"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ReadIDX(bytes.NewReader(c.file))
			mustName(t, err, c.words...)
		})
	}
}

// mustName checks that there is an error and that it says each of the words.
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
		// Two buffers of 64 KB; then 1 + ¼ + … of what was asked for last, which
		// is four times what was there.
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

func TestLoadImagesAllocatesNoMoreThanTheFileJustifies(t *testing.T) {
	dir := t.TempDir()
	labels := write(t, dir, "labels", idx(t, []int{1}, []byte{0}))
	images := write(t, dir, "images", []byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0x80, 0, 0, 0, 0xff, 0xff, 1, 2, 3}) // claims 2 GB
	if got := allocated(func() {
		_, err := LoadImages(images, labels, 10)
		mustName(t, err, images, "image 0 of 1")
	}); got > 1<<19 {
		t.Errorf("%d bytes allocated for a file of 19", got)
	}
}

func TestWriteIDXPanicsOnMisuse(t *testing.T) {
	mustPanic(t, func() { WriteIDX(io.Discard, []int{2, 3}, make([]byte, 5)) }, "[2 3]", "5 bytes")
	mustPanic(t, func() { WriteIDX(io.Discard, []int{-1, -1}, make([]byte, 1)) }, "[-1 -1]")
	tooLarge := maxIDX
	tooLarge++ // on 32 bits a negative number
	mustPanic(t, func() { WriteIDX(io.Discard, []int{0, tooLarge}, nil) }, "2147483648")
	mustPanic(t, func() { WriteIDX(io.Discard, []int{1 << 20, 1 << 20}, nil) }, "1048576")
	mustPanic(t, func() { WriteIDX(io.Discard, make([]int, 256), nil) }, "256 dimensions")
}

// failing is a writer that takes n bytes and then no more.
type failing struct{ n int }

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.n {
		return f.n, errFull
	}
	f.n -= len(p)
	return len(p), nil
}

func TestWriteIDXReturnsTheWritersError(t *testing.T) {
	for _, room := range []int{0, 8} {
		if err := WriteIDX(&failing{room}, []int{3}, []byte{1, 2, 3}); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: error %v", room, err)
		}
	}
}

// writeSet writes a data set of four files, n training and n test images of
// 4×3 in classes 0 to 2, and returns the folder.
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
		bytes := idx(t, shape, data)
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
		write(t, dir, "t10k-images-idx3-ubyte", idx(t, shape, make([]byte, shape[0]*shape[1]*shape[2])))
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
			write(t, dir, name, idx(t, []int{2}, []byte{byte(i + k), 9}))
		}
		if _, test, err := LoadMNIST(dir); err != nil || test.Labels[0] != byte(i) {
			t.Errorf("of %v it does not take the first, error %v", spellings[i:], err)
		}
	}
}

func TestEveryTruncationAndEveryChangeOfAHeaderIsAnErrorOrASet(t *testing.T) {
	dir := t.TempDir()
	images, labels := idx(t, []int{2, 3, 4}, bytes.Repeat([]byte{0, 7}, 12)), idx(t, []int{2}, []byte{0, 3})
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
		if c.header == 0 { // packed: every bit of the file
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
	good := idx(t, []int{2, 3, 4}, make([]byte, 24))
	images := write(t, dir, "images", good)
	short := write(t, dir, "short", good[:len(good)-1])
	long := write(t, dir, "long", append(good, 0))
	none := write(t, dir, "none", idx(t, []int{0, 3, 4}, nil))
	empty := write(t, dir, "empty", idx(t, []int{0}, nil))
	labels := write(t, dir, "labels", idx(t, []int{2}, []byte{0, 3}))
	wrong := write(t, dir, "wrong", idx(t, []int{2}, []byte{0, 4}))
	three := write(t, dir, "three", idx(t, []int{3}, []byte{0, 1, 2}))
	flat := write(t, dir, "flat", idx(t, []int{2, 0, 4}, nil))
	absent := filepath.Join(dir, "absent")
	_, noFile := os.Open(absent) // names it, in the words of the platform
	for name, c := range map[string]struct {
		images, labels string
		words          []string
	}{
		"label too large":     {images, wrong, []string{wrong, "label 1 is 4", "below 4"}},
		"count differs":       {images, three, []string{images, "3 labels", "2 images"}},
		"labels for images":   {labels, labels, []string{labels, "1 dimensions", "need 3"}},
		"images for labels":   {images, images, []string{images, "3 dimensions", "need 1"}},
		"pictures of nothing": {flat, labels, []string{flat, "2 images of 4×0"}},
		"no images":           {none, empty, []string{none, "0 images of 4×3"}},
		"ends early":          {short, labels, []string{short, "image 1 of 2"}},
		"goes on":             {long, labels, []string{long, "goes on", "[2 3 4]"}},
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
	full := write(t, dir, "full", idx(t, []int{2}, []byte{0, 255}))
	if _, err := LoadImages(images, full, 256); err != nil {
		t.Error(err)
	}
	if _, err := LoadImages(images, write(t, dir, "zeros", idx(t, []int{2}, []byte{0, 0})), 1); err != nil {
		t.Error(err)
	}
	if d, err := LoadImages(images, labels, 5); err != nil || d.Classes != 5 || d.Width != 4 || d.Height != 3 {
		t.Errorf("good files: %+v, %v", d, err)
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

// download is a get for FetchMNIST whose URLs lead to a server of the test: the
// first mirror's below /0/, the second's below /1/.
func download(server *httptest.Server) func(context.Context, string) (io.ReadCloser, error) {
	return func(ctx context.Context, url string) (io.ReadCloser, error) {
		mirror := slices.Index(mnistMirrors[:], url[:strings.LastIndex(url, "/")+1])
		req, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s/%d/%s", server.URL, mirror, path.Base(url)), nil)
		if err != nil {
			return nil, err
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusOK {
			resp.Body.Close()
			return nil, errors.New(resp.Status)
		}
		return resp.Body, nil
	}
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// mustHold checks the names of the files in a folder.
func mustHold(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("the folder holds %v, want %v", got, names)
	}
}

func TestFetchMNISTDownloadsTheRealFilesOnce(t *testing.T) {
	source := mnistFolder()
	if source == "" {
		source = os.Getenv("MNIST_DIR")
	}
	if _, err := os.Stat(filepath.Join(source, "train-images-idx3-ubyte.gz")); err != nil {
		t.Skip("needs the MNIST files as they were published, packed")
	}
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.ServeFile(w, r, filepath.Join(source, path.Base(r.URL.Path)))
	}))
	defer server.Close()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for range 2 {
		if err := FetchMNIST(t.Context(), dir, download(server)); err != nil {
			t.Fatal(err)
		}
	}
	if requests != 4 {
		t.Errorf("%d requests for four files fetched twice", requests)
	}
	if _, _, err := LoadMNIST(dir); err != nil {
		t.Error(err)
	}
}

func TestFetchTriesTheNextMirror(t *testing.T) {
	content := []byte("what was published")
	for name, first := range map[string]func() (io.ReadCloser, error){
		"after an error":    func() (io.ReadCloser, error) { return nil, errors.New("connection refused") },
		"after an omission": func() (io.ReadCloser, error) { return nil, nil },
		"after another file": func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("<html>Please log in</html>")), nil
		},
		"after half a file": func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(content[:9]), iotestErr{io.ErrUnexpectedEOF})), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var urls []string
			get := func(ctx context.Context, url string) (io.ReadCloser, error) {
				urls = append(urls, url)
				if len(urls) == 1 {
					return first()
				}
				return io.NopCloser(bytes.NewReader(content)), nil
			}
			if err := fetch(t.Context(), filepath.Join(dir, "file.gz"), sumOf(content), get); err != nil {
				t.Fatal(err)
			}
			if len(urls) != 2 || urls[0] != mnistMirrors[0]+"file.gz" || urls[1] != mnistMirrors[1]+"file.gz" {
				t.Errorf("asked for %v", urls)
			}
			mustHold(t, dir, "file.gz")
			if got, _ := os.ReadFile(filepath.Join(dir, "file.gz")); !bytes.Equal(got, content) {
				t.Errorf("the file is %q", got)
			}
		})
	}
}

type iotestErr struct{ err error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.err }

func TestFetchDoesNotAskForWhatIsThere(t *testing.T) {
	dir := writeSet(t, 2, asPublished, true) // packed, and named as if it were not
	was := mnistFiles
	defer func() { mnistFiles = was }()
	for i, file := range mnistFiles {
		content, err := os.ReadFile(filepath.Join(dir, file.name))
		if err != nil {
			t.Fatal(err)
		}
		mnistFiles[i].sum = sumOf(content)
	}
	last := filepath.Join(dir, mnistFiles[3].name)
	content, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(last)
	asked := 0
	get := func(ctx context.Context, url string) (io.ReadCloser, error) {
		asked++
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	for range 2 {
		if err := FetchMNIST(t.Context(), dir, get); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("it asks %d times for the file that is missing", asked)
	}
}

// closing counts the bodies that are closed.
type closing struct {
	io.Reader
	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

func TestFetchClosesWhatItWasGiven(t *testing.T) {
	closed := 0
	get := func(context.Context, string) (io.ReadCloser, error) {
		return closing{strings.NewReader("something else"), &closed}, nil
	}
	mustName(t, FetchMNIST(t.Context(), t.TempDir(), get), "SHA-256")
	if closed != len(mnistMirrors) {
		t.Errorf("%d bodies closed of %d", closed, len(mnistMirrors))
	}
}

func TestFetchReportsWhatEachMirrorSaid(t *testing.T) {
	dir := t.TempDir()
	get := func(ctx context.Context, url string) (io.ReadCloser, error) {
		if strings.HasPrefix(url, mnistMirrors[0]) {
			return nil, errors.New("no such host")
		}
		return io.NopCloser(strings.NewReader("something else")), nil
	}
	err := FetchMNIST(t.Context(), dir, get)
	mustName(t, err, mnistMirrors[0], "no such host", mnistMirrors[1], "SHA-256", sumOf([]byte("something else")), mnistFiles[0].sum)
	mustHold(t, dir)
}

func TestFetchChangesNothingInAFolderOfAnotherDataSet(t *testing.T) {
	for _, name := range []string{"t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"} {
		dir := t.TempDir()
		file := write(t, dir, name, []byte("trousers"))
		get := func(context.Context, string) (io.ReadCloser, error) {
			t.Error("asks a mirror")
			return nil, errors.New("no")
		}
		err := FetchMNIST(t.Context(), dir, get)
		if mustName(t, err, file, sumOf([]byte("trousers")), mnistFiles[3].sum); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%v does not wrap fs.ErrExist", err)
		}
		mustHold(t, dir, name)
	}
}

// stalled is a body that sends nothing until its request is cancelled.
type stalled struct{ ctx context.Context }

func (s stalled) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (s stalled) Close() error             { return nil }

func TestFetchLeavesASilentMirror(t *testing.T) {
	for name, silent := range map[string]func(ctx context.Context) (io.ReadCloser, error){
		"that does not answer": func(ctx context.Context) (io.ReadCloser, error) { <-ctx.Done(); return nil, ctx.Err() },
		"that sends nothing":   func(ctx context.Context) (io.ReadCloser, error) { return stalled{ctx}, nil },
		"that stops halfway": func(ctx context.Context) (io.ReadCloser, error) {
			return struct {
				io.Reader
				io.Closer
			}{io.MultiReader(strings.NewReader("wh"), stalled{ctx}), stalled{ctx}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				content := []byte("whole")
				get := func(ctx context.Context, url string) (io.ReadCloser, error) {
					if strings.HasPrefix(url, mnistMirrors[0]) {
						return silent(ctx)
					}
					return io.NopCloser(bytes.NewReader(content)), nil
				}
				if err := fetch(t.Context(), filepath.Join(dir, "file.gz"), sumOf(content), get); err != nil {
					t.Error(err)
				}
				mustHold(t, dir, "file.gz")
			})
		})
	}
}

func TestFetchSaysThatAMirrorIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		get := func(ctx context.Context, url string) (io.ReadCloser, error) { return stalled{ctx}, nil }
		mustName(t, FetchMNIST(t.Context(), t.TempDir(), get), "silent for 5s")
	})
}

func TestFetchStopsWhenCancelled(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	requests := 0
	get := func(ctx context.Context, url string) (io.ReadCloser, error) {
		requests++
		cancel()
		return stalled{ctx}, nil
	}
	err := FetchMNIST(ctx, dir, get)
	if mustName(t, err, "canceled"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not wrap context.Canceled", err)
	}
	if requests != 1 {
		t.Errorf("%d requests after the cancellation", requests-1)
	}
	mustHold(t, dir)
}

// endless sends zeros for ever.
type endless struct{ sent *int }

func (e endless) Read(p []byte) (int, error) { *e.sent += len(p); return len(p), nil }
func (e endless) Close() error               { return nil }

func TestFetchBoundsWhatAMirrorSends(t *testing.T) {
	dir, sent := t.TempDir(), 0
	get := func(context.Context, string) (io.ReadCloser, error) { return endless{&sent}, nil }
	mustName(t, FetchMNIST(t.Context(), dir, get), "SHA-256")
	if most := len(mnistMirrors) * (maxDownload + 1<<16); sent > most {
		t.Errorf("%d bytes read, want at most %d", sent, most)
	}
	mustHold(t, dir)
}

func TestFetchReportsAFolderThatCannotBe(t *testing.T) {
	file := write(t, t.TempDir(), "a-file", nil)
	get := func(context.Context, string) (io.ReadCloser, error) {
		t.Error("asks a mirror")
		return nil, errors.New("no")
	}
	for _, dir := range []string{file, filepath.Join(file, "mnist")} {
		mustName(t, FetchMNIST(t.Context(), dir, get), "a-file")
		_, _, err := LoadMNIST(dir)
		mustName(t, err, "a-file")
	}
}

func TestAFileThatLeadsToItselfIsAnErrorAndNotMissing(t *testing.T) {
	dir, name := t.TempDir(), mnistFiles[0].name+".gz"
	if err := os.Symlink(name, filepath.Join(dir, name)); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	_, _, err := LoadMNIST(dir)
	if mustName(t, err, name); errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v: to be downloaded, it says", err)
	}
	mustName(t, FetchMNIST(t.Context(), dir, nil), name)
}

func TestFetchReportsAFolderThatGoesAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mnist")
	get := func(context.Context, string) (io.ReadCloser, error) {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
		return io.NopCloser(strings.NewReader("")), nil
	}
	mustName(t, FetchMNIST(t.Context(), dir, get), dir)
}

func TestWithoutACacheFolderTheErrorNamesTheVariable(t *testing.T) {
	for _, name := range []string{"MNIST_DIR", "HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
	_, _, err := LoadMNIST("")
	mustName(t, err, "MNIST_DIR")
	mustName(t, FetchMNIST(t.Context(), "", nil), "MNIST_DIR")
}

func FuzzReadIDX(f *testing.F) {
	good := idx(f, []int{2, 3}, []byte{1, 2, 3, 4, 5, 6})
	f.Add(good)
	f.Add(packed(good))
	f.Add(good[:9])
	f.Add([]byte{0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, file []byte) {
		var shape []int
		var data []byte
		var err error
		got := allocated(func() { shape, data, err = ReadIDX(bytes.NewReader(file)) })
		read := len(file)
		if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
			read *= 1032 // as far as DEFLATE can unpack a byte (RFC 1951: 258 bytes in 2 bits)
		}
		if most := uint64(1<<19 + 16*read/3); got > most {
			t.Errorf("%d bytes allocated for a file of %d, want at most %d", got, len(file), most)
		}
		if err != nil {
			mustName(t, err)
			return
		}
		again, same, err := ReadIDX(bytes.NewReader(idx(t, shape, data)))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(shape) || !bytes.Equal(same, data) {
			t.Errorf("%v with %d bytes comes back as %v with %d, error %v", shape, len(data), again, len(same), err)
		}
	})
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
