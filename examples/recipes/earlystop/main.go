// Earlystop stops when images held back are read no better for five epochs, and
// keeps the best network.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/nn13002/nn"
)

func main() {
	r := rand.New(rand.NewPCG(1, 2))
	images := nn.Synthetic(r, 3000)
	train, validation := images.Slice(0, 2000), images.Slice(2000, 3000)
	net := nn.New(r, 784, 16, 16, 10)
	sgd := &nn.SGD{Rate: 0.5, Cost: nn.CrossEntropy, Rand: r}
	best, bestEpoch, bestCost := net.Clone(), 0, net.Evaluate(validation, sgd.Cost).Cost
	for epoch := 1; epoch-bestEpoch <= 5; epoch++ {
		if _, err := sgd.Epoch(net, train); err != nil {
			log.Fatal(err)
		}
		result := net.Evaluate(validation, sgd.Cost)
		fmt.Printf("epoch %d: cost %.4f, accuracy %.1f %%\n", epoch, result.Cost, 100*result.Accuracy())
		if result.Cost < bestCost {
			best, bestEpoch, bestCost = net.Clone(), epoch, result.Cost
		}
	}
	result := best.Evaluate(validation, sgd.Cost)
	fmt.Printf("the best, of epoch %d: cost %.4f, accuracy %.1f %%\n", bestEpoch, result.Cost, 100*result.Accuracy())
}
