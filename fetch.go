package nn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// mnistMirrors serve the files, packed by gzip, in the order to try them.
var mnistMirrors = [...]string{
	"https://storage.googleapis.com/cvdf-datasets/mnist/",
	"https://ossci-datasets.s3.amazonaws.com/mnist/",
}

// FetchMNIST downloads the four files of MNIST into a folder, "" meaning the
// one that [LoadMNIST] takes. A file that is already there with its published
// SHA-256 is not asked for. If the one that LoadMNIST would take, in whichever
// spelling, has another sum, it may belong to another data set: FetchMNIST then
// changes nothing and returns an error that wraps [fs.ErrExist].
//
// Two mirrors are tried, the next one if one fails, sends something else, or is
// silent for five seconds; if none delivers, the error joins what each of them
// said. A file appears under its name only whole and verified, so an
// interrupted or corrupted download leaves nothing that LoadMNIST would trust;
// a program that is killed may leave a file whose name ends in .tmp. Several
// programs may fetch into one folder at once.
//
// The transport is the caller's, so that programs that only predict need not
// contain an HTTP client. get must stop when its context is cancelled, as must
// reading from what it returns:
//
//	get := func(ctx context.Context, url string) (io.ReadCloser, error) {
//		req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
//		if err != nil {
//			return nil, err
//		}
//		req.Header.Set("Accept-Encoding", "identity") // the files stay packed
//		resp, err := http.DefaultClient.Do(req)
//		if err != nil {
//			return nil, err
//		}
//		if resp.StatusCode != http.StatusOK {
//			resp.Body.Close()
//			return nil, errors.New(resp.Status)
//		}
//		return resp.Body, nil
//	}
//
// Progress can be shown by counting what is read from the body.
func FetchMNIST(ctx context.Context, dir string, get func(ctx context.Context, url string) (io.ReadCloser, error)) error {
	dir, err := mnistDir(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	var missing []int
	for i, file := range mnistFiles {
		there, err := isPublished(dir, file.name, file.sum)
		if err != nil {
			return err
		}
		if !there {
			missing = append(missing, i)
		}
	}
	for _, i := range missing {
		file := mnistFiles[i]
		if err := fetch(ctx, filepath.Join(dir, file.name+".gz"), file.sum, get); err != nil {
			return err
		}
	}
	return nil
}

// isPublished tells whether the file is in the folder. It is an error if the
// folder has another one in its place.
func isPublished(dir, name, sum string) (bool, error) {
	path, err := findIDX(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("nn: %w", err)
	}
	defer f.Close()
	have, err := hashOf(f)
	if err != nil {
		return false, fmt.Errorf("nn: %s: %w", path, err)
	}
	if have != sum {
		return false, fmt.Errorf("nn: %s %w and is not %s.gz as published: its SHA-256 is %s, need %s; remove it, or choose another folder",
			path, fs.ErrExist, name, have, sum)
	}
	return true, nil
}

// silence is how long a mirror may send nothing before the next one is tried.
const silence = 5 * time.Second

// fetch makes path the file with the given SHA-256, from the first mirror that
// delivers it.
func fetch(ctx context.Context, path, sum string, get func(context.Context, string) (io.ReadCloser, error)) error {
	var failures []error
	for _, mirror := range mnistMirrors {
		url := mirror + filepath.Base(path)
		err := fetchFrom(ctx, url, path, sum, get)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("nn: %s: %w", url, context.Cause(ctx))
		}
		failures = append(failures, fmt.Errorf("nn: %s: %w", url, err))
	}
	return errors.Join(failures...)
}

func fetchFrom(ctx context.Context, url, path, sum string, get func(context.Context, string) (io.ReadCloser, error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(silence, func() { cancel(fmt.Errorf("silent for %v", silence)) })
	defer alarm.Stop()
	body, err := get(ctx, url)
	if err != nil {
		return because(ctx, err)
	}
	if body == nil {
		return errors.New("no error and nothing to read")
	}
	defer body.Close()

	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // after the renaming there is nothing left to remove
	defer temp.Close()
	have, err := hashOf(io.TeeReader(io.LimitReader(body, maxDownload), alarmed{temp, alarm}))
	if err != nil {
		return because(ctx, err)
	}
	if have != sum {
		return fmt.Errorf("SHA-256 is %s, need %s", have, sum)
	}
	if err := errors.Join(temp.Chmod(0o644), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// maxDownload bounds what a mirror can make us store; the largest of the four
// files has 9.9 MB.
const maxDownload = 16 << 20

// alarmed is a writer that puts the alarm off whenever something arrives.
type alarmed struct {
	io.Writer
	alarm *time.Timer
}

func (a alarmed) Write(p []byte) (int, error) {
	a.alarm.Reset(silence)
	return a.Writer.Write(p)
}

// because returns why the context ended, if it did, or else err.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func hashOf(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}
