// Embed has a network of its own in the program's file. SaveFile wrote it: a 2-4-1
// network that has learned the exclusive or.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"log"

	"github.com/nn13002/nn"
)

//go:embed xor.safetensors
var file []byte

func main() {
	net, err := nn.Load(bytes.NewReader(file))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(net)
	for _, input := range [][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		fmt.Println(input, net.Classify(input))
	}
}
