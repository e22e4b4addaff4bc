// Cancel stops a training within an epoch: at Ctrl-C, or after a second.
package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/nn13002/nn"
)

func main() {
	r := rand.New(rand.NewPCG(1, 2))
	net, digits := nn.New(r, 784, 16, 16, 10), nn.Synthetic(r, 5000)
	begin := time.Now()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := train(ctx, r, net, digits)
	fmt.Printf("stopped after %.3f s: %v\n", time.Since(begin).Seconds(), err)
}

// train trains until ctx is cancelled, and returns its error.
func train(ctx context.Context, r *rand.Rand, net *nn.Network, data nn.Examples) error {
	sgd := &nn.SGD{Rate: 0.5, Cost: nn.CrossEntropy}
	for {
		for batch := range slices.Chunk(r.Perm(data.Len()), 10) {
			if _, err := sgd.Step(net, data, batch); err != nil || ctx.Err() != nil {
				return cmp.Or(err, ctx.Err())
			}
		}
	}
}
