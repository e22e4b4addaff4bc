// Softmax trains a network on MNIST that answers with the probabilities of the
// ten digits: they sum to 1.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/nn13002/nn"
)

func main() {
	train, test, err := nn.LoadMNIST("")
	if err != nil {
		log.Fatal(err) // it says how to download MNIST
	}
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 784, 16, 16, 10)
	net.Layers[2].Activation = nn.Softmax
	sgd := &nn.SGD{Decay: 1e-4, Cost: nn.CrossEntropy, Rand: r}
	for epoch := range 30 {
		sgd.Rate = 0.5 * float64(30-epoch) / 30
		cost, err := sgd.Epoch(net, train)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("epoch %d: cost %.4f\n", epoch+1, cost)
	}
	fmt.Println(net.Evaluate(test, sgd.Cost))
}
