// Package nn is a feedforward neural network to read and to use: the classic
// 784-16-16-10 sigmoid network that reads handwritten digits, and what is
// needed to train it, in pure Go without dependencies.
//
// A picture of 28×28 pixels enters as 784 numbers from 0 (black) to 1 (white).
// Two hidden layers of 16 neurons follow, then ten neurons, one for each
// digit. A neuron multiplies each activation a of the layer before by a weight
// w, adds its bias b, and maps the sum to a number from 0 to 1 with the sigmoid
// function:
//
//	z = w₁a₁ + w₂a₂ + … + wₙaₙ + b    a' = σ(z) = 1/(1+e⁻ᶻ)
//
// That makes 784·16 + 16·16 + 16·10 = 12,960 weights and 16 + 16 + 10 = 42
// biases: 13,002 parameters. Learning is finding their values. This program
// learns from MNIST's 60,000 training images and then reads a test image:
//
//	train, test, err := nn.LoadMNIST("")
//	…
//	r := rand.New(rand.NewPCG(1, 2))
//	net := nn.New(r, 784, 16, 16, 10)
//	sgd := &nn.SGD{Rate: 3, Batch: 10, Rand: r}
//	for range 30 {
//		cost, err := sgd.Epoch(net, train)
//		…
//	}
//	input, target := make([]float64, 784), make([]float64, 10)
//	test.Example(0, input, target)
//	digit := net.Classify(input) // compare with test.Labels[0]
//
// # How a mini-batch flows
//
// A mini-batch of m examples is a matrix A₀ of m×784, one example per row.
// Weights are stored inputs × neurons, so a layer is a product of matrices:
//
//	forward    Zₗ = Aₗ₋₁·Wₗ + bₗ          Aₗ = σ(Zₗ)            layer.go
//	cost       C = ½‖A_L − T‖², the mean over the mini-batch   cost.go
//	output     Δ_L = (A_L − T) ⊙ σ′(Z_L)                       cost.go
//	backward   Δₗ = (Δₗ₊₁·Wₗ₊₁ᵀ) ⊙ σ′(Zₗ)                      layer.go
//	update     Wₗ −= η/m · Aₗ₋₁ᵀ·Δₗ       bₗ −= η/m · ΣΔₗ       train.go
//
// The names are those of Michael Nielsen's book Neural Networks and Deep
// Learning, chapters 1 and 2, with rows in place of his columns.
//
// # Reading the source
//
// Start with examples/plain, the whole algorithm in plain loops. The library
// is the same algorithm with matrices: matrix.go, activation.go, layer.go,
// network.go, cost.go, train.go, minibatch.go and evaluate.go, in this order.
// What makes it fast has files of its own: sparse.go, kernels.go and parallel.go.
// Nobody needs to read them to understand the rest.
package nn
