package nn

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// mnistFiles are MNIST's four files and the published SHA-256 of each as .gz.
var mnistFiles = [4]struct{ name, sum string }{
	{"train-images-idx3-ubyte", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
	{"train-labels-idx1-ubyte", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
	{"t10k-images-idx3-ubyte", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
	{"t10k-labels-idx1-ubyte", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
}

// LoadMNIST reads MNIST's 60,000 training and 10,000 test images from a folder, or
// another data set of ten classes in files of the same names, such as Fashion-MNIST:
// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
// t10k-labels-idx1-ubyte. A name may have a dot instead of the dash before idx, and
// .gz at its end; the dash is preferred, then .gz. "" is the folder that the
// environment variable MNIST_DIR names, or else nn/mnist in [os.UserCacheDir]. If a
// file is missing, the error wraps [fs.ErrNotExist] and says how to download it.
func LoadMNIST(dir string) (train, test *Images, err error) {
	dir, paths, err := findMNIST(dir)
	if err != nil {
		return nil, nil, err
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
		return nil, nil, fmt.Errorf("nn: %s: training images of %d×%d, test images of %d×%d", dir, train.Width, train.Height, test.Width, test.Height)
	}
	return train, test, nil
}

// findMNIST returns the folder that dir means and the path of each file in it.
// If a file is missing, its path is "" and the error wraps fs.ErrNotExist.
func findMNIST(dir string) (folder string, paths [len(mnistFiles)]string, err error) {
	if dir = cmp.Or(dir, os.Getenv("MNIST_DIR")); dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", paths, fmt.Errorf("nn: no folder for MNIST, set MNIST_DIR: %w", err)
		}
		dir = filepath.Join(cache, "nn", "mnist")
	}
	for i, file := range mnistFiles {
		dotted := strings.Replace(file.name, "-idx", ".idx", 1)
		for _, spelling := range []string{dotted, dotted + ".gz", file.name, file.name + ".gz"} {
			path := filepath.Join(dir, spelling)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				paths[i] = path
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", paths, fmt.Errorf("nn: %w", err)
			}
		}
		if paths[i] == "" && err == nil {
			err = fmt.Errorf("nn: no %s or %s in %s, plain or .gz: %w; go run github.com/nn13002/nn/examples/mnist@latest -fetch -data %q downloads MNIST; if it is elsewhere, pass its folder, or \"\" with MNIST_DIR set to it", file.name, dotted, dir, fs.ErrNotExist, dir)
		}
	}
	return dir, paths, err
}

// LoadImages reads a pair of IDX files, plain or compressed with gzip, such as
// EMNIST's or your own: images (count×height×width) and their labels (count), each
// below classes, which is 27 for EMNIST's letters 1 to 26. Of QMNIST's labels
// (count×8, int32) it takes the first column, the digit. An error names the file,
// what was expected and what was found. It panics if classes is not from 1 to 256.
func LoadImages(images, labels string, classes int) (*Images, error) {
	if classes < 1 || classes > 256 {
		panic(fmt.Sprintf("nn: %d classes, need 1 to 256", classes))
	}
	d := &Images{Classes: classes}
	var label []byte
	err := readFile(labels, func(body io.Reader, shape []int, size, width int) error {
		step := 1
		if width == 4 && len(shape) == 3 && shape[1] == 8 { // QMNIST's, big-endian
			step = 8 * 4
		} else if len(shape) != 1 {
			return fmt.Errorf("%d dimensions, need 1 for labels", len(shape))
		}
		data, err := readBytes(body, nil, size)
		for i := 0; i+width <= len(data); i += step {
			v := uint32(0)
			for _, b := range data[i : i+width] {
				v = v<<8 | uint32(b)
			}
			if v >= uint32(classes) {
				return fmt.Errorf("label %d is %d, need below %d, the number of classes", len(label), v, classes)
			}
			label = append(label, byte(v))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = readFile(images, func(body io.Reader, shape []int, size, width int) (err error) {
		switch {
		case width != 1:
			return errors.New("elements of int32, need unsigned bytes for images")
		case len(shape) != 3:
			return fmt.Errorf("%d dimensions, need 3 for images", len(shape))
		case shape[0] != len(label):
			return fmt.Errorf("%d images for %d labels", shape[0], len(label))
		case size == 0:
			return fmt.Errorf("%d images of %d×%d, need at least one of at least 1×1", shape[0], shape[2], shape[1])
		}
		d.Height, d.Width = shape[1], shape[2]
		var pixels []byte // Add copies them
		for i, l := range label {
			if pixels, err = readBytes(body, pixels, d.Height*d.Width); err != nil {
				return fmt.Errorf("image %d of %d: %w", i, len(label), err)
			}
			d.reserve(len(label))
			d.Add(pixels, l)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

func readFile(name string, read func(body io.Reader, shape []int, size, width int) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	defer f.Close()
	if err := readIDX(f, read); err != nil {
		return fmt.Errorf("nn: %s: %w", name, err)
	}
	return nil
}
