package nn

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

var xor = Samples{
	{{0, 0}, {0}},
	{{0, 1}, {1}},
	{{1, 0}, {1}},
	{{1, 1}, {0}},
}

// golden is a case of testdata/golden.json; testdata/golden.py computes them.
type golden struct {
	Name                  string
	Sizes                 []int
	Activations           []string
	Cost                  string
	Rate, Momentum, Decay float64
	Inputs, Targets       [][]float64
	Weights               [][][]float64
	Biases                [][]float64
	Steps                 []struct {
		Cost                         float64
		Activations, Deltas, Weights [][][]float64
		Biases                       [][]float64
	}
}

func loadGolden(t *testing.T) (cases []golden) {
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func flat(rows [][]float64) (all []float64) {
	for _, row := range rows {
		all = append(all, row...)
	}
	return all
}

func (g *golden) network() *Network {
	n := New(random(1), g.Sizes...)
	for i, l := range n.Layers {
		l.Weights.Data, l.Biases = flat(g.Weights[i]), append([]float64(nil), g.Biases[i]...)
		l.Activation = Activation(slices.Index(activationNames[:], g.Activations[i]))
	}
	return n
}

func (g *golden) samples() (s Samples) {
	for i := range g.Inputs {
		s = append(s, [2][]float64{g.Inputs[i], g.Targets[i]})
	}
	return s
}

func (g *golden) sgd() *SGD {
	s := &SGD{Rate: g.Rate, Momentum: g.Momentum, Decay: g.Decay}
	if g.Cost == "crossentropy" {
		s.Cost = CrossEntropy
	}
	return s
}

func TestStepsEqualNumPys(t *testing.T) {
	const tolerance = 1e-12
	for _, g := range loadGolden(t) {
		t.Run(g.Name, func(t *testing.T) {
			n, s := g.network(), g.sgd()
			var batch []int
			for i := range g.Inputs {
				batch = append(batch, i)
			}
			for _, step := range g.Steps {
				cost, err := s.Step(n, g.samples(), batch)
				if err != nil {
					t.Fatal(err)
				}
				mustBeClose(t, "cost", []float64{cost}, []float64{step.Cost}, tolerance)
				for i, l := range n.Layers {
					mustBeClose(t, "activations", s.batch.activations[i].Data, flat(step.Activations[i]), tolerance)
					mustBeClose(t, "deltas", s.batch.deltas[i].Data, flat(step.Deltas[i]), tolerance)
					mustBeClose(t, "weights", l.Weights.Data, flat(step.Weights[i]), tolerance)
					mustBeClose(t, "biases", l.Biases, step.Biases[i], tolerance)
				}
			}
		})
	}
}

// TestGradientsAreTheCostsSlopes compares what one step at rate 1 subtracts
// from each parameter with the slope of the cost, measured by moving that
// parameter a little to either side.
func TestGradientsAreTheCostsSlopes(t *testing.T) {
	for _, c := range []struct {
		name  string
		f     Activation // of the hidden layers
		last  Activation
		cost  Cost
		sizes []int
	}{
		{"the article's network", Sigmoid, Sigmoid, Quadratic, []int{784, 16, 16, 10}},
		{"the article's network, cross-entropy", Sigmoid, Sigmoid, CrossEntropy, []int{784, 16, 16, 10}},
		{"tanh", Tanh, Tanh, Quadratic, []int{20, 7, 6, 3}},
		{"tanh below a sigmoid, cross-entropy", Tanh, Sigmoid, CrossEntropy, []int{20, 7, 6, 3}},
		{"relu", ReLU, ReLU, Quadratic, []int{20, 7, 6, 3}},
		{"relu below a sigmoid, cross-entropy", ReLU, Sigmoid, CrossEntropy, []int{20, 7, 6, 3}},
		{"linear", Linear, Linear, Quadratic, []int{20, 7, 6, 3}},
		{"sigmoid below a linear output", Sigmoid, Linear, Quadratic, []int{20, 7, 6, 3}},
		{"softmax alone", Sigmoid, Softmax, CrossEntropy, []int{20, 3}},
		{"sigmoid below a softmax", Sigmoid, Softmax, CrossEntropy, []int{784, 16, 16, 10}},
		{"relu below a softmax", ReLU, Softmax, CrossEntropy, []int{20, 7, 6, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := random(5)
			n := New(r, c.sizes...)
			for _, l := range n.Layers {
				l.Activation = c.f
				for j := range l.Biases {
					l.Biases[j] = r.NormFloat64() / 4
				}
			}
			n.last().Activation = c.last
			data := make(Samples, 3)
			for i := range data {
				data[i] = [2][]float64{make([]float64, n.inputs()), make([]float64, n.outputs())}
				for k := range data[i][0] {
					data[i][0][k] = r.Float64()
				}
				data[i][1][i] = 1
			}
			if c.f == ReLU {
				mustBeAwayFromTheKink(t, n, data)
			}
			stepped := n.Clone()
			if _, err := (&SGD{Rate: 1, Batch: len(data), Cost: c.cost}).Epoch(stepped, data); err != nil {
				t.Fatal(err)
			}
			before, after := parameters(n), parameters(stepped)
			if len(before) != n.Parameters() {
				t.Fatalf("%d parameters compared, the network has %d", len(before), n.Parameters())
			}
			const h = 1e-5
			for i, p := range before {
				value := *p
				*p = value + h
				up := n.Evaluate(data, c.cost).Cost
				*p = value - h
				down := n.Evaluate(data, c.cost).Cost
				*p = value
				numeric, analytic := (up-down)/(2*h), value-*after[i]
				if !(math.Abs(numeric-analytic) <= 1e-9+1e-7*math.Abs(analytic)) {
					t.Fatalf("parameter %d: slope of the cost %v, gradient %v", i, numeric, analytic)
				}
			}
		})
	}
}

// mustBeAwayFromTheKink makes sure that no small move takes a ReLU across 0,
// where its slope jumps and no numeric slope equals it.
func mustBeAwayFromTheKink(t *testing.T, n *Network, data Samples) {
	t.Helper()
	for _, sample := range data {
		for i, a := range n.Activations(sample[0])[:len(n.Layers)] {
			z := NewMatrix(1, len(n.Layers[i].Biases))
			z.Mul(&Matrix{Rows: 1, Cols: len(a), Data: a}, n.Layers[i].Weights)
			for j, b := range n.Layers[i].Biases {
				if math.Abs(z.Data[j]+b) < 1e-3 {
					t.Fatalf("weighted sum %v of a ReLU, the check needs it away from 0", z.Data[j]+b)
				}
			}
		}
	}
}

func parameters(n *Network) (all []*float64) {
	for _, l := range n.Layers {
		for k := range l.Weights.Data {
			all = append(all, &l.Weights.Data[k])
		}
		for j := range l.Biases {
			all = append(all, &l.Biases[j])
		}
	}
	return all
}

func values(n *Network) (all []float64) {
	for _, p := range parameters(n) {
		all = append(all, *p)
	}
	return all
}

// xorLearned counts the seeds of 100 from which a network learns XOR.
func xorLearned(t *testing.T, sizes ...int) (learned int) {
	for seed := range uint64(100) {
		r := random(seed)
		n := New(r, sizes...)
		sgd := &SGD{Rate: 4, Batch: 4, Rand: r}
		for range 2000 {
			if _, err := sgd.Epoch(n, xor); err != nil {
				t.Fatal(err)
			}
		}
		if n.Evaluate(xor, sgd.Cost).Correct == len(xor) {
			learned++
		}
	}
	return learned
}

func TestXORIsLearnedByFourHiddenNeurons(t *testing.T) {
	learned := xorLearned(t, 2, 4, 1)
	t.Logf("2-4-1 learned XOR from %d of 100 seeds", learned)
	if learned < 95 {
		t.Errorf("2-4-1 learned XOR from %d of 100 seeds, want at least 95", learned)
	}
}

func TestXORIsOftenLearnedByTwoHiddenNeurons(t *testing.T) {
	learned := xorLearned(t, 2, 2, 1)
	t.Logf("2-2-1 learned XOR from %d of 100 seeds", learned)
	if learned < 50 {
		t.Errorf("2-2-1 learned XOR from %d of 100 seeds, want at least half", learned)
	}
}

func TestOneLayerLearnsAnd(t *testing.T) {
	and := Samples{{{0, 0}, {0}}, {{0, 1}, {0}}, {{1, 0}, {0}}, {{1, 1}, {1}}}
	n := New(random(1), 2, 1)
	sgd := &SGD{Rate: 2, Batch: 1, Cost: CrossEntropy}
	for range 500 {
		if _, err := sgd.Epoch(n, and); err != nil {
			t.Fatal(err)
		}
	}
	if got := n.Evaluate(and, CrossEntropy).Correct; got != 4 {
		t.Errorf("%d of 4 correct", got)
	}
}

func TestCostIsTheMeanBeforeEachUpdate(t *testing.T) {
	for _, batch := range []int{1, 3, 4, 7} {
		n := New(random(3), 2, 3, 1)
		want := 0.0
		steps := n.Clone()
		sgd := &SGD{Rate: 1}
		for part := range slices.Chunk(random(4).Perm(len(xor)), batch) {
			for _, i := range part {
				want += steps.Evaluate(xor[i:i+1], Quadratic).Cost / float64(len(xor))
			}
			if _, err := sgd.Step(steps, xor, part); err != nil {
				t.Fatal(err)
			}
		}
		got, err := (&SGD{Rate: 1, Batch: batch, Rand: random(4)}).Epoch(n, xor)
		if err != nil {
			t.Fatal(err)
		}
		mustBeClose(t, "cost", []float64{got}, []float64{want}, 1e-15)
		mustBeSame(t, "parameters", values(n), values(steps))
	}
}

func TestShortLastBatchCountsByItsTrueSize(t *testing.T) {
	n := New(random(4), 2, 3, 1)
	apart := n.Clone()
	if _, err := (&SGD{Rate: 1, Batch: 3, Rand: random(5)}).Epoch(n, xor); err != nil {
		t.Fatal(err)
	}
	order := random(5).Perm(len(xor))
	for _, part := range [][]int{order[:3], order[3:]} {
		if _, err := (&SGD{Rate: 1}).Step(apart, xor, part); err != nil {
			t.Fatal(err)
		}
	}
	mustBeSame(t, "parameters", values(n), values(apart))
}

func TestShufflingLeavesTheCallersDataAlone(t *testing.T) {
	data := append(Samples(nil), xor...)
	sgd := &SGD{Rate: 1, Batch: 1, Rand: random(1)}
	n := New(random(1), 2, 2, 1)
	for range 5 {
		if _, err := sgd.Epoch(n, data); err != nil {
			t.Fatal(err)
		}
	}
	for i := range xor {
		mustBeSame(t, "sample", append(data[i][0], data[i][1]...), append(xor[i][0], xor[i][1]...))
	}
}

// order records in which order its examples are asked for.
type order struct {
	Samples
	asked []int
}

func (o *order) Example(i int, input, target []float64) {
	o.asked = append(o.asked, i)
	o.Samples.Example(i, input, target)
}

func TestEveryExampleIsSeenOnceAnEpochInRandomOrder(t *testing.T) {
	data := &order{Samples: append(append(append(Samples{}, xor...), xor...), xor...)}
	sgd := &SGD{Rate: 0.1, Batch: 5, Rand: random(1)}
	n := New(random(1), 2, 2, 1)
	var epochs [2][]int
	for e := range epochs {
		data.asked = nil
		if _, err := sgd.Epoch(n, data); err != nil {
			t.Fatal(err)
		}
		epochs[e] = data.asked
		seen := make([]int, data.Len())
		for _, i := range data.asked {
			seen[i]++
		}
		for i, times := range seen {
			if times != 1 {
				t.Errorf("epoch %d sees example %d %d times", e, i, times)
			}
		}
	}
	same := true
	for i := range epochs[0] {
		same = same && epochs[0][i] == epochs[1][i]
	}
	if same {
		t.Errorf("two epochs in the same order %v", epochs[0])
	}
}

func TestWithoutRandTheOrderIsTheSameInEachRunAndNewInEachEpoch(t *testing.T) {
	var runs [2][]int
	for run := range runs {
		data := &order{Samples: slices.Concat(xor, xor, xor)}
		sgd, n := &SGD{Rate: 0.1}, New(random(1), 2, 2, 1)
		for range 2 {
			if _, err := sgd.Epoch(n, data); err != nil {
				t.Fatal(err)
			}
		}
		runs[run] = data.asked
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Errorf("orders %v and %v", runs[0], runs[1])
	}
	first, second := runs[0][:12], runs[0][12:]
	if slices.IsSorted(first) || slices.IsSorted(second) || slices.Equal(first, second) {
		t.Errorf("orders %v and %v of the two epochs", first, second)
	}
}

func TestTheRateMayFallToZeroButNotBeginThere(t *testing.T) {
	n := New(random(1), 2, 2, 1)
	sgd := new(SGD)
	mustPanic(t, func() { sgd.Epoch(n, xor) }, "Rate is 0", "above 0")
	for epoch := range 3 {
		sgd.Rate = float64(2-epoch) / 2
		if _, err := sgd.Epoch(n, xor); err != nil {
			t.Errorf("epoch %d: %v", epoch, err)
		}
	}
}

func TestRateZeroLearnsNothing(t *testing.T) {
	n := New(random(1), 2, 2, 1)
	sgd := &SGD{Rate: 1, Momentum: 0.9, Decay: 0.1}
	if _, err := sgd.Epoch(n, xor); err != nil {
		t.Fatal(err)
	}
	before := values(n)
	sgd.Rate = 0
	if _, err := sgd.Epoch(n, xor); err != nil {
		t.Fatal(err)
	}
	mustBeSame(t, "parameters", values(n), before)
}

func TestCostThatIsNotFiniteIsAnErrorBeforeTheUpdate(t *testing.T) {
	for _, c := range []struct {
		name       string
		activation Activation
		input      float64
		cost       string
	}{
		{"NaN in the data", Sigmoid, math.NaN(), "cost is NaN"},
		{"infinity through a ReLU", ReLU, math.Inf(1), "cost is +Inf"},
		{"overflow through a ReLU", ReLU, 1e300, "cost is +Inf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := New(random(1), 1, 1)
			n.Layers[0].Activation, n.Layers[0].Weights.Data[0] = c.activation, 2
			data, order := Samples{{{1}, {1}}, {{1}, {1}}, {{1}, {1}}}, random(1).Perm(3)
			data[order[1]] = [2][]float64{{c.input}, {0}}
			before := n.Clone()
			if _, err := (&SGD{Rate: 0.1}).Step(before, data, order[:1]); err != nil {
				t.Fatal(err)
			}
			_, err := (&SGD{Rate: 0.1, Batch: 1, Rand: random(1)}).Epoch(n, data)
			mustName(t, err, c.cost, "after 1 of 3")
			mustBeSame(t, "parameters", values(n), values(before))
		})
	}
}

func TestParameterThatIsNotFiniteIsAnErrorAfterTheEpoch(t *testing.T) {
	n := New(random(1), 1, 2, 1)
	// The sigmoid makes a finite cost of an infinite input; the update does not.
	data, stepped := Samples{{{math.Inf(1)}, {0}}, {{1}, {1}}}, n.Clone()
	_, err := (&SGD{Rate: 1, Batch: 2}).Epoch(n, data)
	mustName(t, err, "parameter of layer 0 is NaN", "after 2 of 2 examples")
	_, err = (&SGD{Rate: 1}).Step(stepped, data, []int{0, 1})
	if layer, _ := stepped.notFinite(); err != nil || layer != 0 {
		t.Errorf("a step: error %v, parameters that are not finite in layer %d, want no error and layer 0", err, layer)
	}

	relu := New(random(1), 1, 1)
	relu.Layers[0].Activation, relu.Layers[0].Biases[0] = ReLU, 1e150
	_, err = (&SGD{Rate: 1e200}).Epoch(relu, Samples{{{0}, {0}}}) // which the bias alone learns from
	mustName(t, err, "parameter of layer 0 is -Inf", "after 1 of 1 examples")
}

func TestMeanOfHugeCostsIsFinite(t *testing.T) {
	n := New(random(1), 1, 1)
	n.Layers[0].Activation = ReLU
	huge := [2][]float64{{0}, {1.3e154}}
	for _, batch := range []int{1, 4} {
		cost, err := (&SGD{Rate: 1, Batch: batch}).Epoch(n, Samples{huge, huge, huge, huge})
		if want := 1.3e154 * 1.3e154 / 2; err != nil || math.Abs(cost/want-1) > 1e-15 {
			t.Errorf("batch %d: cost %v, error %v; want %v", batch, cost, err, want)
		}
	}
}

func TestRateFarTooHighEndsInAnError(t *testing.T) {
	n := New(random(1), 1, 1)
	n.Layers[0].Activation = ReLU
	sgd := &SGD{Rate: 1e100, Batch: 1}
	for range 20 {
		// Whichever sign the weight jumps to, one of the two is lit.
		if _, err := sgd.Epoch(n, Samples{{{1}, {5}}, {{-2}, {5}}}); err != nil {
			return
		}
	}
	t.Errorf("20 epochs at rate 1e100 without an error")
}

func TestCrossEntropyIsFiniteForASureAndWrongNeuron(t *testing.T) {
	n := New(random(1), 1, 1)
	n.Layers[0].Weights.Data[0] = 1000
	data := Samples{{{1}, {0}}}
	cost, err := (&SGD{Rate: 1, Cost: CrossEntropy}).Epoch(n, data)
	if cost != 100 || err != nil {
		t.Errorf("cost %v, error %v; want 100 and none", cost, err)
	}
	if w := n.Layers[0].Weights.Data[0]; w != 999 {
		t.Errorf("weight %v after a step at rate 1, want 999: the delta is a−t = 1", w)
	}
}

func TestCostNames(t *testing.T) {
	for c, name := range map[Cost]string{Quadratic: "quadratic", CrossEntropy: "cross-entropy", 2: "Cost(2)", 9: "Cost(9)"} {
		if c.String() != name {
			t.Errorf("cost %d is called %s, want %s", uint8(c), c, name)
		}
	}
}

func TestCrossEntropyOfAPerfectAnswerIsZero(t *testing.T) {
	if cost := CrossEntropy.of([]float64{0, 1}, []float64{0, 1}, Sigmoid); cost != 0 {
		t.Errorf("cost %v", cost)
	}
}

func TestCrossEntropyOfASureAndWrongAnswerIs100ForEachNeuron(t *testing.T) {
	for _, c := range [][]float64{{0, 1, 100}, {1, 0, 100}} {
		if cost := CrossEntropy.of(c[:1], c[1:2], Sigmoid); cost != c[2] {
			t.Errorf("output %v, target %v: cost %v, want %v", c[0], c[1], cost, c[2])
		}
	}
}

func TestCrossEntropyOfSoftmaxCountsTheTrueClassAlone(t *testing.T) {
	for _, c := range []struct {
		a, t []float64
		cost float64
	}{
		{[]float64{0.25, 0.5, 0.25}, []float64{0, 1, 0}, math.Ln2},
		{[]float64{0.25, 0.5, 0.25}, []float64{0.5, 0.5, 0}, 1.5 * math.Ln2},
		{[]float64{0, 1, 0}, []float64{0, 1, 0}, 0},
		{[]float64{0, 1, 0}, []float64{1, 0, 0}, 100},
	} {
		mustBeClose(t, "cost", []float64{CrossEntropy.of(c.a, c.t, Softmax)}, []float64{c.cost}, 1e-15)
	}
}

func TestASaturatedNeuronLearnsFromCrossEntropyAlone(t *testing.T) {
	for cost, learns := range map[Cost]bool{Quadratic: false, CrossEntropy: true} {
		n := New(random(1), 1, 1)
		n.Layers[0].Weights.Data[0] = 1e6
		before := values(n)
		if _, err := (&SGD{Rate: 1, Cost: cost}).Epoch(n, Samples{{{1}, {0}}}); err != nil {
			t.Error(err)
		}
		if after := values(n); (after[0] != before[0]) != learns {
			t.Errorf("cost %d: the weight goes from %v to %v", cost, before[0], after[0])
		}
	}
}

// Neurons that begin alike see the same and learn the same: that is why New
// draws weights at random.
func TestFromWeightsOfZeroAllNeuronsOfALayerStayAlike(t *testing.T) {
	n := New(random(1), 784, 16, 16, 10)
	for _, p := range parameters(n) {
		*p = 0
	}
	sgd := &SGD{Rate: 3, Rand: random(1)}
	for range 3 {
		if _, err := sgd.Epoch(n, Synthetic(random(1), 200)); err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range n.Layers[:2] {
		for k, w := range l.Weights.Data {
			if w != l.Weights.Row(k / 16)[0] {
				t.Fatalf("layer %d: neuron %d has the weight %v, neuron 0 %v", i, k%16, w, l.Weights.Row(k / 16)[0])
			}
		}
	}
	if n.Layers[2].Biases[0] == 0 {
		t.Error("nothing learned at all")
	}
}

func TestInputsThatNeverVaryTeachHowFrequentTheTargetsAre(t *testing.T) {
	for _, same := range []float64{0, 5e-324, 0.5, 1} {
		n := New(random(1), 4, 3, 1)
		data := make(Samples, 40)
		for i := range data {
			data[i] = [2][]float64{{same, same, same, same}, {float64(i % 4 / 3)}} // a quarter are 1
		}
		sgd := &SGD{Rate: 0.5, Batch: len(data)}
		for range 1000 {
			if _, err := sgd.Epoch(n, data); err != nil {
				t.Fatal(err)
			}
		}
		mustBeClose(t, "output", n.Predict(data[0][0]), []float64{0.25}, 1e-3)
	}
}

func TestDenormalNumbersTrainLikeZeros(t *testing.T) {
	for f := range Linear + 1 {
		n := New(random(1), 2, 3, 1)
		for _, p := range parameters(n) {
			*p = 5e-324
		}
		for _, l := range n.Layers {
			l.Activation = f
		}
		cost, err := (&SGD{Rate: 5e-324, Momentum: 0.9, Decay: 5e-324}).Epoch(n, Samples{{{5e-324, -5e-324}, {5e-324}}})
		want := 0.0
		if f == Sigmoid {
			want = 0.125 // of an output of ½
		}
		if cost != want || err != nil {
			t.Errorf("%v: cost %v, error %v, want %v", f, cost, err, want)
		}
		for _, v := range values(n) {
			if !(math.Abs(v) <= 1e-323) {
				t.Errorf("%v: a parameter is %v", f, v)
			}
		}
	}
}

// Whatever goes in, an epoch ends with an error or leaves finite numbers.
func TestNoEpochWithoutAnErrorLeavesANumberThatIsNotFinite(t *testing.T) {
	odd := []float64{0, 1, 1e300, -1e300, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 5e-324}
	errors, epochs := 0, 0
	for _, input := range odd {
		for _, weight := range odd {
			for _, f := range []Activation{Sigmoid, Tanh, ReLU} {
				for _, sgd := range []*SGD{{Rate: 1}, {Rate: 1e300, Batch: 1}, {Rate: 1, Momentum: 0.9, Decay: 0.5}, {Rate: 1, Cost: CrossEntropy}} {
					n := New(random(1), 2, 2, 1)
					n.Layers[0].Activation = f
					n.Layers[0].Weights.Data[0] = weight
					for range 5 {
						_, err := sgd.Epoch(n, Samples{{{input, 1}, {1}}, {{0, input}, {0}}})
						if epochs++; err != nil {
							errors++
							mustName(t, err)
							break
						}
						for _, v := range values(n) {
							if !finite(v) {
								t.Fatalf("%v, input %v, weight %v, %+v: a parameter is %v and there is no error", f, input, weight, sgd, v)
							}
						}
					}
				}
			}
		}
	}
	if errors == 0 || errors == epochs {
		t.Errorf("%d of %d epochs end in an error: the test shows nothing", errors, epochs)
	}
}

func TestSGDPanicsOnMisuse(t *testing.T) {
	n := New(random(1), 2, 2, 1)
	tanh := n.Clone()
	tanh.last().Activation = Tanh
	linear, softmax, inside := n.Clone(), New(random(1), 2, 2), n.Clone()
	linear.last().Activation, softmax.last().Activation, inside.Layers[0].Activation = Linear, Softmax, Softmax
	for name, c := range map[string]struct {
		sgd   *SGD
		n     *Network
		data  Examples
		words []string
	}{
		"negative rate":                {&SGD{Rate: -1}, n, xor, []string{"Rate", "-1"}},
		"NaN rate":                     {&SGD{Rate: math.NaN()}, n, xor, []string{"Rate", "NaN"}},
		"infinite rate":                {&SGD{Rate: math.Inf(1)}, n, xor, []string{"Rate", "Inf"}},
		"negative batch":               {&SGD{Batch: -1}, n, xor, []string{"Batch", "-1"}},
		"negative momentum":            {&SGD{Momentum: -0.5}, n, xor, []string{"Momentum", "-0.5"}},
		"momentum of 1":                {&SGD{Momentum: 1}, n, xor, []string{"Momentum", "is 1,"}},
		"NaN momentum":                 {&SGD{Momentum: math.NaN()}, n, xor, []string{"Momentum", "NaN"}},
		"NaN decay":                    {&SGD{Decay: math.NaN()}, n, xor, []string{"Decay", "NaN"}},
		"negative decay":               {&SGD{Decay: -1}, n, xor, []string{"Decay", "-1"}},
		"infinite decay":               {&SGD{Decay: math.Inf(1)}, n, xor, []string{"Decay", "Inf"}},
		"unknown cost":                 {&SGD{Cost: 9}, n, xor, []string{"cost 9"}},
		"cross-entropy of tanh":        {&SGD{Cost: CrossEntropy}, tanh, xor, []string{"CrossEntropy", "tanh"}},
		"cross-entropy of linear":      {&SGD{Rate: 1, Cost: CrossEntropy}, linear, xor, []string{"CrossEntropy", "linear"}},
		"softmax, quadratic":           {&SGD{Rate: 1}, softmax, Samples{{{1, 2}, {1, 0}}}, []string{"quadratic", "softmax"}},
		"softmax in the middle":        {&SGD{Rate: 1}, inside, xor, []string{"layer 0 of 2", "softmax"}},
		"target above 1":               {&SGD{Rate: 1, Cost: CrossEntropy}, n, Samples{{{1, 2}, {1}}, {{1, 2}, {1.5}}}, []string{"target 0 of example 1 is 1.5", "from 0 to 1"}},
		"target below 0":               {&SGD{Rate: 1, Cost: CrossEntropy}, n, Samples{{{1, 2}, {-1}}}, []string{"target 0 of example 0 is -1", "from 0 to 1"}},
		"softmax, two classes at once": {&SGD{Rate: 1, Cost: CrossEntropy}, softmax, Samples{{{1, 2}, {1, 1}}}, []string{"example 0 sum to 2", "needs 1"}},
		"softmax, targets above 1":     {&SGD{Rate: 1, Cost: CrossEntropy}, softmax, Samples{{{1, 2}, {1, 0.00015}}}, []string{"example 0 sum to 1.00015"}},
		"softmax, no class":            {&SGD{Rate: 1, Cost: CrossEntropy}, softmax, Samples{{{1, 2}, {0, 0}}}, []string{"example 0 sum to 0", "needs 1"}},
		"no examples":                  {&SGD{Rate: 1}, n, Samples{}, []string{"0 examples"}},
		"nil examples":                 {&SGD{Rate: 1}, n, nil, []string{"nil"}},
		"input too long":               {&SGD{Rate: 1}, n, Samples{{{1, 2, 3}, {0}}}, []string{"3 inputs", "2 inputs"}},
		"target too long":              {&SGD{Rate: 1}, n, Samples{{{1, 2}, {0, 1}}}, []string{"2 targets", "1 outputs"}},
		"no layers":                    {&SGD{Rate: 1}, new(Network), xor, []string{"0 layers"}},
	} {
		t.Run(name, func(t *testing.T) {
			mustPanic(t, func() { c.sgd.Epoch(c.n, c.data) }, c.words...)
		})
	}
}

func TestATargetThatNoOutputCanEqualIsAMistake(t *testing.T) {
	up, down := math.Inf(1), math.Inf(-1)
	for f, c := range map[Activation]struct{ reached, missed []float64 }{
		Sigmoid: {[]float64{0, 1}, []float64{-0.1, 1.1, up, down}},
		Tanh:    {[]float64{-1, 0.1, 1}, []float64{-1.1, 5, up, down}},
		ReLU:    {[]float64{0, 5}, []float64{-0.1, down}},
		Linear:  {[]float64{-5, 5}, nil},
	} {
		n := New(random(1), 1, 1)
		n.Layers[0].Activation = f
		at := func(target float64) Samples { return Samples{{{1}, {c.reached[0]}}, {{1}, {target}}} }
		for _, target := range c.reached {
			if _, err := (&SGD{Rate: 0.01}).Epoch(n, at(target)); err != nil {
				t.Errorf("%v, target %v: %v", f, target, err)
			}
			n.Evaluate(at(target), Quadratic)
		}
		for _, target := range c.missed {
			words := []string{fmt.Sprintf("target 0 of example 1 is %v, ", target), f.String(), "set Activation of the last layer to nn.Linear"}
			mustPanic(t, func() { (&SGD{Rate: 1}).Epoch(n, at(target)) }, words...)
			mustPanic(t, func() { n.Evaluate(at(target), Quadratic) }, words...)
		}
		_, err := (&SGD{Rate: 1}).Epoch(n, at(math.NaN()))
		mustName(t, err, "the cost is NaN", "the data")
	}
}

func TestSGDBelongsToOneNetwork(t *testing.T) {
	n := New(random(1), 2, 2, 1)
	sgd := &SGD{Rate: 1}
	if _, err := sgd.Epoch(n, xor); err != nil {
		t.Fatal(err)
	}
	mustPanic(t, func() { sgd.Epoch(n.Clone(), xor) }, "belongs to another network")
	panicked := &SGD{Rate: 1}
	mustPanic(t, func() { panicked.Step(n, Samples{{{1, 2, 3}, {0}}}, []int{0}) }, "3 inputs")
	mustPanic(t, func() { panicked.Step(n.Clone(), xor, []int{0}) }, "belongs to another network")
	mustPanic(t, func() { sgd.Step(n, xor, nil) }, "0 examples")
	mustPanic(t, func() { sgd.Step(n, nil, []int{0}) }, "examples are nil")
	wide := New(random(1), 2, 3, 1).Layers
	narrow := n.Layers
	n.Layers = wide
	mustPanic(t, func() { sgd.Epoch(n, xor) }, "layers have changed")
	n.Layers = New(random(1), 3, 2, 1).Layers
	mustPanic(t, func() { sgd.Epoch(n, Samples{{{0, 0, 0}, {1}}}) }, "layers have changed")
	n.Layers = narrow[:1]
	mustPanic(t, func() { sgd.Epoch(n, Samples{{{0, 0}, {1, 0}}}) }, "layers have changed")
}

func TestBatchZeroMeansTen(t *testing.T) {
	data := slices.Concat(xor, xor, xor)
	unset, ten := New(random(1), 2, 2, 1), New(random(1), 2, 2, 1)
	if _, err := (&SGD{Rate: 1}).Epoch(unset, data); err != nil {
		t.Fatal(err)
	}
	if _, err := (&SGD{Rate: 1, Batch: 10}).Epoch(ten, data); err != nil {
		t.Fatal(err)
	}
	mustBeSame(t, "parameters", values(unset), values(ten))
}

func TestTrainingTakes12BytesForEachInputOfAMiniBatch(t *testing.T) {
	digits := Synthetic(random(1), 1000)
	got := allocated(func() {
		if _, err := (&SGD{Rate: 1, Batch: 1000}).Epoch(New(random(1), 784, 16, 16, 10), digits); err != nil {
			t.Fatal(err)
		}
	})
	if most := uint64(1000*(784*12+2000) + 1<<20); got > most {
		t.Errorf("%d bytes, want at most %d", got, most)
	}
}

func TestAnEpochIsALoopOfSteps(t *testing.T) {
	digits := Synthetic(random(1), 105)
	for _, batch := range []int{10, 100} {
		n := New(random(2), 784, 16, 16, 10)
		stepped := n.Clone()
		cost, err := (&SGD{Rate: 3, Batch: batch, Momentum: 0.5, Rand: random(3)}).Epoch(n, digits)
		if err != nil {
			t.Fatal(err)
		}
		sgd, mean := &SGD{Rate: 3, Momentum: 0.5}, 0.0
		for examples := range slices.Chunk(random(3).Perm(105), batch) {
			c, err := sgd.Step(stepped, digits, examples)
			if err != nil {
				t.Fatal(err)
			}
			mean += c * (float64(len(examples)) / 105)
		}
		mustBeSame(t, "parameters and cost", append(values(stepped), mean), append(values(n), cost))
	}
}

func TestAStepChangesNothingIfTheCostIsNotFinite(t *testing.T) {
	n := New(random(1), 1, 2, 1)
	before := values(n)
	_, err := (&SGD{Rate: 1}).Step(n, Samples{{{1}, {0}}, {{math.NaN()}, {0}}}, []int{1})
	mustName(t, err, "cost is NaN")
	mustBeSame(t, "parameters", values(n), before)
}

func TestBatchMayChangeBetweenEpochs(t *testing.T) {
	n := New(random(1), 2, 2, 1)
	sgd := &SGD{Rate: 1}
	for _, batch := range []int{1, 4, 2, 100, 3} {
		sgd.Batch, sgd.Rand = batch, random(2)
		want := n.Clone()
		if _, err := (&SGD{Rate: 1, Batch: batch, Rand: random(2)}).Epoch(want, xor); err != nil {
			t.Fatal(err)
		}
		if _, err := sgd.Epoch(n, xor); err != nil {
			t.Fatal(err)
		}
		mustBeSame(t, "parameters", values(n), values(want))
	}
}

func TestMomentumOfZeroForgetsTheVelocity(t *testing.T) {
	n := New(random(1), 2, 2, 1)
	sgd := &SGD{Rate: 1}
	for _, momentum := range []float64{0.9, 0, 0.5} {
		sgd.Momentum, sgd.Rand = momentum, random(2)
		want := n.Clone()
		if _, err := (&SGD{Rate: 1, Momentum: momentum, Rand: random(2)}).Epoch(want, xor); err != nil {
			t.Fatal(err)
		}
		if _, err := sgd.Epoch(n, xor); err != nil {
			t.Fatal(err)
		}
		mustBeSame(t, "parameters", values(n), values(want))
	}
}

func TestSameSeedSameBitsWhateverGOMAXPROCS(t *testing.T) {
	digits := Synthetic(random(1), 700)
	run := func(procs, batch int) ([]float64, Evaluation, float64) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		r := random(2)
		n := New(r, 784, 16, 16, 10)
		cost, err := (&SGD{Rate: 3, Batch: batch, Momentum: 0.5, Rand: r}).Epoch(n, digits)
		if err != nil {
			t.Fatal(err)
		}
		return append(values(n), n.PredictAll(digits).Data...), n.Evaluate(digits, Quadratic), cost
	}
	for _, batch := range []int{10, 100, 256} {
		want, evaluation, cost := run(1, batch)
		for _, procs := range []int{2, 4, 7} {
			got, e, c := run(procs, batch)
			mustBeSame(t, "parameters and outputs", got, want)
			mustBeSame(t, "costs", []float64{e.Cost, c}, []float64{evaluation.Cost, cost})
		}
	}
}

func TestTrainingGoesOnWithTheSameBitsAfterSaveAndLoad(t *testing.T) {
	digits := Synthetic(random(1), 300)
	train := func(sgd *SGD, n *Network, epochs int) {
		for range epochs {
			if _, err := sgd.Epoch(n, digits); err != nil {
				t.Fatal(err)
			}
		}
	}
	source := rand.NewPCG(1, 2)
	n := New(rand.New(source), 784, 16, 16, 10)
	sgd := &SGD{Rate: 3, Decay: 1e-4, Rand: rand.New(source)}
	train(sgd, n, 2)
	file := saved(t, n)
	state, err := source.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	train(sgd, n, 3) // the same one, without a break

	again, restored := loaded(t, file), new(rand.PCG)
	if err := restored.UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	train(&SGD{Rate: 3, Decay: 1e-4, Rand: rand.New(restored)}, again, 3)
	mustBeSame(t, "parameters", values(again), values(n))
}

func TestNetworksTrainedSideBySideAreAsTrainedAlone(t *testing.T) {
	digits := Synthetic(random(1), 400)
	for name, data := range map[string]Examples{"images": digits, "distorted": Distorted{digits, 1, 1}, "plain examples": plain{digits}} {
		t.Run(name, func(t *testing.T) {
			train := func(seed int) []float64 {
				r := random(uint64(seed))
				n := New(r, 784, 16, 16, 10)
				// Even seeds train on one core, odd ones on all.
				sgd := &SGD{Rate: 1, Batch: 10 + seed%2*190, Momentum: 0.5, Rand: r}
				for range 2 {
					if _, err := sgd.Epoch(n, data); err != nil {
						t.Error(err)
					}
				}
				return append(values(n), n.Evaluate(data, Quadratic).Cost)
			}
			var alone, beside [8][]float64
			for seed := range alone {
				alone[seed] = train(seed)
			}
			var done sync.WaitGroup
			for seed := range beside {
				done.Go(func() { beside[seed] = train(seed) })
			}
			done.Wait()
			for seed := range alone {
				mustBeSame(t, "parameters and cost", beside[seed], alone[seed])
			}
		})
	}
}

func TestBlackImagesAreSharedBetweenCoresToo(t *testing.T) {
	black := &Images{Width: 28, Height: 28, Classes: 10}
	for i := range 200 {
		black.Add(make([]byte, 784), byte(i%10))
	}
	run := func(procs int) []float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		n := New(random(1), 784, 16, 16, 10)
		if _, err := (&SGD{Rate: 3, Batch: 200, Decay: 0.01}).Epoch(n, black); err != nil {
			t.Fatal(err)
		}
		return values(n)
	}
	mustBeSame(t, "parameters", run(3), run(1))
}

// plain hides what Images are, so that they come through Example alone.
type plain struct{ Examples }

func TestImagesAndPlainExamplesGiveTheSameBits(t *testing.T) {
	digits := Synthetic(random(1), 300)
	var results [2][]float64
	for i, data := range []Examples{digits, plain{digits}} {
		r := random(2)
		n := New(r, 784, 16, 16, 10)
		if _, err := (&SGD{Rate: 3, Rand: r}).Epoch(n, data); err != nil {
			t.Fatal(err)
		}
		results[i] = append(values(n), n.PredictAll(data).Data...)
	}
	mustBeSame(t, "parameters and outputs", results[0], results[1])
}

func TestTrainingStepsDoNotAllocate(t *testing.T) {
	digits := Synthetic(random(1), 2000)
	for _, batch := range []int{10, 200} { // on one core, and on all
		n := New(random(2), 784, 16, 16, 10)
		sgd := &SGD{Rate: 1, Batch: batch, Momentum: 0.5, Rand: random(3)}
		if _, err := sgd.Epoch(n, digits); err != nil {
			t.Fatal(err)
		}
		if allocs := testing.AllocsPerRun(5, func() { sgd.Epoch(n, digits) }); allocs > 9 {
			t.Errorf("%v allocations in an epoch of %d steps, want 9 at most for what they share", allocs, 2000/batch)
		}
	}
}

func TestAStepOfAnExampleThatIsNotThereChangesNothingAndPanics(t *testing.T) {
	for name, data := range map[string]Examples{"Samples": xor, "Images": pictures(2, 1, []byte{1, 2}), "Distorted": Distorted{Images: pictures(2, 1, []byte{1, 2})}} {
		for _, i := range []int{-1, 4} {
			n := New(random(1), 2, 1)
			before := values(n)
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: no panic for example %d", name, i)
					}
				}()
				(&SGD{Rate: 1}).Step(n, data, []int{0, i})
			}()
			mustBeSame(t, "parameters", values(n), before)
		}
	}
}

func TestAStepLeavesTheCallersListAlone(t *testing.T) {
	list := []int{3, 0, 2, 0}
	if _, err := (&SGD{Rate: 1}).Step(New(random(1), 2, 2, 1), xor, list); err != nil || !slices.Equal(list, []int{3, 0, 2, 0}) {
		t.Errorf("list %v, error %v", list, err)
	}
}
