package nn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// What is in the folder when a download or a save does not come to its end: the
// file whole, as it was, or not at all.

// A test that wants a program to fail or to be killed starts this one again,
// as a child that does what the variable says to the folder in its argument.
const childDoes = "NN_TEST_CHILD"

func TestMain(m *testing.M) {
	switch dir := os.Args[len(os.Args)-1]; os.Getenv(childDoes) {
	case "":
		os.Exit(m.Run())
	case "save":
		fmt.Println(New(random(2), 784, 16, 16, 10).SaveFile(filepath.Join(dir, "network")))
	case "save for ever":
		for seed := uint64(0); ; seed++ {
			fmt.Println(New(random(seed), 784, 16, 16, 10).SaveFile(filepath.Join(dir, "network")))
		}
	case "everything":
		r, digits := random(1), Synthetic(random(1), 100)
		n, sgd := New(r, 784, 16, 10), &SGD{Rate: 1, Rand: r}
		sgd.Epoch(n, digits)
		sgd.Epoch(n, Distorted{digits, 1, 1})
		n.Evaluate(digits, Quadratic)
		FromImage(digits.Image(0))
		n.SaveFile(filepath.Join(dir, "network"))
		Load(strings.NewReader("no network"))
		LoadMNIST(dir)
	case "fetch":
		get := func(context.Context, string) (io.ReadCloser, error) { return os.Stdin, nil }
		name, sum, _ := strings.Cut(filepath.Base(dir), " ")
		fmt.Println(fetch(context.Background(), filepath.Join(filepath.Dir(dir), name), sum, get))
	}
}

// child returns the command that does something to a folder, in a shell where
// no file can grow beyond some blocks of 512 bytes, if blocks is not "".
func child(t *testing.T, does, folder, blocks string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Skip("cannot start itself: ", err)
	}
	cmd := exec.Command(self, folder)
	if blocks != "" {
		shell, err := exec.LookPath("sh")
		if err != nil {
			t.Skip("needs a shell with ulimit")
		}
		cmd = exec.Command(shell, "-c", `ulimit -f "$1" && exec "$0" "$2"`, self, blocks, folder)
	}
	cmd.Env = append(os.Environ(), childDoes+"="+does)
	cmd.Stderr = os.Stderr
	return cmd
}

func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	err := cmd.Start()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no processes here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func outputOf(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out strings.Builder
	cmd.Stdout = &out
	start(t, cmd)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// published returns a file as a mirror has it: MNIST's largest where that is,
// else as many bytes made up.
func published(t *testing.T) (name string, file []byte) {
	t.Helper()
	name = mnistFiles[0].name + ".gz"
	for _, dir := range []string{mnistFolder(), os.Getenv("MNIST_DIR")} {
		if file, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return name, file
		}
	}
	file, r := make([]byte, 9_912_422), random(1)
	for i := range file {
		file[i] = byte(r.Uint32())
	}
	return name, file
}

// mustHoldWhole checks that a folder holds the file and nothing else, and
// removes it.
func mustHoldWhole(t *testing.T, path string, file []byte) {
	t.Helper()
	mustHold(t, filepath.Dir(path), filepath.Base(path))
	if got, err := os.ReadFile(path); !bytes.Equal(got, file) {
		t.Errorf("the file has %d bytes of %d, or others, error %v", len(got), len(file), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestADownloadThatIsCutAnywhereLeavesNothing(t *testing.T) {
	name, file := published(t)
	path, sum, step := filepath.Join(t.TempDir(), name), sumOf(file), 64<<10
	if testing.Short() {
		step *= 16
	}
	var cut int
	var announced int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/0/") { // the other mirror announces no length
			w.Header().Set("Content-Length", fmt.Sprint(announced))
		}
		w.Write(file[:cut])
	}))
	defer server.Close()
	announced = int64(len(file))
	for cut = 0; cut < len(file); cut += step {
		mustName(t, fetch(t.Context(), path, sum, download(server)))
		mustHold(t, filepath.Dir(path))
	}
	cut = len(file) - 1
	for _, announced = range []int64{int64(cut), int64(cut) + 1, int64(cut) + 1000, 1 << 62} {
		mustName(t, fetch(t.Context(), path, sum, download(server)))
		mustHold(t, filepath.Dir(path))
	}
	cut, announced = len(file), int64(len(file))
	if err := fetch(t.Context(), path, sum, download(server)); err != nil {
		t.Error(err)
	}
	mustHoldWhole(t, path, file)
}

func TestAMirrorThatLiesAboutTheLengthIsNotBelieved(t *testing.T) {
	content := []byte("what was published")
	path := filepath.Join(t.TempDir(), "file.gz")
	for _, announced := range []int64{0, int64(len(content)) - 1, int64(len(content)) + 1, 1 << 62} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			connection, buffer, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer connection.Close()
			fmt.Fprintf(buffer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", announced, content)
			buffer.Flush()
		}))
		mustName(t, fetch(t.Context(), path, sumOf(content), download(server)))
		mustHold(t, filepath.Dir(path))
		server.Close()
	}
}

// interrupted cancels the download when some bytes of it have been read.
type interrupted struct {
	content io.Reader
	ctx     context.Context
	cancel  func()
	after   int
}

func (r *interrupted) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, r.ctx.Err()
	}
	n, err := r.content.Read(p)
	if r.after -= n; r.after <= 0 {
		r.cancel()
	}
	return n, err
}

func TestADownloadThatIsCancelledAnywhereLeavesNothingOrTheFile(t *testing.T) {
	name, file := published(t)
	path, sum, step := filepath.Join(t.TempDir(), name), sumOf(file), 64<<10
	if testing.Short() {
		step *= 16
	}
	for after := 0; after < len(file)+step; after += step {
		ctx, cancel := context.WithCancel(t.Context())
		get := func(ctx context.Context, url string) (io.ReadCloser, error) {
			return io.NopCloser(&interrupted{bytes.NewReader(file), ctx, cancel, after}), nil
		}
		if err := fetch(ctx, path, sum, get); err == nil {
			mustHoldWhole(t, path, file)
		} else if mustHold(t, filepath.Dir(path)); !errors.Is(err, context.Canceled) {
			t.Errorf("after %d bytes: %v", after, err)
		}
		cancel()
	}
}

func TestAProgramThatIsKilledInADownloadLeavesNothingUnderTheName(t *testing.T) {
	name, file := published(t)
	begun := 0
	for cut := 1; cut < len(file); cut += len(file) / 10 {
		dir := t.TempDir()
		cmd := child(t, "fetch", filepath.Join(dir, name+" "+sumOf(file)), "")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		start(t, cmd)
		if _, err := stdin.Write(file[:cut]); err != nil {
			t.Error(err)
		}
		cmd.Process.Kill()
		cmd.Wait()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".tmp") {
				t.Errorf("killed after %d bytes it leaves %s", cut, e.Name())
			}
			begun++
		}
		if _, _, err := LoadMNIST(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("killed after %d bytes: LoadMNIST says %v", cut, err)
		}
	}
	if begun == 0 {
		t.Error("no download had begun when its program was killed")
	}
}

// The clock stands still while any of them works: on a busy machine, none takes
// the other for a slow mirror.
func TestManyMayFetchIntoOneFolderAtOnce(t *testing.T) {
	name, file := published(t)
	path := filepath.Join(t.TempDir(), name)
	synctest.Test(t, func(t *testing.T) {
		const programs = 8
		var all, half sync.WaitGroup
		half.Add(programs)
		get := func(context.Context, string) (io.ReadCloser, error) {
			half.Done()
			half.Wait() // until each of them has found that the file is missing
			return io.NopCloser(bytes.NewReader(file)), nil
		}
		for range programs {
			all.Go(func() {
				if err := fetch(t.Context(), path, sumOf(file), get); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	mustHoldWhole(t, path, file)
}

func TestNothingIsPrinted(t *testing.T) {
	cmd := child(t, "everything", t.TempDir(), "")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if out := outputOf(t, cmd); out != "" || complaints.String() != "" {
		t.Errorf("it prints %q and %q", out, complaints.String())
	}
}

func TestNoNetworkIsPartOfTheLibrary(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	for name := range strings.Lines(outputOf(t, exec.Command("go", "list", "-deps", "."))) {
		if name = strings.TrimSpace(name); name == "net" || strings.HasPrefix(name, "net/") {
			t.Errorf("the library contains %s", name)
		}
	}
}

func TestADownloadOntoAFullDiskLeavesNothing(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<14) // 512 blocks
	for _, blocks := range []string{"0", "1", "300", "511", "512"} {
		path := filepath.Join(t.TempDir(), "file")
		cmd := child(t, "fetch", path+" "+sumOf(content), blocks)
		cmd.Stdin = bytes.NewReader(content)
		out := outputOf(t, cmd)
		if blocks == "512" {
			if out != "<nil>\n" {
				t.Errorf("where there is room it says %s", out)
			}
			mustHoldWhole(t, path, content)
			continue
		}
		if mustHold(t, filepath.Dir(path)); !strings.HasPrefix(out, "nn: ") || !strings.Contains(out, "too large") {
			t.Errorf("room for %s blocks: it says %s", blocks, out)
		}
	}
}

func TestASaveOntoAFullDiskLeavesTheOldFile(t *testing.T) {
	old := New(random(1), 784, 16, 16, 10)
	for blocks := 0; blocks <= 200; blocks += 20 { // a network is 204
		dir := t.TempDir()
		path := filepath.Join(dir, "network")
		if err := old.SaveFile(path); err != nil {
			t.Fatal(err)
		}
		out := outputOf(t, child(t, "save", dir, fmt.Sprint(blocks)))
		if !strings.HasPrefix(out, "nn: ") || !strings.Contains(out, "too large") {
			t.Errorf("room for %d blocks: it says %s", blocks, out)
		}
		mustHoldWhole(t, path, saved(t, old))
	}
}

func TestAProgramThatIsKilledInASaveLeavesOneNetworkWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "network")
	if err := New(random(1), 784, 16, 16, 10).SaveFile(path); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		cmd := child(t, "save for ever", dir, "")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		start(t, cmd)
		said := make([]byte, len("<nil>\n")*(1+rand.IntN(5)))
		if _, err := io.ReadFull(out, said); err != nil || strings.Contains(string(said), "nn: ") {
			t.Errorf("it says %q, %v", said, err)
		}
		cmd.Process.Kill() // at whatever moment of a later save
		cmd.Wait()
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := loaded(t, file); n.Parameters() != 13002 {
			t.Errorf("%d parameters", n.Parameters())
		}
	}
}
