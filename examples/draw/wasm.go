//go:build js && wasm

package main

import (
	"errors"
	"fmt"
	"sync"
	"syscall/js"

	"github.com/nn13002/nn"
)

// main answers the messages that worker.js passes on.
func main() {
	c := newCore(sync.OnceValue(load))
	js.Global().Call("ready", js.FuncOf(func(_ js.Value, args []js.Value) any {
		number, path, body := args[0], args[1].String(), []byte{}
		switch content := args[2]; content.Type() {
		case js.TypeString:
			body = []byte(content.String())
		case js.TypeObject:
			body = bytesOf(content)
		}
		go func() { // a callback must not wait for the files that load fetches
			status, kind, answer := c.handle("", path, body)
			array := js.Global().Get("Uint8Array").New(len(answer))
			js.CopyBytesToJS(array, answer)
			js.Global().Call("postMessage", []any{number, status, kind, array}, []any{array.Get("buffer")})
		}()
		return nil
	}))
	select {}
}

func bytesOf(array js.Value) []byte {
	b := make([]byte, array.Length())
	js.CopyBytesToGo(b, array)
	return b
}

// load returns MNIST if its files lie beside the page, or else synthetic digits.
func load() dataset {
	test, err := images("t10k")
	if err == nil {
		var train *nn.Images
		if train, err = images("train"); err == nil {
			return dataset{"MNIST", train, test}
		}
	}
	js.Global().Get("console").Call("info", "draw: synthetic digits instead of MNIST: "+err.Error())
	return synthetic()
}

// images returns the images of two of MNIST's files. They are read without
// nn.ReadIDX, as the browser has a gzip of its own: that saves 80 KB.
func images(name string) (*nn.Images, error) {
	labels, err := await(js.Global().Call("unpacked", name+"-labels-idx1-ubyte.gz"))
	if err != nil {
		return nil, err
	}
	pixels, err := await(js.Global().Call("unpacked", name+"-images-idx3-ubyte.gz"))
	if err != nil {
		return nil, err
	}
	if len(labels) <= 8 || len(pixels) != 16+28*28*(len(labels)-8) {
		return nil, fmt.Errorf("%d and %d bytes of %s, need 8 and some, and 16 and 784 times as many", len(labels), len(pixels), name)
	}
	labels, pixels = labels[8:], pixels[16:] // what follows the headers
	set := &nn.Images{Width: 28, Height: 28, Classes: 10}
	for i, label := range labels {
		if label > 9 {
			return nil, fmt.Errorf("label %d of %s is %d, need 0 to 9", i, name, label)
		}
		set.Add(pixels[28*28*i:28*28*(i+1)], label)
	}
	return set, nil
}

// await waits for the promise of a Uint8Array.
func await(promise js.Value) (b []byte, err error) {
	settled := make(chan struct{})
	done := js.FuncOf(func(_ js.Value, args []js.Value) any {
		b = bytesOf(args[0])
		close(settled)
		return nil
	})
	defer done.Release()
	failed := js.FuncOf(func(_ js.Value, args []js.Value) any {
		err = errors.New(args[0].Call("toString").String())
		close(settled)
		return nil
	})
	defer failed.Release()
	promise.Call("then", done, failed)
	<-settled
	return b, err
}
