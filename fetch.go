package nn

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// mnistMirrors serve the .gz files. They are tried in this order.
var mnistMirrors = [...]string{
	"https://storage.googleapis.com/cvdf-datasets/mnist/",
	"https://ossci-datasets.s3.amazonaws.com/mnist/",
}

const (
	silence     = 5 * time.Second // a mirror that sends nothing for so long is given up
	maxDownload = 16 << 20        // bytes of a file; the largest of the four has 9.9 MB
)

// FetchMNIST downloads MNIST's four files into a folder; "" means the folder of
// [LoadMNIST]. It skips a file that is there with its published SHA-256. A file
// with another SHA-256 that LoadMNIST would read may belong to another data set:
// FetchMNIST then changes nothing and returns an error that wraps [fs.ErrExist].
//
// FetchMNIST tries a second mirror if the first fails, sends something else, or
// is silent for five seconds; if both fail, the error joins theirs. A file gets
// its name once it is complete and verified: an interrupted or corrupted download
// leaves nothing that LoadMNIST would read. A program that is killed may leave a
// file whose name ends in .tmp. Several programs may fetch into a folder at once.
//
// The caller supplies the HTTP client, so that programs that only predict need
// not contain one. get, such as the example's, returns the body of a URL as it is
// stored, compressed. It stops when its context is cancelled, and so do reads of
// the body. To show progress, count what is read.
func FetchMNIST(ctx context.Context, dir string, get func(ctx context.Context, url string) (io.ReadCloser, error)) error {
	dir, paths, err := findMNIST(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	missing := mnistFiles[:0:0]
	for i, file := range mnistFiles {
		if paths[i] == "" {
			missing = append(missing, file)
			continue
		}
		content, err := os.ReadFile(paths[i])
		if err != nil {
			return fmt.Errorf("nn: %w", err)
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(content)); sum != file.sum {
			return fmt.Errorf("nn: %s %w with SHA-256 %s, MNIST's is %s; remove it or choose another folder", paths[i], fs.ErrExist, sum, file.sum)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	for _, file := range missing {
		if err := fetch(ctx, filepath.Join(dir, file.name+".gz"), file.sum, get); err != nil {
			return err
		}
	}
	return nil
}

// fetch downloads the file with the given SHA-256 to path.
func fetch(ctx context.Context, path, sum string, get func(context.Context, string) (io.ReadCloser, error)) (failures error) {
	for _, mirror := range mnistMirrors {
		url := mirror + filepath.Base(path)
		err := fetchFrom(ctx, url, path, sum, get)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("nn: %s: %w", url, context.Cause(ctx))
		}
		failures = errors.Join(failures, fmt.Errorf("nn: %s: %w", url, err))
	}
	return failures
}

func fetchFrom(ctx context.Context, url, path, sum string, get func(context.Context, string) (io.ReadCloser, error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timeout := time.AfterFunc(silence, func() { cancel(fmt.Errorf("silent for %v", silence)) })
	defer timeout.Stop()
	body, err := get(ctx, url)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	if body == nil {
		return errors.New("get returned no body and no error")
	}
	defer body.Close()
	return writeFile(path, func(w io.Writer) error {
		hash := sha256.New()
		_, err := io.Copy(io.MultiWriter(heard{timeout}, w, hash), io.LimitReader(body, maxDownload))
		have := fmt.Sprintf("%x", hash.Sum(nil))
		if err == nil && have != sum {
			err = fmt.Errorf("SHA-256 is %s, need %s", have, sum)
		}
		return cmp.Or(context.Cause(ctx), err)
	})
}

// heard is a writer that restarts the timeout whenever something arrives.
type heard struct{ timeout *time.Timer }

func (h heard) Write(p []byte) (int, error) {
	h.timeout.Reset(silence)
	return len(p), nil
}

// writeFile writes a file under a temporary name and renames it once it is whole.
// It keeps the permissions of an old file and does not replace a folder or device.
func writeFile(name string, write func(io.Writer) error) error {
	mode := fs.FileMode(0o644)
	if old, err := os.Lstat(name); err == nil && old.Mode()&fs.ModeSymlink == 0 {
		mode = old.Mode()
	}
	if !mode.IsRegular() {
		return errors.New("it exists and is not a file")
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "nn.*.tmp") // name.*.tmp could be too long
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // after the rename there is nothing to remove
	defer temp.Close()
	// Without Sync, a power failure could leave the new name without the data.
	if err := errors.Join(write(temp), temp.Chmod(mode.Perm()), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}
