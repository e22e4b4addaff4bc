package nn

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

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
		d.reserve(len(labels))
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
