package nn

import (
	"bytes"
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
	"time"
)

// download returns a get for FetchMNIST that asks a test server instead: for the
// first mirror below /0/, for the second below /1/.
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

// mustHold checks that a folder holds the named files and nothing else.
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
		t.Skip("needs the MNIST files as they were published, .gz")
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
	dir := writeSet(t, 2, asPublished, true) // compressed, without .gz in the names
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
		t.Errorf("%d requests for one missing file", asked)
	}
}

// closing counts the bodies that are closed.
type closing struct {
	io.Reader
	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

func TestFetchClosesWhatItWasGivenAndEndsItsContext(t *testing.T) {
	closed, contexts := 0, []context.Context{}
	get := func(ctx context.Context, _ string) (io.ReadCloser, error) {
		contexts = append(contexts, ctx)
		return closing{strings.NewReader("something else"), &closed}, nil
	}
	mustName(t, FetchMNIST(t.Context(), t.TempDir(), get), "SHA-256")
	if closed != len(mnistMirrors) {
		t.Errorf("%d bodies closed of %d", closed, len(mnistMirrors))
	}
	for i, ctx := range contexts {
		if ctx.Err() == nil {
			t.Errorf("the context of mirror %d goes on", i)
		}
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
	mustName(t, err, mnistMirrors[0], "no such host", mnistMirrors[1], `14 bytes "something else"`, "SHA-256", sumOf([]byte("something else")), mnistFiles[0].sum)
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

// stalled is a body that sends nothing and ends with its context.
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
		mustName(t, FetchMNIST(t.Context(), t.TempDir(), get), "fewer than 4096 bytes in 5s")
	})
}

// A drip is a body of zeros that sends a few bytes at a time, with a pause before each.
type drip struct {
	ctx   context.Context
	left  int
	bytes int
	pause time.Duration
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(d.pause):
	}
	n := min(d.bytes, d.left, len(p))
	clear(p[:n])
	d.left -= n
	return n, nil
}

func (d *drip) Close() error { return nil }

func TestFetchLeavesADrippingMirrorAndKeepsASlowOne(t *testing.T) {
	const size = 100_000
	sum := sumOf(make([]byte, size))
	for name, c := range map[string]struct {
		bytes  int
		pause  time.Duration
		mirror int // that the file comes from
		most   time.Duration
	}{
		"a byte every four seconds": {1, 4 * time.Second, 1, 5 * time.Second},
		"600 bytes a second":        {600, time.Second, 1, 5 * time.Second},
		"1,300 bytes a second":      {130, time.Second / 10, 0, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, asked := time.Now(), 0
				get := func(ctx context.Context, url string) (io.ReadCloser, error) {
					if asked++; asked == 1 {
						return &drip{ctx, size, c.bytes, c.pause}, nil
					}
					return &drip{ctx, size, size, 0}, nil
				}
				if err := fetch(t.Context(), filepath.Join(t.TempDir(), "file.gz"), sum, get); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); asked != c.mirror+1 || took > c.most {
					t.Errorf("mirror %d, after %v, want %d after at most %v", asked-1, took, c.mirror, c.most)
				}
			})
		})
	}
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

// endless is a body of zeros without an end.
type endless struct{ sent *int }

func (e endless) Read(p []byte) (int, error) { *e.sent += len(p); return len(p), nil }
func (e endless) Close() error               { return nil }

func TestFetchBoundsWhatAMirrorSends(t *testing.T) {
	dir, sent := t.TempDir(), 0
	get := func(context.Context, string) (io.ReadCloser, error) { return endless{&sent}, nil }
	mustName(t, FetchMNIST(t.Context(), dir, get), "SHA-256")
	if most := len(mnistMirrors) * maxDownload; sent > most {
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

func TestFetchReportsAFolderThatCannotBeMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("nothing", dir); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	mustName(t, FetchMNIST(t.Context(), dir, nil), dir)
}

func TestAFileThatLeadsToItselfIsAnErrorAndNotMissing(t *testing.T) {
	dir, name := t.TempDir(), mnistFiles[0].name+".gz"
	if err := os.Symlink(name, filepath.Join(dir, name)); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	_, _, err := LoadMNIST(dir)
	if mustName(t, err, name); errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v wraps fs.ErrNotExist", err)
	}
	mustName(t, FetchMNIST(t.Context(), dir, nil), name)
}

func TestFetchAsksNoOtherMirrorAfterALocalError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mnist")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	asked := 0
	get := func(context.Context, string) (io.ReadCloser, error) {
		asked++
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
		return io.NopCloser(strings.NewReader("whole")), nil
	}
	err := fetch(t.Context(), filepath.Join(dir, "file.gz"), sumOf([]byte("whole")), get)
	if err == nil || !strings.Contains(err.Error(), dir) || asked != 1 {
		t.Errorf("%d mirrors asked, error %v, want one and an error with %s", asked, err, dir)
	}
}

func TestFetchAsksNoMirrorIfItCannotWrite(t *testing.T) {
	get := func(context.Context, string) (io.ReadCloser, error) {
		t.Error("asks a mirror")
		return nil, errors.New("no")
	}
	if err := fetch(t.Context(), filepath.Join(t.TempDir(), "no folder", "file.gz"), sumOf(nil), get); err == nil {
		t.Error("writes into a folder that does not exist")
	}
}

func TestFetchSweepsUpWhatKilledDownloadsLeft(t *testing.T) {
	dir := t.TempDir()
	old := write(t, dir, "nn.1.tmp", []byte("half"))
	write(t, dir, "nn.2.tmp", []byte("of a program that runs"))
	other := write(t, dir, "notes.tmp", nil)
	for _, name := range []string{old, other} {
		yesterday := time.Now().Add(-24 * time.Hour)
		if err := os.Chtimes(name, yesterday, yesterday); err != nil {
			t.Fatal(err)
		}
	}
	get := func(context.Context, string) (io.ReadCloser, error) { return nil, errors.New("no such host") }
	mustName(t, FetchMNIST(t.Context(), dir, get), "no such host")
	mustHold(t, dir, "nn.2.tmp", "notes.tmp")
}

func TestWithoutACacheFolderTheErrorNamesTheVariable(t *testing.T) {
	for _, name := range []string{"MNIST_DIR", "HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
	_, _, err := LoadMNIST("")
	mustName(t, err, "MNIST_DIR")
	mustName(t, FetchMNIST(t.Context(), "", nil), "MNIST_DIR")
}

func TestFetchMakesItsFolderLikeAnyOther(t *testing.T) {
	dir := t.TempDir()
	other, parent := filepath.Join(dir, "other"), filepath.Join(dir, "nn")
	if err := os.Mkdir(other, 0o777); err != nil {
		t.Fatal(err)
	}
	get := func(context.Context, string) (io.ReadCloser, error) { return nil, errors.New("no such host") }
	mustName(t, FetchMNIST(t.Context(), filepath.Join(parent, "mnist"), get), "no such host")
	want, err := os.Stat(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{parent, filepath.Join(parent, "mnist")} {
		got, err := os.Stat(made)
		if err != nil {
			t.Fatal(err)
		}
		if got.Mode() != want.Mode() {
			t.Errorf("%s has mode %v, want %v", made, got.Mode(), want.Mode())
		}
	}
}

func TestADownloadedFileMayBeReadByAllAndWrittenByItsOwner(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("has no permissions")
	}
	data := []byte("the file")
	path := filepath.Join(t.TempDir(), "file.gz")
	get := func(context.Context, string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	for _, mode := range []fs.FileMode{0o644, 0o600} { // a new file, and an old one that its owner closed
		if err := fetch(t.Context(), path, sumOf(data), get); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("mode %v, want %v", info.Mode(), mode)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFetchWritesOnlyIntoItsFolder(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	t.Chdir(elsewhere)
	for _, name := range []string{"TMPDIR", "TMP", "TEMP", "HOME", "XDG_CACHE_HOME", "LocalAppData", "MNIST_DIR"} {
		t.Setenv(name, elsewhere)
	}
	get := func(context.Context, string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("whole")), nil
	}
	if err := fetch(t.Context(), filepath.Join(dir, "file.gz"), sumOf([]byte("whole")), get); err != nil {
		t.Error(err)
	}
	mustName(t, FetchMNIST(t.Context(), dir, get), "SHA-256")
	mustHold(t, elsewhere)
}
