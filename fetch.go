package nn

import (
	"bytes"
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
	patience    = 5 * time.Second // the longest wait for the next part of a file
	slowest     = 4 << 10         // bytes of a part; a slower mirror is given up
	maxDownload = 16 << 20        // bytes of a file; the largest of the four has 9.9 MB
)

// FetchMNIST downloads MNIST's four files into a folder; "" means the folder of
// [LoadMNIST]. It skips a file that is there with its published SHA-256. A file
// with another SHA-256 that LoadMNIST would read may belong to another data set:
// FetchMNIST then changes nothing and returns an error that wraps [fs.ErrExist].
//
// If a mirror fails, sends something else or takes more than five seconds for 4 KB,
// FetchMNIST tries another. A file gets its name once it is complete and verified.
// Several programs may fetch into a folder at once. One that is killed may leave a
// file nn.*.tmp, which FetchMNIST removes once it is an hour old. The caller supplies
// the HTTP client, so that programs that only predict need not contain one: get,
// such as the example's, returns the body of a URL as it is stored, compressed. It
// stops with its context, and so do reads of the body.
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
	old, _ := fs.Glob(os.DirFS(dir), "nn.*.tmp") // a younger one may belong to a program that runs
	for _, name := range old {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(filepath.Join(dir, name))
		}
	}
	for _, file := range missing {
		if err := fetch(ctx, filepath.Join(dir, file.name+".gz"), file.sum, get); err != nil {
			return err
		}
	}
	return nil
}

// fetch downloads the file with the given SHA-256 to path.
func fetch(ctx context.Context, path, sum string, get func(context.Context, string) (io.ReadCloser, error)) error {
	err := writeFile(path, func(w io.Writer) (failures error) {
		for i := 0; i < len(mnistMirrors) && ctx.Err() == nil; i++ {
			url := mnistMirrors[i] + filepath.Base(path)
			content, err := receive(ctx, url, sum, get)
			if err == nil {
				_, err = w.Write(content)
				return err
			}
			failures = errors.Join(failures, fmt.Errorf("%s: %w", url, err))
		}
		return cmp.Or(failures, ctx.Err())
	})
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	return nil
}

// receive returns what a mirror sends, if it has the given SHA-256.
func receive(ctx context.Context, url, sum string, get func(context.Context, string) (io.ReadCloser, error)) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timeout := time.AfterFunc(patience, func() { cancel(fmt.Errorf("fewer than %d bytes in %v", slowest, patience)) })
	body, err := get(ctx, url)
	if err != nil || body == nil {
		return nil, cmp.Or(context.Cause(ctx), err, errors.New("get returned no body and no error"))
	}
	defer body.Close()
	var content bytes.Buffer
	for n := int64(slowest); n == slowest && content.Len() < maxDownload && err == nil; timeout.Reset(patience) {
		n, err = io.Copy(&content, io.LimitReader(body, slowest))
	}
	have := fmt.Sprintf("%x", sha256.Sum256(content.Bytes()))
	if err = cmp.Or(context.Cause(ctx), err); err == nil && have != sum {
		err = fmt.Errorf("%d bytes %.20q… with SHA-256 %s, need %s", content.Len(), content.Bytes(), have, sum)
	}
	return content.Bytes(), err
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
