package nn

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed pretrained.safetensors
var pretrained string

// Pretrained returns the article's network, 784-16-16-10, trained by this
// package on MNIST's 60,000 training images: to read digits at once, or to look
// at what a trained network is like. The README has its accuracy and the
// command that trains it. Each call returns a new copy. The 104 KB of
// parameters are part of a program only if it calls Pretrained.
func Pretrained() *Network {
	n, err := Load(strings.NewReader(pretrained))
	if err != nil {
		panic(fmt.Sprintf("nn: the embedded network: %v", err))
	}
	return n
}
