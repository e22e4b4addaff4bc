package main

import (
	"fmt"
	"io"

	"github.com/nn13002/nn"
)

// A pass of the chain x → neuron 1 → neuron 2 → C: what it computes forward, and
// backward.
type pass struct {
	a1, a2, cost   float64
	delta2, delta1 float64    // ∂C/∂z of neuron 2 and of neuron 1
	slopes         [4]float64 // ∂C/∂w₁, ∂C/∂b₁, ∂C/∂w₂, ∂C/∂b₂
}

func chainPass(x, t, w1, b1, w2, b2 float64) (p pass) {
	p.a1 = σ(w1*x + b1)
	p.a2 = σ(w2*p.a1 + b2)
	p.cost = (p.a2 - t) * (p.a2 - t) / 2

	p.delta2 = (p.a2 - t) * p.a2 * (1 - p.a2)                                // dC/da₂ · da₂/dz₂
	p.delta1 = p.delta2 * w2 * p.a1 * (1 - p.a1)                             // ∂C/∂z₂ · dz₂/da₁ · da₁/dz₁
	p.slopes = [4]float64{p.delta1 * x, p.delta1, p.delta2 * p.a1, p.delta2} // ∂C/∂z · dz/dw, ∂C/∂z · dz/db
	return p
}

func chainNetwork() *nn.Network {
	return &nn.Network{Layers: []*nn.Layer{layer([][]float64{{2}}, -1), layer([][]float64{{-3}}, 1)}}
}

func chainSlopes(net *nn.Network, byHand [4]float64) []slope {
	one, two := net.Layers[0], net.Layers[1]
	return []slope{
		{"w₁", &one.Weights.Data[0], byHand[0]},
		{"b₁", &one.Biases[0], byHand[1]},
		{"w₂", &two.Weights.Data[0], byHand[2]},
		{"b₂", &two.Biases[0], byHand[3]},
	}
}

func chain(w io.Writer) error {
	net := chainNetwork()
	p := chainPass(1, 1, 2, -1, -3, 1)
	activations := net.Activations([]float64{1})
	fmt.Fprintf(w, "x = 1, t = 1, w₁ = 2, b₁ = -1, w₂ = -3, b₂ = 1\n\n")
	fmt.Fprintf(w, "forward   a₁ = %.4f   net.Activations: %.4f\n", p.a1, activations[1][0])
	fmt.Fprintf(w, "          a₂ = %.4f   net.Activations: %.4f\n", p.a2, activations[2][0])
	fmt.Fprintf(w, "          C = %.4f\n", p.cost)
	fmt.Fprintf(w, "backward  δ₂ = %.4f\n", p.delta2)
	fmt.Fprintf(w, "          δ₁ = %.4f\n\n", p.delta1)
	if err := step(w, net, nn.Samples{{{1}, {1}}}, chainSlopes(net, p.slopes)); err != nil {
		return err
	}

	const nudge = 0.1
	up, down := chainPass(1, 1, 2, -1, -3+nudge, 1).cost, chainPass(1, 1, 2, -1, -3-nudge, 1).cost
	fmt.Fprintf(w, "∂C/∂w₂ by nudging: (%.5f - %.5f) / 0.2 = %.4f\n", up, down, (up-down)/(2*nudge))
	return nil
}

// fork gives neuron 1 of the chain a second reader: neuron 3. C = ½(a₂−t₂)² + ½(a₃−t₃)².
func fork(w io.Writer) error {
	net := &nn.Network{Layers: []*nn.Layer{layer([][]float64{{2}}, -1), layer([][]float64{{-3, -2}}, 1, 1)}}
	const x, t2, t3 = 1, 1, 0
	a1 := σ(2*x - 1)
	a2, a3 := σ(-3*a1+1), σ(-2*a1+1)
	cost := (a2-t2)*(a2-t2)/2 + (a3-t3)*(a3-t3)/2

	delta2 := (a2 - t2) * a2 * (1 - a2)
	delta3 := (a3 - t3) * a3 * (1 - a3)
	delta1 := (delta2*-3 + delta3*-2) * a1 * (1 - a1) // the sum over the two paths

	fmt.Fprintf(w, "x = 1, w₁ = 2, b₁ = -1, w₂ = -3, b₂ = 1, w₃ = -2, b₃ = 1, t₂ = 1, t₃ = 0\n\n")
	fmt.Fprintf(w, "forward   a₁ = %.4f   a₂ = %.4f   a₃ = %.4f   C = %.4f\n", a1, a2, a3, cost)
	fmt.Fprintf(w, "backward  δ₂ = %.4f   δ₃ = %.4f\n", delta2, delta3)
	fmt.Fprintf(w, "          δ₂·w₂ = %.4f   δ₃·w₃ = %.4f   sum = %.4f\n", delta2*-3, delta3*-2, delta2*-3+delta3*-2)
	fmt.Fprintf(w, "          δ₁ = %.4f\n\n", delta1)
	one, two := net.Layers[0], net.Layers[1]
	return step(w, net, nn.Samples{{{x}, {t2, t3}}}, []slope{
		{"w₁", &one.Weights.Data[0], delta1 * x},
		{"b₁", &one.Biases[0], delta1},
		{"w₂", &two.Weights.Data[0], delta2 * a1},
		{"b₂", &two.Biases[0], delta2},
		{"w₃", &two.Weights.Data[1], delta3 * a1},
		{"b₃", &two.Biases[1], delta3},
	})
}

// miniBatch takes one step of the chain with two examples: each slope is the
// mean of theirs.
func miniBatch(w io.Writer) error {
	one, two := chainPass(1, 1, 2, -1, -3, 1), chainPass(0, 0, 2, -1, -3, 1)
	fmt.Fprintf(w, "The chain again. Example 1 is x = 1, t = 1; example 2 is x = 0, t = 0.\n\n")
	fmt.Fprintf(w, "%8s  %9s  %9s  %9s\n", "∂C/∂", "example 1", "example 2", "mean")
	net := chainNetwork()
	var mean [4]float64
	for i, s := range chainSlopes(net, mean) {
		mean[i] = (one.slopes[i] + two.slopes[i]) / 2
		fmt.Fprintf(w, "%8s  %9.4f  %9.4f  %9.4f\n", s.name, one.slopes[i], two.slopes[i]+0, mean[i]) // −0 + 0 = 0
	}
	fmt.Fprintln(w)
	return step(w, net, nn.Samples{{{1}, {1}}, {{0}, {0}}}, chainSlopes(net, mean))
}
