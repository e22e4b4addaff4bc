package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nn13002/nn"
)

// digits are few, so that a training is short.
var digits = sync.OnceValue(func() dataset {
	r := rand.New(rand.NewPCG(1, 2))
	return dataset{"synthetic", nn.Synthetic(r, 1000), nn.Synthetic(r, 200)}
})

// drawing returns what the page would send for ink wherever the function is true.
// x and y go from 0 to 280, as on the page.
func drawing(ink func(x, y float64) bool) []byte {
	b := make([]byte, side*side)
	for i := range b {
		if ink(280./side*float64(i%side), 280./side*float64(i/side)) {
			b[i] = 255
		}
	}
	return b
}

var ring = drawing(func(x, y float64) bool {
	d := math.Hypot((x-140)/0.8, y-140)
	return 80 < d && d < 105
})

// fields are a question, or a part of one.
type fields map[string]any

// answerTo returns the answer to a question that is not refused.
func answerTo[T any](t testing.TB, c *core, visitor, path string, question fields) (v T) {
	t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	status, kind, answer := c.handle(visitor, path, body)
	if status != 200 || kind != "application/json" {
		t.Fatalf("%s %s: %d %s %s", path, body, status, kind, answer)
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// saved returns a network as the core saves it.
func saved(t testing.TB, c *core, visitor string, question fields) []byte {
	t.Helper()
	body, _ := json.Marshal(question)
	status, kind, file := c.handle(visitor, "save", body)
	if status != 200 || kind != "application/octet-stream" {
		t.Fatalf("save: %d %s %s", status, kind, file)
	}
	return file
}

// fileOf returns a network as the library saves it.
func fileOf(t testing.TB, net *nn.Network) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := net.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpacked(b []byte) (x []float64) {
	for ; len(b) > 0; b = b[8:] {
		x = append(x, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return x
}

func near(a, b, distance float64) bool { return math.Abs(a-b) <= distance }

func TestReadsARingAsZero(t *testing.T) {
	r := answerTo[reading](t, newCore(digits), "", "read", fields{"pixels": ring})
	if r.Digit != 0 || !r.Sure || r.Certainty < 0.9 || r.Certainty != r.Activations[2][0] {
		t.Errorf("digit %d, certainty %v, sure %v", r.Digit, r.Certainty, r.Sure)
	}
	mustBeWhole(t, r)
	if slices.Min(r.Pixels) != 0 || slices.Max(r.Pixels) != 255 || r.Pixels[14*28+14] > 10 {
		t.Error("the picture is no ring of white on black")
	}
}

// mustBeWhole checks a reading: it has everything that the page shows, in its
// range, or nothing.
func mustBeWhole(t *testing.T, r reading) {
	t.Helper()
	if r.Digit == -1 {
		if r.Sure || r.Second != -1 || len(r.Pixels) > 0 || len(r.Activations) > 0 || len(r.Connections[0]) > 0 {
			t.Errorf("no digit, and yet %+v", r)
		}
		return
	}
	if !r.Ink || len(r.Pixels) != 784 || len(r.Activations) != 3 || len(r.Activations[0]) != 16 || len(r.Activations[1]) != 16 || len(r.Activations[2]) != 10 {
		t.Fatalf("%+v", r)
	}
	for _, a := range slices.Concat(r.Activations...) {
		if !(a >= 0 && a <= 1) {
			t.Errorf("an activation is %v", a)
		}
	}
	output := r.Activations[2]
	sorted := slices.Sorted(slices.Values(output))
	if output[r.Digit] != sorted[9] || output[r.Second] != sorted[8] || r.Second == r.Digit || r.Sure != (r.Certainty >= 0.8) {
		t.Errorf("digit %d, second %d, sure %v of %v", r.Digit, r.Second, r.Sure, output)
	}
}

func TestInkIsInkHoweverMuchThereIs(t *testing.T) {
	c := newCore(digits)
	for name, ink := range map[string]func(x, y float64) bool{
		"everything": func(x, y float64) bool { return true },
		"a disc":     func(x, y float64) bool { return math.Hypot(x-140, y-140) < 100 },
		"a scribble": func(x, y float64) bool { return math.Mod(x, 20) < 12 || math.Mod(y, 20) < 12 },
		"a half":     func(x, y float64) bool { return x < 140 },
		"a dot":      func(x, y float64) bool { return math.Hypot(x-40, y-40) < 10 },
	} {
		r := answerTo[reading](t, c, "", "read", fields{"pixels": drawing(ink)})
		mustBeWhole(t, r)
		if !r.Ink {
			t.Errorf("%s is no ink", name)
		}
		if r.Digit >= 0 && (r.Pixels[14*28+14] < 128 || r.Pixels[0] > 0 || r.Pixels[27] > 0) { // it may be no digit
			t.Errorf("%s: the middle of the picture is %d, the corners are %d and %d", name, r.Pixels[14*28+14], r.Pixels[0], r.Pixels[27])
		}
	}
}

func TestBlankPaperIsNoDigit(t *testing.T) {
	for _, size := range []int{side * side, 784} {
		r := answerTo[reading](t, newCore(digits), "", "read", fields{"pixels": make([]byte, size), "neuron": [2]int{0, 5}})
		mustBeWhole(t, r)
		if r.Ink || r.Digit != -1 || len(r.Neuron.Weights) != 8*784 || r.Neuron.Z != nil {
			t.Errorf("%d blank pixels: ink %v, digit %d, neuron %+v", size, r.Ink, r.Digit, r.Neuron)
		}
		if r.Connections[0] == nil || len(r.Connections[1]) != 256 || len(r.Connections[2]) != 160 {
			t.Errorf("%d and %d connections, want 256 and 160", len(r.Connections[1]), len(r.Connections[2]))
		}
	}
}

func TestADigitOfTheTestSetIsReadAsItIs(t *testing.T) {
	c, net, input := newCore(digits), nn.Pretrained(), make([]float64, 784)
	for _, d := range answerTo[[]digit](t, c, "", "digits", fields{"indices": []int{7, 0, 199}}) {
		test := digits().test
		if d.Label != int(test.Labels[d.Index]) || !bytes.Equal(d.Pixels, test.Image(d.Index).Pix) {
			t.Fatalf("digit %d is not that of the test set", d.Index)
		}
		r := answerTo[reading](t, c, "", "read", fields{"pixels": d.Pixels})
		test.Example(d.Index, input, make([]float64, 10))
		if !bytes.Equal(r.Pixels, d.Pixels) || !slices.Equal(r.Activations[2], net.Predict(input)) {
			t.Errorf("digit %d is read as %v", d.Index, r.Activations[2])
		}
	}
}

func TestTheTermsOfEachNeuronSumToItsZ(t *testing.T) {
	c, net := newCore(digits), nn.Pretrained()
	input, err := prepare(ring)
	if err != nil {
		t.Fatal(err)
	}
	activations := net.Activations(input)
	z := func(l, j int) float64 { // in another order of addition
		sum := net.Layers[l].Biases[j]
		for i, a := range activations[l] {
			sum += a * net.Layers[l].Weights.Row(i)[j]
		}
		return sum
	}
	for l, layer := range net.Layers {
		for j := range layer.Biases {
			n := answerTo[reading](t, c, "", "read", fields{"pixels": ring, "neuron": [2]int{l, j}}).Neuron
			weights, inputs, products := unpacked(n.Weights), unpacked(n.Inputs), unpacked(n.Products)
			sum := n.Bias
			for i, w := range weights {
				if w != layer.Weights.Row(i)[j] || inputs[i] != activations[l][i] || products[i] != w*inputs[i] {
					t.Fatalf("layer %d, neuron %d: %v · %v = %v", l, j, w, inputs[i], products[i])
				}
				sum += products[i]
			}
			if !near(sum, *n.Z, 1e-9) || !near(*n.Z, z(l, j), 1e-9) || *n.A != activations[l+1][j] || !near(1/(1+math.Exp(-*n.Z)), *n.A, 1e-9) {
				t.Errorf("layer %d, neuron %d: the terms sum to %v, z is %v, want %v; σ(z) is %v", l, j, sum, *n.Z, z(l, j), *n.A)
			}
			if l < 2 {
				continue
			}
			sum = n.Rival.Bias
			for _, term := range n.Rival.Terms {
				sum += term
			}
			k := n.Rival.Neuron
			if k == j || len(n.Rival.Terms) != 16 || !near(sum, n.Rival.Sum, 1e-9) || !near(sum, z(2, j)-z(2, k), 1e-9) {
				t.Errorf("output %d against %d: the terms sum to %v, want %v", j, k, sum, z(2, j)-z(2, k))
			}
			for other, a := range activations[3] {
				if other != j && a > activations[3][k] {
					t.Errorf("output %d is compared with %d, though %d is larger", j, k, other)
				}
			}
		}
	}
}

func TestConnectionsAreTheStrongest(t *testing.T) {
	c, net := newCore(digits), nn.Pretrained()
	r := answerTo[reading](t, c, "", "read", fields{"pixels": ring})
	input, _ := prepare(ring)
	activations := net.Activations(input)
	bySize := func(a, b connection) int { return cmp.Compare(math.Abs(b[2]), math.Abs(a[2])) }
	for l, layer := range net.Layers {
		var want []connection
		for j := range layer.Biases {
			var into []connection
			for i, a := range activations[l] {
				into = append(into, connection{float64(i), float64(j), a * layer.Weights.Row(i)[j]})
			}
			slices.SortStableFunc(into, bySize)
			if l == 0 {
				into = into[:6]
			}
			want = append(want, into...)
		}
		slices.SortStableFunc(want, bySize)
		if !slices.Equal(r.Connections[l], want) {
			t.Errorf("the strongest connections into layer %d are not the strongest", l)
		}
	}
}

func TestEditsChangeTheAnswerAndNothingElse(t *testing.T) {
	c := newCore(digits)
	before := answerTo[reading](t, c, "", "read", fields{"pixels": ring, "neuron": [2]int{2, 0}})
	edits := [][4]float64{{2, 0, -1, 5}, {2, 0, -1, -20}, {2, 0, 15, 0.25}}
	r := answerTo[reading](t, c, "", "read", fields{"pixels": ring, "neuron": [2]int{2, 0}, "edits": edits})
	if r.Activations[2][0] > 1e-3 || r.Digit == 0 || r.Neuron.Bias != -20 || unpacked(r.Neuron.Weights)[15] != 0.25 {
		t.Errorf("bias %v, activation %v, digit %d", r.Neuron.Bias, r.Activations[2][0], r.Digit)
	}
	if !slices.Equal(r.Activations[1], before.Activations[1]) || !slices.Equal(r.Activations[2][1:], before.Activations[2][1:]) {
		t.Error("other neurons change too")
	}
	if again := answerTo[reading](t, c, "", "read", fields{"pixels": ring}); !slices.Equal(again.Activations[2], before.Activations[2]) {
		t.Error("an edit remains")
	}
	answerTo[progress](t, c, "", "fresh", fields{"seed": 1})
	own := saved(t, c, "", fields{"network": "own"})
	if bytes.Equal(saved(t, c, "", fields{"network": "own", "edits": edits}), own) || !bytes.Equal(saved(t, c, "", fields{"network": "own"}), own) {
		t.Error("edits of one's own network are not saved, or remain")
	}
}

func TestDescribesTheNetwork(t *testing.T) {
	type description struct {
		Sizes      []int
		Parameters int
		Bar        float64
		First      []byte
		Scale      float64
		Biases     [][]float64
	}
	d, net := answerTo[description](t, newCore(digits), "", "network", nil), nn.Pretrained()
	if !slices.Equal(d.Sizes, []int{784, 16, 16, 10}) || d.Parameters != 13002 || d.Bar != 0.8 || !slices.Equal(d.Biases[1], net.Layers[1].Biases) {
		t.Fatalf("%+v", d)
	}
	beyond := 0
	for i := range 784 {
		for j, w := range net.Layers[0].Weights.Row(i) {
			shown := d.Scale * (float64(d.First[j*784+i]) - 128) / 127
			if math.Abs(w) > d.Scale {
				beyond++
				w = math.Copysign(d.Scale, w)
			}
			if !near(shown, w, d.Scale/254+1e-9) {
				t.Fatalf("weight %v from %d to %d is shown as %v", w, i, j, shown)
			}
		}
	}
	if beyond == 0 || beyond > 126 {
		t.Errorf("%d weights are beyond the scale, want up to 1 %%", beyond)
	}
}

func TestShippedNetworkIsAsGoodAsThePageSays(t *testing.T) {
	train, test, err := nn.LoadMNIST("")
	if err != nil {
		t.Skip(err)
	}
	c := newCore(func() dataset { return dataset{"MNIST", train, test} })
	d := answerTo[struct{ Shipped score }](t, c, "", "network", nil)
	if e := answerTo[evaluation](t, c, "", "evaluate", fields{"all": true}); e.Test.score != d.Shipped {
		t.Errorf("%+v, want %+v", d.Shipped, e.Test.score)
	}
}

func TestEvaluates(t *testing.T) {
	e := answerTo[evaluation](t, newCore(digits), "", "evaluate", nil)
	want := nn.Pretrained().Evaluate(digits().test, nn.Quadratic)
	if e.Training.Count != 1000 || e.Test.Count != 200 || e.Test.Correct != want.Correct || e.Test.Cost != want.Cost {
		t.Fatalf("%+v, want %v", e, want)
	}
	wrong := 0
	for target, row := range e.Test.Confusion {
		for answer, count := range row {
			if count != want.Confusion[target][answer] {
				t.Errorf("%d digits %d are answered with %d, want %d", count, target, answer, want.Confusion[target][answer])
			}
			if target != answer {
				wrong += count
			}
		}
	}
	if wrong == 0 || len(e.Test.Misread) != min(60, wrong) {
		t.Errorf("%d misread digits of %d", len(e.Test.Misread), wrong)
	}
	for _, m := range e.Test.Misread {
		image := digits().test.Image(int(m[0])).Pix
		r := answerTo[reading](t, newCore(digits), "", "read", fields{"pixels": image})
		if float64(digits().test.Labels[int(m[0])]) != m[1] || float64(r.Digit) != m[2] || r.Certainty != m[3] || m[1] == m[2] {
			t.Errorf("%v is read as %d with %v", m, r.Digit, r.Certainty)
		}
	}
}

// begin returns a network and an SGD as fresh makes them.
func begin(seed uint64) (*nn.Network, *nn.SGD) {
	r := rand.New(rand.NewPCG(seed, 0))
	return nn.New(r, 784, 16, 16, 10), &nn.SGD{Rate: 3, Batch: 10, Rand: r}
}

func TestTenStepsAreTenTimesStep(t *testing.T) {
	for _, cost := range []nn.Cost{nn.Quadratic, nn.CrossEntropy} {
		c := newCore(digits)
		answerTo[progress](t, c, "", "fresh", fields{"seed": 7})
		var p progress
		for _, steps := range []int{1, 6, 3} {
			p = answerTo[progress](t, c, "", "step", fields{"rate": 3, "batch": 10, "cost": cost.String(), "steps": steps, "neuron": [2]int{1, 2}})
		}
		net, sgd := begin(7)
		sgd.Cost = cost
		order := make([]int, 1000)
		for i := range order {
			order[i] = i
		}
		sgd.Rand.Shuffle(1000, func(i, j int) { order[i], order[j] = order[j], order[i] })
		mean := 0.0
		for i := range 10 {
			step, err := sgd.Step(net, digits().train, order[10*i:10*i+10])
			if err != nil {
				t.Fatal(err)
			}
			if i >= 7 {
				mean += step / 3
			}
		}
		if !bytes.Equal(saved(t, c, "", fields{"network": "own"}), fileOf(t, net)) {
			t.Errorf("%v: ten steps are not the same bits", cost)
		}
		few := part{digits().train, order[90:100]}
		if !slices.Equal(p.Batch.After, few.answers(net)) || p.Batch.CostAfter != net.Evaluate(few, cost).Cost || p.Batch.CostAfter >= p.Batch.CostBefore {
			t.Errorf("%v: the last mini-batch: %+v", cost, p.Batch)
		}
		for i, k := range few.numbers {
			if p.Batch.Labels[i] != int(digits().train.Labels[k]) || !bytes.Equal(p.Batch.Pixels[784*i:784*i+784], digits().train.Image(k).Pix) {
				t.Errorf("%v: example %d of the last mini-batch is not number %d", cost, i, k)
			}
		}
		if p.Steps != 10 || p.Epoch != 0.1 || !near(*p.Cost, mean, 1e-12) {
			t.Errorf("%v: %d steps, epoch %v, cost %v, want 10, 0.1, %v", cost, p.Steps, p.Epoch, *p.Cost, mean)
		}
		if want := net.Evaluate(digits().test, nn.Quadratic); p.Evaluation.Test.Cost != want.Cost {
			t.Errorf("%v: cost on the test images %v, want %v", cost, p.Evaluation.Test.Cost, want.Cost)
		}
	}
}

func TestStepsOfTwoEpochsAreTwoEpochs(t *testing.T) {
	c := newCore(digits)
	answerTo[progress](t, c, "", "fresh", fields{"seed": 3})
	net, sgd := begin(3)
	sgd.Batch = 7 // the last mini-batch has 6 examples
	for epoch := range 2 {
		p := answerTo[progress](t, c, "", "step", fields{"rate": 3, "batch": 7, "cost": "quadratic", "steps": 143})
		if _, err := sgd.Epoch(net, digits().train); err != nil {
			t.Fatal(err)
		}
		if p.Epoch != float64(epoch+1) || !bytes.Equal(saved(t, c, "", fields{"network": "own"}), fileOf(t, net)) {
			t.Errorf("epoch %v is not the same bits as SGD.Epoch", p.Epoch)
		}
	}
}

func TestGradientIsTheDerivativeOfTheCost(t *testing.T) {
	c := newCore(digits)
	answerTo[progress](t, c, "", "fresh", fields{"seed": 3})
	batch := slices.Clone(c.owners[0].own.batch(5, 1000))
	c.owners[0].own.next = 0 // the step takes it again
	p := answerTo[progress](t, c, "", "step", fields{"rate": 0.01, "batch": 5, "cost": "quadratic", "steps": 1, "neuron": [2]int{1, 3}})
	var examples nn.Images
	examples.Width, examples.Height, examples.Classes = 28, 28, 10
	for _, i := range batch {
		examples.Add(digits().train.Image(i).Pix, digits().train.Labels[i])
	}
	derivative := func(parameter func(l *nn.Layer) *float64) float64 {
		const h = 1e-4
		cost := func(by float64) float64 {
			net, _ := begin(3)
			*parameter(net.Layers[1]) += by
			return net.Evaluate(&examples, nn.Quadratic).Cost
		}
		return (cost(h) - cost(-h)) / (2 * h)
	}
	for i, got := range unpacked(p.Gradient.Weights) {
		if want := derivative(func(l *nn.Layer) *float64 { return &l.Weights.Row(i)[3] }); !near(got, want, 1e-8) {
			t.Errorf("weight %d: %v, want %v", i, got, want)
		}
	}
	if want := derivative(func(l *nn.Layer) *float64 { return &l.Biases[3] }); !near(p.Gradient.Bias, want, 1e-8) {
		t.Errorf("bias: %v, want %v", p.Gradient.Bias, want)
	}
}

func TestATrainedNetworkReadsDrawings(t *testing.T) {
	c := newCore(digits)
	answerTo[progress](t, c, "", "fresh", fields{"seed": 1})
	for range 10 {
		answerTo[progress](t, c, "", "step", fields{"rate": 3, "batch": 10, "cost": "quadratic", "steps": 100})
	}
	if r := answerTo[reading](t, c, "", "read", fields{"network": "own", "pixels": ring}); r.Digit != 0 {
		t.Errorf("a ring is a %d for the network that has learned, with %v", r.Digit, r.Certainty)
	}
}

func TestLoadsWhatItSaves(t *testing.T) {
	c := newCore(digits)
	want := saved(t, c, "", nil)
	if status, _, answer := c.handle("", "load", want); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	if !bytes.Equal(saved(t, c, "", fields{"network": "own"}), want) {
		t.Error("the loaded network is another")
	}
	if p := answerTo[progress](t, c, "", "step", fields{"rate": 0.1, "batch": 10, "cost": "quadratic", "steps": 5}); p.Steps != 5 {
		t.Errorf("%d steps from a loaded network, want 5", p.Steps)
	}
}

func TestRefusesFilesOfOtherNetworks(t *testing.T) {
	other := nn.New(rand.New(rand.NewPCG(1, 2)), 784, 16, 10)
	large, tanh := nn.Pretrained(), nn.Pretrained()
	large.Layers[1].Biases[3] = 1e6
	tanh.Layers[0].Activation = nn.Tanh
	c := newCore(digits)
	for _, content := range [][]byte{nil, []byte("x"), fileOf(t, other), fileOf(t, large), fileOf(t, tanh), fileOf(t, nn.Pretrained())[:5000]} {
		if status, _, answer := c.handle("", "load", content); status != 422 || len(answer) == 0 {
			t.Errorf("a file of %d bytes: %d %s, want 422", len(content), status, answer)
		}
	}
	if len(c.owners) > 0 {
		t.Error("a refused file is kept")
	}
}

func TestKeepsTheNetworksOfTheLatestVisitors(t *testing.T) {
	c := newCore(digits)
	has := func(visitor string) bool {
		status, _, _ := c.handle(visitor, "save", []byte(`{"network":"own"}`))
		if status != 200 && status != 410 {
			t.Fatalf("visitor %s: %d", visitor, status)
		}
		return status == 200
	}
	if has("0") {
		t.Error("a visitor has a network from the beginning")
	}
	for i := range maxVisitors {
		answerTo[progress](t, c, fmt.Sprint(i), "fresh", fields{"seed": i})
	}
	if !has("0") { // and asks later than 1
		t.Error("the first visitor's network is gone too early")
	}
	answerTo[progress](t, c, "new", "fresh", fields{"seed": 99})
	answerTo[progress](t, c, "new", "fresh", fields{"seed": 98})
	for i := range maxVisitors {
		if has(fmt.Sprint(i)) != (i != 1) {
			t.Errorf("visitor %d: has a network: %v", i, i == 1)
		}
	}
	if !has("new") || len(c.owners) != maxVisitors {
		t.Errorf("%d networks, want %d", len(c.owners), maxVisitors)
	}
}

func TestVisitorsAtOnceDoNotDisturbEachOther(t *testing.T) {
	c := newCore(digits)
	train := func(c *core, visitor string, seed int) []byte {
		answerTo[progress](t, c, visitor, "fresh", fields{"seed": seed})
		for range 5 {
			answerTo[progress](t, c, visitor, "step", fields{"rate": 3, "batch": 10, "cost": "quadratic", "steps": 10})
		}
		return saved(t, c, visitor, fields{"network": "own"})
	}
	var all sync.WaitGroup
	for visitor := range 6 {
		name := fmt.Sprint(visitor)
		all.Go(func() {
			if !bytes.Equal(train(c, name, visitor), train(newCore(digits), "alone", visitor)) {
				t.Errorf("visitor %d has another network than alone", visitor)
			}
		})
		all.Go(func() { // the same visitor's other questions
			for range 5 {
				body, _ := json.Marshal(fields{"network": "own", "pixels": ring})
				if status, _, answer := c.handle(name, "read", body); status != 200 && status != 410 {
					t.Errorf("%d %s", status, answer)
				}
				answerTo[reading](t, c, name, "read", fields{"pixels": ring, "edits": [][4]float64{{0, 1, -1, 3}}})
			}
		})
	}
	all.Wait()
}

func TestRefusesBadQuestions(t *testing.T) {
	c := newCore(digits)
	answerTo[progress](t, c, "", "fresh", fields{"seed": 1})
	paper := base64.StdEncoding.EncodeToString(ring)
	for _, q := range [][2]string{
		{"read", ``}, {"read", `[]`}, {"read", `{} {}`}, {"read", `{"pixels":`},
		{"read", `{}`}, {"read", `{"pixels":"AAAA"}`}, {"read", `{"pixels":"` + paper + `AAAA"}`}, {"read", `{"pixels":"?"}`},
		{"read", `{"network":"other","pixels":"` + paper + `"}`},
		{"read", `{"neuron":[3,0],"pixels":"` + paper + `"}`}, {"read", `{"neuron":[2,10],"pixels":"` + paper + `"}`}, {"read", `{"neuron":[-1,0],"pixels":"` + paper + `"}`},
		{"network", `{"edits":[[3,0,0,0]]}`}, {"network", `{"edits":[[-1,0,0,0]]}`}, {"network", `{"edits":[[0,16,0,0]]}`}, {"network", `{"edits":[[0,0,784,0]]}`},
		{"network", `{"edits":[[0,0,-2,0]]}`}, {"network", `{"edits":[[0,0,0,1001]]}`}, {"network", `{"edits":[[0,0,0,1e999]]}`},
		{"digits", `{"indices":[200]}`}, {"digits", `{"indices":[-1]}`}, {"digits", `{"indices":[0` + strings.Repeat(",0", 100) + `]}`},
		{"fresh", `{"seed":-1}`}, {"fresh", `{"seed":1.5}`},
		{"step", `{"rate":0,"batch":10,"cost":"quadratic","steps":1}`}, {"step", `{"rate":20.1,"batch":10,"cost":"quadratic","steps":1}`},
		{"step", `{"rate":3,"batch":0,"cost":"quadratic","steps":1}`}, {"step", `{"rate":3,"batch":1001,"cost":"quadratic","steps":1}`},
		{"step", `{"rate":3,"batch":10,"cost":"quadratic","steps":0}`}, {"step", `{"rate":3,"batch":10,"cost":"quadratic","steps":10001}`},
		{"step", `{"rate":3,"batch":10,"cost":"","steps":1}`}, {"step", `{"rate":3,"batch":1,"cost":"quadratic","steps":9223372036854775807}`},
	} {
		if status, kind, answer := c.handle("", q[0], []byte(q[1])); status != 400 || !strings.HasPrefix(kind, "text/plain") || len(answer) == 0 || bytes.Contains(answer, []byte("\n")) {
			t.Errorf("%s %.80s: %d %s %q, want 400 and one line", q[0], q[1], status, kind, answer)
		}
	}
	if status, _, _ := c.handle("", "nowhere", []byte("{}")); status != 404 {
		t.Errorf("an unknown path: %d, want 404", status)
	}
}

// FuzzDrawings takes pixels, repeated to fill a drawing. Whatever they are, they
// are read, and each neuron is explained.
func FuzzDrawings(f *testing.F) {
	c := newCore(digits)
	f.Add(ring, byte(40))
	f.Add([]byte{0}, byte(0))
	f.Add([]byte{255}, byte(16))
	f.Add([]byte{0, 0, 0, 90, 0, 0, 0, 0, 0, 0, 0, 1}, byte(32))
	f.Fuzz(func(t *testing.T, content []byte, number byte) {
		pixels := make([]byte, side*side)
		for i := range pixels {
			if len(content) > 0 {
				pixels[i] = content[i%len(content)]
			}
		}
		l, j := int(number)%42/16, int(number)%42%16
		r := answerTo[reading](t, c, "", "read", fields{"pixels": pixels, "neuron": [2]int{l, j}})
		mustBeWhole(t, r)
		if r.Ink != (slices.Max(pixels) > 0) {
			t.Errorf("ink %v", r.Ink)
		}
		if r.Digit < 0 {
			return
		}
		sum := r.Neuron.Bias
		for _, product := range unpacked(r.Neuron.Products) {
			sum += product
		}
		if !near(sum, *r.Neuron.Z, 1e-9) || *r.Neuron.A != r.Activations[l][j] {
			t.Errorf("the terms sum to %v, z is %v", sum, *r.Neuron.Z)
		}
	})
}

// FuzzRequests takes any request. Whatever it is, there is an answer.
func FuzzRequests(f *testing.F) {
	few := digits()
	few.train, few.test = few.train.Slice(0, 25), few.test.Slice(0, 10)
	pixels := base64.StdEncoding.EncodeToString(digits().test.Image(0).Pix)
	f.Add("network", []byte(`{"network":"own","edits":[[0,0,-1,5]]}`))
	f.Add("data", []byte(`{}`))
	f.Add("digits", []byte(`{"indices":[3,0]}`))
	f.Add("read", []byte(`{"edits":[[2,9,15,-1000]],"pixels":"`+pixels+`","neuron":[2,9]}`))
	f.Add("evaluate", []byte(`{"edits":[[1,9,15,1000]],"all":true}`))
	f.Add("fresh", []byte(`{"seed":18446744073709551615}`))
	f.Add("step", []byte(`{"rate":20,"batch":1000,"cost":"cross-entropy","steps":2,"neuron":[1,15]}`))
	f.Add("step", []byte(`{"rate":5e-324,"batch":1,"cost":"quadratic","steps":3,"neuron":[0,0]}`))
	f.Add("save", []byte(`{"network":"own"}`))
	f.Add("load", fileOf(f, nn.Pretrained()))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		var q question
		if json.Unmarshal(body, &q) == nil && q.Steps > 100 {
			t.Skip("it takes long")
		}
		c := newCore(func() dataset { return few })
		answerTo[progress](t, c, "", "fresh", fields{"seed": 1})
		status, kind, answer := c.handle("", path, body)
		switch {
		case status == 200 && kind == "application/json":
			if !json.Valid(answer) {
				t.Errorf("%s", answer)
			}
		case status == 200 && path != "save" || status != 200 && len(answer) == 0:
			t.Errorf("%d %s %s", status, kind, answer)
		}
		answerTo[reading](t, c, "", "read", fields{"network": "own", "pixels": ring}) // it goes on
	})
}
