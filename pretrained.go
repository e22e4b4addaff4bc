package nn

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed pretrained.safetensors
var pretrained string

// Pretrained returns the article's network, 784-16-16-10, trained by this
// package on the first 50,000 of MNIST's training images: to read digits at once,
// or to look at what a trained network is like. It reads 96.90 % of the test
// images; accuracy.md has its recipe, and how it was chosen. Each call returns a
// new copy. The 104 KB of parameters are part of a program only if it calls
// Pretrained.
func Pretrained() *Network {
	n, err := Load(strings.NewReader(pretrained))
	if err != nil {
		panic(fmt.Sprintf("nn: the embedded network: %v", err))
	}
	return n
}
