package nn

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
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

// LoadImages reads a pair of IDX files: images (count×height×width) and their
// labels (count), which must be below classes. EMNIST's letters and pictures
// of your own come in this way. A file may be packed by gzip, whatever its
// name. The error names the file, what was expected and what was found.
// LoadImages panics if classes is not from 1 to 256.
func LoadImages(images, labels string, classes int) (*Images, error) {
	if classes < 1 || classes > 256 {
		panic(fmt.Sprintf("nn: %d classes, need 1 to 256", classes))
	}
	label, err := readLabels(labels, classes)
	if err != nil {
		return nil, fmt.Errorf("nn: %s: %w", labels, err)
	}
	d := &Images{Classes: classes}
	if err := d.read(images, label); err != nil {
		return nil, fmt.Errorf("nn: %s: %w", images, err)
	}
	return d, nil
}

func readLabels(name string, classes int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	shape, labels, err := readIDX(f)
	if err != nil {
		return nil, err
	}
	if len(shape) != 1 {
		return nil, fmt.Errorf("%d dimensions %v, need 1 for labels", len(shape), shape)
	}
	for i, label := range labels {
		if int(label) >= classes {
			return nil, fmt.Errorf("label %d is %d, need below %d", i, label, classes)
		}
	}
	return labels, nil
}

// read adds the images of a file, one for each label, as they arrive.
func (d *Images) read(name string, labels []byte) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	body, shape, err := openIDX(f)
	if err != nil {
		return err
	}
	if len(shape) != 3 {
		return fmt.Errorf("%d dimensions %v, need 3 for images", len(shape), shape)
	}
	if shape[0] != len(labels) {
		return fmt.Errorf("%d images for %d labels", shape[0], len(labels))
	}
	if shape[0] < 1 || shape[1] < 1 || shape[2] < 1 {
		return fmt.Errorf("%d images of %d×%d, need at least one of at least 1×1", shape[0], shape[2], shape[1])
	}
	d.Height, d.Width = shape[1], shape[2]
	var pixels []byte
	for i, label := range labels {
		if i == 0 {
			pixels, err = readBytes(body, d.Width*d.Height)
		} else {
			_, err = io.ReadFull(body, pixels)
		}
		if err != nil {
			return fmt.Errorf("image %d of %d ends early: %w", i, len(labels), unexpected(err))
		}
		// From an eighth on, room for all is made at once: what doubling it over and
		// over again leaves empty would be up to half.
		if cap(d.packed)-len(d.packed) < 2*len(pixels) && i >= len(labels)/8 {
			all := len(d.packed) / (i + 1) * len(labels) // if the rest are like these
			d.packed = slices.Grow(d.packed, all-len(d.packed)+all/32+2*len(pixels))
		}
		d.Add(pixels, label)
	}
	return closeIDX(body, shape)
}

// mnistFiles are the four files as they were published, with the SHA-256 of
// each.
var mnistFiles = [4]struct{ name, sum string }{
	{"train-images-idx3-ubyte", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
	{"train-labels-idx1-ubyte", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
	{"t10k-images-idx3-ubyte", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
	{"t10k-labels-idx1-ubyte", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
}

// mnistMirrors serve the files, packed by gzip, in the order to try them.
var mnistMirrors = [...]string{
	"https://storage.googleapis.com/cvdf-datasets/mnist/",
	"https://ossci-datasets.s3.amazonaws.com/mnist/",
}

// LoadMNIST reads the 60,000 training and 10,000 test images of MNIST from a
// folder, or those of any data set that comes as the same four files in ten
// classes, such as Fashion-MNIST:
//
//	train-images-idx3-ubyte  train-labels-idx1-ubyte
//	t10k-images-idx3-ubyte   t10k-labels-idx1-ubyte
//
// each under this name or with a dot before idx, with .gz after it or without;
// of several spellings the one with the dash and with .gz comes first.
// The folder "" is the one that the environment variable MNIST_DIR names, or
// else nn/mnist in [os.UserCacheDir]. If a file is not there the error wraps
// [fs.ErrNotExist]; [FetchMNIST] gets them.
func LoadMNIST(dir string) (train, test *Images, err error) {
	if dir, err = mnistDir(dir); err != nil {
		return nil, nil, err
	}
	var paths [len(mnistFiles)]string
	for i, file := range mnistFiles {
		if paths[i], err = findIDX(dir, file.name); err != nil {
			return nil, nil, err
		}
	}
	var testErr error
	var done sync.WaitGroup
	done.Go(func() { test, testErr = LoadImages(paths[2], paths[3], 10) })
	train, err = LoadImages(paths[0], paths[1], 10)
	done.Wait()
	if err = errors.Join(err, testErr); err != nil {
		return nil, nil, err
	}
	if train.Width != test.Width || train.Height != test.Height {
		return nil, nil, fmt.Errorf("nn: %s: training images of %d×%d and test images of %d×%d", dir, train.Width, train.Height, test.Width, test.Height)
	}
	return train, test, nil
}

func mnistDir(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	if dir = os.Getenv("MNIST_DIR"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("nn: no folder for MNIST: %w; set MNIST_DIR", err)
	}
	return filepath.Join(cache, "nn", "mnist"), nil
}

// findIDX returns the path of the file in whichever spelling is there.
func findIDX(dir, name string) (string, error) {
	dotted := name[:len(name)-len("-idx3-ubyte")] + "." + name[len(name)-len("idx3-ubyte"):]
	for _, spelling := range []string{name + ".gz", name, dotted + ".gz", dotted} {
		path := filepath.Join(dir, spelling)
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() {
			return path, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("nn: %w", err)
		}
	}
	return "", fmt.Errorf("nn: neither %s nor %s, packed (.gz) or plain, in %s: %w", name, dotted, dir, fs.ErrNotExist)
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
