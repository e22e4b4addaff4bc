// Resume goes on training the network in a file, or a new one if there is none. Run
// it several times.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"math/rand/v2"

	"github.com/nn13002/nn"
)

func main() {
	const file = "digits.safetensors"
	r := rand.New(rand.NewPCG(1, 2)) // draws the same digits in every run
	train, test := nn.Synthetic(r, 5000), nn.Synthetic(r, 1000)
	net, err := nn.LoadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		net, err = nn.New(r, 784, 16, 16, 10), nil
	}
	if err != nil {
		log.Fatal(err)
	}
	shuffle := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) // another order in every run
	sgd := &nn.SGD{Rate: 0.2, Cost: nn.CrossEntropy, Rand: shuffle}
	fmt.Printf("before: %.1f %%\n", 100*net.Evaluate(test, sgd.Cost).Accuracy())
	if _, err := sgd.Epoch(net, train); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("after:  %.1f %%\n", 100*net.Evaluate(test, sgd.Cost).Accuracy())
	if err := net.SaveFile(file); err != nil {
		log.Fatal(err)
	}
}
