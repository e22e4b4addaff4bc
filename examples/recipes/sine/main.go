// Sine fits sin x and 2 + 3·sin x. The output layer is linear: it has no limits.
package main

import (
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"github.com/nn13002/nn"
)

func main() {
	fit("sin x", math.Sin)
	fit("2 + 3·sin x", func(x float64) float64 { return 2 + 3*math.Sin(x) })
}

func fit(name string, f func(float64) float64) {
	var data nn.Samples
	for x := -3.0; x <= 3; x += 0.05 {
		data = append(data, [2][]float64{{x}, {f(x)}})
	}
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 1, 16, 16, 1)
	net.Layers[0].Activation, net.Layers[1].Activation, net.Layers[2].Activation = nn.Tanh, nn.Tanh, nn.Linear
	sgd := &nn.SGD{Momentum: 0.9, Rand: r}
	for epoch := range 1000 {
		sgd.Rate = 0.05 * float64(1000-epoch) / 1000
		if _, err := sgd.Epoch(net, data); err != nil {
			log.Fatal(err)
		}
	}
	worst := 0.0
	for x := -3.0; x <= 3; x += 0.01 { // and between the points
		worst = max(worst, math.Abs(net.Predict([]float64{x})[0]-f(x)))
	}
	fmt.Printf("%s: off by at most %.3f\n", name, worst)
}
