package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/nn13002/nn"
)

const (
	side        = 56      // of a drawing, in pixels: twice what the network sees
	bar         = 0.8     // the largest output of a digit; below, the network is not sure that it is one
	maxVisitors = 16      // whose networks are kept
	maxExamples = 100_000 // in the steps of one request
	maxValue    = 1000    // of a weight or bias that comes from outside
)

// A core answers what the page asks for. It knows nothing of how the questions
// come to it.
type core struct {
	shipped *nn.Network
	data    func() dataset

	mu     sync.Mutex
	owners []owner // at most maxVisitors, the latest to ask is last
}

// A dataset is what networks learn from and are tested on.
type dataset struct {
	name        string // MNIST or synthetic
	train, test *nn.Images
}

// synthetic returns the digits for where MNIST is not.
func synthetic() dataset {
	r := rand.New(rand.NewPCG(1, 2))
	return dataset{"synthetic", nn.Synthetic(r, 10_000), nn.Synthetic(r, 1000)}
}

// An owner is a visitor with a network of their own.
type owner struct {
	name string
	own  *training
}

// newCore returns a core. It calls data at the first question about the data,
// and possibly several times.
func newCore(data func() dataset) *core { return &core{shipped: nn.Pretrained(), data: data} }

// A question has the fields of all requests.
type question struct {
	Network string       // shipped or own; "" is shipped
	Edits   [][4]float64 // layer, neuron, input (−1: the bias), value
	Pixels  []byte
	Neuron  *[2]int // layer and neuron
	Indices []int
	All     bool
	Seed    uint64
	Rate    float64
	Batch   int
	Cost    string
	Steps   int
}

// requests are the paths, and what answers them: with a value for JSON, or
// with the bytes of a file.
var requests = map[string]func(c *core, visitor string, q question) (any, error){
	"network":  (*core).network,
	"data":     (*core).describe,
	"digits":   (*core).digits,
	"read":     (*core).read,
	"evaluate": (*core).evaluate,
	"fresh":    (*core).fresh,
	"step":     (*core).step,
	"save":     (*core).save,
	"load":     nil, // its body is a file
}

// A refusal is an error with a status of HTTP. That of other errors is 400.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

func refuse(status int, format string, values ...any) error {
	return refusal{status, fmt.Sprintf(format, values...)}
}

// handle answers a request with a status of HTTP, a media type and a body. Any
// number of visitors may ask at once.
func (c *core) handle(visitor, path string, body []byte) (status int, kind string, answer []byte) {
	v, err := c.answer(visitor, path, body)
	if err != nil {
		r := refusal{400, err.Error()}
		errors.As(err, &r)
		return r.status, "text/plain; charset=utf-8", []byte(r.text)
	}
	if file, ok := v.([]byte); ok {
		return 200, "application/octet-stream", file
	}
	return 200, "application/json", encode(v)
}

// encode returns a value as JSON. All numbers here are finite.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func (c *core) answer(visitor, path string, body []byte) (any, error) {
	f, ok := requests[path]
	if !ok {
		return nil, refuse(404, "there is no request %.40q", path)
	}
	if f == nil {
		return c.load(visitor, body)
	}
	var q question
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	if n := q.Neuron; n != nil && (n[0] < 0 || n[0] > 2 || n[1] < 0 || n[1] >= len(c.shipped.Layers[n[0]].Biases)) {
		return nil, fmt.Errorf("there is no neuron %v", *n)
	}
	return f(c, visitor, q)
}

// own returns the visitor's network in training.
func (c *core) own(visitor string) (*training, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.owners, func(o owner) bool { return o.name == visitor })
	if i < 0 {
		return nil, refuse(410, "there is no network of your own")
	}
	found := c.owners[i]
	c.owners = append(slices.Delete(c.owners, i, i+1), found)
	return found.own, nil
}

// keep makes t the visitor's network. It forgets the visitor who has not asked
// for the longest time if there are too many.
func (c *core) keep(visitor string, t *training) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owners = slices.DeleteFunc(c.owners, func(o owner) bool { return o.name == visitor })
	if len(c.owners) == maxVisitors {
		c.owners = slices.Delete(c.owners, 0, 1)
	}
	c.owners = append(c.owners, owner{visitor, t})
}

// which returns the network that a question is about, with its edits.
func (c *core) which(visitor string, q question) (*nn.Network, error) {
	net := c.shipped
	switch q.Network {
	case "", "shipped":
		if len(q.Edits) > 0 {
			net = net.Clone()
		}
	case "own":
		t, err := c.own(visitor)
		if err != nil {
			return nil, err
		}
		t.mu.Lock()
		net = t.net.Clone()
		t.mu.Unlock()
	default:
		return nil, fmt.Errorf("network %.40q, need shipped or own", q.Network)
	}
	for _, e := range q.Edits {
		layer, neuron, input, value := e[0], e[1], e[2], e[3]
		if layer < 0 || layer >= 3 {
			return nil, fmt.Errorf("an edit of layer %v, need 0 to 2", layer)
		}
		l := net.Layers[int(layer)]
		if neuron < 0 || neuron >= float64(l.Weights.Cols) || input < -1 || input >= float64(l.Weights.Rows) || math.Abs(value) > maxValue {
			return nil, fmt.Errorf("the edit %v is out of range", e)
		}
		if input < 0 {
			l.Biases[int(neuron)] = value
		} else {
			l.Weights.Row(int(input))[int(neuron)] = value
		}
	}
	return net, nil
}

// A score counts the images that are read correctly.
type score struct {
	Correct int `json:"correct"`
	Count   int `json:"count"`
}

func (c *core) network(visitor string, q question) (any, error) {
	net, err := c.which(visitor, q)
	if err != nil {
		return nil, err
	}
	first, scale := quantized(net.Layers[0])
	var biases [][]float64
	for _, l := range net.Layers {
		biases = append(biases, l.Biases)
	}
	return struct {
		Sizes      []int       `json:"sizes"`
		Parameters int         `json:"parameters"`
		Bar        float64     `json:"bar"`
		Shipped    score       `json:"shipped"` // how nn.Pretrained does on MNIST's test images
		First      []byte      `json:"first"`
		Scale      float64     `json:"scale"`
		Biases     [][]float64 `json:"biases"`
	}{[]int{784, 16, 16, 10}, net.Parameters(), bar, score{9665, 10_000}, first, scale, biases}, nil
}

// quantized returns the weights of a layer as bytes, neuron by neuron. 128
// stands for 0; 1 and 255 stand for the scale and everything beyond it: the 99th
// percentile of the absolute weights, as in Layer.Picture.
func quantized(l *nn.Layer) (b []byte, scale float64) {
	w := l.Weights
	sizes := make([]float64, len(w.Data))
	for k, x := range w.Data {
		sizes[k] = math.Abs(x)
	}
	slices.Sort(sizes)
	scale = max(math.SmallestNonzeroFloat64, sizes[(99*len(sizes)+99)/100-1])
	b = make([]byte, len(w.Data))
	for k, x := range w.Data {
		b[k%w.Cols*w.Rows+k/w.Cols] = byte(128 + math.Round(127*max(-1, min(1, x/scale))))
	}
	return b, scale
}

func (c *core) describe(string, question) (any, error) {
	d := c.data()
	return struct {
		Name     string `json:"name"`
		Training int    `json:"training"`
		Tests    int    `json:"tests"`
	}{d.name, d.train.Len(), d.test.Len()}, nil
}

// A digit is an image of the test set.
type digit struct {
	Index  int    `json:"index"`
	Label  int    `json:"label"`
	Pixels []byte `json:"pixels"` // white on black
}

func (c *core) digits(_ string, q question) (any, error) {
	test, answer := c.data().test, []digit{}
	if len(q.Indices) > 100 {
		return nil, fmt.Errorf("%d digits, need at most 100", len(q.Indices))
	}
	for _, i := range q.Indices {
		if i < 0 || i >= test.Len() {
			return nil, fmt.Errorf("digit %d, need 0 to %d", i, test.Len()-1)
		}
		answer = append(answer, digit{i, int(test.Labels[i]), test.Image(i).Pix})
	}
	return answer, nil
}

// A reading is what the network makes of a drawing.
type reading struct {
	Ink         bool            `json:"ink"`
	Digit       int             `json:"digit"` // −1 if there is nothing to read
	Certainty   float64         `json:"certainty"`
	Sure        bool            `json:"sure"`
	Second      int             `json:"second"`
	Pixels      []byte          `json:"pixels,omitempty"`
	Activations [][]float64     `json:"activations,omitempty"`
	Connections [3][]connection `json:"connections"`
	Neuron      *neuron         `json:"neuron,omitempty"`
}

// A connection goes from a pixel or neuron to a neuron of the next layer. Its
// third number is the product weight·activation.
type connection [3]float64

func (c *core) read(visitor string, q question) (any, error) {
	net, err := c.which(visitor, q)
	if err != nil {
		return nil, err
	}
	input, err := prepare(q.Pixels)
	if err != nil {
		return nil, err
	}
	r := reading{Ink: slices.Max(q.Pixels) > 0, Digit: -1, Second: -1}
	var activations [][]float64 // of the input too
	if input != nil {
		activations = net.Activations(input)
		r.Activations = activations[1:]
		output := activations[3]
		r.Digit = argmax(output, -1)
		r.Second = argmax(output, r.Digit)
		r.Certainty = output[r.Digit]
		r.Sure = r.Certainty >= bar
		for _, v := range input {
			r.Pixels = append(r.Pixels, byte(math.Round(255*v)))
		}
	}
	r.Connections = connections(net, activations)
	if q.Neuron != nil {
		r.Neuron = explain(net, activations, q.Neuron[0], q.Neuron[1])
	}
	return r, nil
}

// prepare returns the network's input for a drawing, or for a digit of the test
// set as it is. It returns nil if there is no ink, or only a speck.
func prepare(pixels []byte) (input []float64, err error) {
	switch len(pixels) {
	case side * side:
		var ink image.Rectangle
		for i, v := range pixels {
			if v > 0 {
				ink = ink.Union(image.Rect(i%side, i/side, i%side+1, i/side+1))
			}
		}
		// With as much blank paper around it, even a full square is ink on paper
		// to FromImage, which knows only the brightness.
		paper := image.NewGray(ink.Inset(-4 - max(ink.Dx(), ink.Dy())/2))
		for y := ink.Min.Y; y < ink.Max.Y; y++ {
			copy(paper.Pix[paper.PixOffset(ink.Min.X, y):], pixels[y*side+ink.Min.X:y*side+ink.Max.X])
		}
		input, _ = nn.FromImage(paper)
	case 28 * 28:
		if slices.Max(pixels) > 0 {
			for _, v := range pixels {
				input = append(input, float64(v)/255)
			}
		}
	default:
		return nil, fmt.Errorf("%d pixels, need %d or %d", len(pixels), side*side, 28*28)
	}
	return input, nil
}

// argmax returns the index of the largest number whose index is not except.
func argmax(x []float64, except int) int {
	best := -1
	for i, v := range x {
		if i != except && (best < 0 || v > x[best]) {
			best = i
		}
	}
	return best
}

// connections returns the connections into each layer, the strongest first: in
// the first layer the six strongest of each neuron, in the others all. If there
// are no activations, the weights of these others count alone.
func connections(net *nn.Network, activations [][]float64) (all [3][]connection) {
	for l, layer := range net.Layers {
		inputs, most := slices.Repeat([]float64{1}, layer.Weights.Rows), 16
		if l == 0 {
			inputs, most = nil, 6
		}
		if activations != nil {
			inputs = activations[l]
		}
		all[l] = strongest(layer.Weights, inputs, most)
	}
	return all
}

// strongest returns the connections with the largest products of either sign, up
// to most of each neuron.
func strongest(weights *nn.Matrix, inputs []float64, most int) []connection {
	order := func(a, b connection) int { return cmp.Compare(math.Abs(b[2]), math.Abs(a[2])) }
	into := make([][]connection, weights.Cols) // each neuron, in order
	for i, a := range inputs {
		if a == 0 {
			continue
		}
		for j, w := range weights.Row(i) {
			c := connection{float64(i), float64(j), w * a}
			if len(into[j]) == most {
				if order(c, into[j][most-1]) >= 0 {
					continue
				}
				into[j] = into[j][:most-1]
			}
			at, _ := slices.BinarySearchFunc(into[j], c, order)
			into[j] = slices.Insert(into[j], at, c)
		}
	}
	all := []connection{}
	for _, c := range into {
		all = append(all, c...)
	}
	slices.SortFunc(all, order)
	return all
}

// A neuron is the explanation of its activation. Numbers are packed.
type neuron struct {
	Layer    int      `json:"layer"`
	Neuron   int      `json:"neuron"`
	Bias     float64  `json:"bias"`
	Weights  []byte   `json:"weights"`
	Inputs   []byte   `json:"inputs,omitempty"`
	Products []byte   `json:"products,omitempty"` // weights ⊙ inputs
	Z        *float64 `json:"z,omitempty"`        // Σ products + bias
	A        *float64 `json:"a,omitempty"`        // σ(z)
	Rival    *rival   `json:"rival,omitempty"`    // of an output
}

// A rival is the largest other output. The difference of the two sums z is a sum
// of differences:
//
//	z − z' = Σ (w−w')·a + (b−b')
type rival struct {
	Neuron int       `json:"neuron"`
	Terms  []float64 `json:"terms"`
	Bias   float64   `json:"bias"`
	Sum    float64   `json:"sum"`
}

// explain tells how neuron j of layer l came to its activation.
func explain(net *nn.Network, activations [][]float64, l, j int) *neuron {
	w, b := net.Layers[l].Weights, net.Layers[l].Biases
	n := &neuron{Layer: l, Neuron: j, Bias: b[j], Weights: packed(column(w, j))}
	if activations == nil {
		return n
	}
	// sum returns the products of neuron j and its z.
	sum := func(j int) (products []float64, z float64) {
		products = column(w, j)
		for i, a := range activations[l] {
			products[i] *= a
			z += products[i]
		}
		return products, z + b[j]
	}
	products, z := sum(j)
	n.Inputs, n.Products, n.Z, n.A = packed(activations[l]), packed(products), &z, &activations[l+1][j]
	if l == 2 {
		k := argmax(activations[3], j)
		terms, other := sum(k)
		for i := range terms {
			terms[i] = products[i] - terms[i]
		}
		n.Rival = &rival{k, terms, b[j] - b[k], z - other}
	}
	return n
}

// column returns a copy of column j: the weights of neuron j.
func column(m *nn.Matrix, j int) []float64 {
	c := make([]float64, m.Rows)
	for i := range c {
		c[i] = m.Data[i*m.Cols+j]
	}
	return c
}

// packed returns numbers as bytes: float64, little-endian.
func packed(x []float64) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// An evaluation is how well a network does on training and on test images.
type evaluation struct {
	Training struct {
		score
		Cost float64 `json:"cost"`
	} `json:"training"`
	Test struct {
		score
		Cost      float64      `json:"cost"`
		Confusion [][]int      `json:"confusion"`
		Misread   [][4]float64 `json:"misread"` // index, label, answer, largest output
	} `json:"test"`
}

func (c *core) evaluate(visitor string, q question) (any, error) {
	net, err := c.which(visitor, q)
	if err != nil {
		return nil, err
	}
	count := 1000
	if q.All {
		count = 10_000
	}
	return assess(net, c.data(), count), nil
}

// assess evaluates a network on the first count images of both sets.
func assess(net *nn.Network, data dataset, count int) (e evaluation) {
	const most = 60 // misread digits
	train, test := data.train.Slice(0, min(count, data.train.Len())), data.test.Slice(0, min(count, data.test.Len()))
	on := net.Evaluate(train, nn.Quadratic)
	e.Training.score, e.Training.Cost = score{on.Correct, on.Count}, on.Cost
	on = net.Evaluate(test, nn.Quadratic)
	e.Test.score, e.Test.Cost, e.Test.Confusion = score{on.Correct, on.Count}, on.Cost, on.Confusion
	e.Test.Misread = [][4]float64{}
	outputs := net.PredictAll(test)
	for i, label := range test.Labels {
		output := outputs.Row(i)
		if k := argmax(output, -1); k != int(label) && len(e.Test.Misread) < most {
			e.Test.Misread = append(e.Test.Misread, [4]float64{float64(i), float64(label), float64(k), output[k]})
		}
	}
	return e
}

// A training is a network that a visitor trains, and how far it is.
type training struct {
	mu    sync.Mutex
	net   *nn.Network
	sgd   *nn.SGD
	order []int // of the training images in this epoch
	next  int   // in order
	steps int
	epoch int // complete ones
}

// progress is what a visitor sees of a training.
type progress struct {
	Steps      int        `json:"steps"`
	Epoch      float64    `json:"epoch"` // how many times all examples have been seen
	Cost       *float64   `json:"cost"`  // of the mini-batches just taken
	First      []byte     `json:"first"`
	Scale      float64    `json:"scale"`
	Evaluation evaluation `json:"evaluation"`
	Gradient   *gradient  `json:"gradient,omitempty"`
	Batch      *miniBatch `json:"batch,omitempty"`
}

// A miniBatch is the last one of a request, and what its step changed.
type miniBatch struct {
	Labels     []int   `json:"labels"` // of the first ten examples
	Pixels     []byte  `json:"pixels"`
	Before     []int   `json:"before"` // the answers to them
	After      []int   `json:"after"`
	CostBefore float64 `json:"costBefore"` // of all examples
	CostAfter  float64 `json:"costAfter"`
}

// A part of the images is those with some numbers, as examples.
type part struct {
	*nn.Images
	numbers []int
}

func (p part) Len() int                               { return len(p.numbers) }
func (p part) Example(i int, input, target []float64) { p.Images.Example(p.numbers[i], input, target) }

// answers returns the digits that a network reads.
func (p part) answers(net *nn.Network) (digits []int) {
	outputs := net.PredictAll(p)
	for i := range outputs.Rows {
		digits = append(digits, argmax(outputs.Row(i), -1))
	}
	return digits
}

// A gradient is the derivatives of the cost of the last mini-batch with respect
// to the weights and the bias of a neuron.
type gradient struct {
	Layer   int     `json:"layer"`
	Neuron  int     `json:"neuron"`
	Weights []byte  `json:"weights"` // packed
	Bias    float64 `json:"bias"`
}

func (c *core) fresh(visitor string, q question) (any, error) {
	r := rand.New(rand.NewPCG(q.Seed, 0))
	t := &training{net: nn.New(r, 784, 16, 16, 10), sgd: &nn.SGD{Rand: r}}
	p := t.progress(c.data())
	c.keep(visitor, t)
	return p, nil
}

// load makes the network in a safetensors file the visitor's own.
func (c *core) load(visitor string, file []byte) (any, error) {
	net, err := nn.Load(bytes.NewReader(file))
	if err != nil {
		return nil, refuse(422, "%v", err)
	}
	if got, want := net.String(), c.shipped.String(); got != want {
		return nil, refuse(422, "%s, need %s", got, want)
	}
	for i, l := range net.Layers {
		for _, v := range slices.Concat(l.Weights.Data, l.Biases) {
			if math.Abs(v) > maxValue {
				return nil, refuse(422, "a parameter of layer %d is %v, need at most %d", i, v, maxValue)
			}
		}
	}
	t := &training{net: net, sgd: &nn.SGD{Rand: rand.New(rand.NewPCG(1, 2))}}
	p := t.progress(c.data())
	c.keep(visitor, t)
	return p, nil
}

func (c *core) save(visitor string, q question) (any, error) {
	net, err := c.which(visitor, q)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := net.Save(&file); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

// step trains the visitor's network with the next mini-batches.
func (c *core) step(visitor string, q question) (any, error) {
	costs := map[string]nn.Cost{"quadratic": nn.Quadratic, "cross-entropy": nn.CrossEntropy}
	cost, ok := costs[q.Cost]
	if !ok {
		return nil, fmt.Errorf("cost %.40q, need quadratic or cross-entropy", q.Cost)
	}
	if !(0 < q.Rate && q.Rate <= 20) || q.Batch < 1 || q.Batch > 1000 || q.Steps < 1 || q.Steps > maxExamples/q.Batch {
		return nil, fmt.Errorf("need a rate above 0 and up to 20, a batch of 1 to 1000, and steps of at most %d examples", maxExamples)
	}
	t, err := c.own(visitor)
	if err != nil {
		return nil, err
	}
	data := c.data()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sgd.Rate, t.sgd.Cost = q.Rate, cost
	mean, examples := 0.0, 0
	var batch []int
	var before *nn.Network // the last of these steps
	for i := range q.Steps {
		batch = t.batch(q.Batch, data.train.Len())
		if i == q.Steps-1 {
			before = t.net.Clone()
		}
		cost, err := t.sgd.Step(t.net, data.train, batch)
		if err != nil {
			return nil, refuse(422, "%v", err)
		}
		t.steps++
		mean += cost * float64(len(batch))
		examples += len(batch)
	}
	mean /= float64(examples)
	p := t.progress(data)
	p.Cost, p.Batch = &mean, t.changed(before, data.train, batch)
	if q.Neuron != nil {
		p.Gradient = t.gradient(before, data.train, batch, q.Neuron[0], q.Neuron[1])
	}
	return p, nil
}

// batch returns the numbers of the next examples: up to size, in an order that is
// shuffled for each epoch, as SGD.Epoch does.
func (t *training) batch(size, count int) []int {
	if t.next == len(t.order) {
		if t.order == nil {
			t.order = make([]int, count)
		} else {
			t.epoch++
		}
		for i := range t.order {
			t.order[i] = i
		}
		t.sgd.Rand.Shuffle(count, func(i, j int) { t.order[i], t.order[j] = t.order[j], t.order[i] })
		t.next = 0
	}
	from := t.next
	t.next = min(from+size, count)
	return t.order[from:t.next]
}

// changed returns what the step from the network before has changed.
func (t *training) changed(before *nn.Network, train *nn.Images, batch []int) *miniBatch {
	all, few := part{train, batch}, part{train, batch[:min(10, len(batch))]}
	l := &miniBatch{
		Before: few.answers(before), CostBefore: before.Evaluate(all, t.sgd.Cost).Cost,
		After: few.answers(t.net), CostAfter: t.net.Evaluate(all, t.sgd.Cost).Cost,
	}
	for _, i := range few.numbers {
		l.Labels = append(l.Labels, int(train.Labels[i]))
		l.Pixels = append(l.Pixels, train.Image(i).Pix...)
	}
	return l
}

// gradient returns what a step of rate 1 subtracts from the parameters of neuron
// j in layer l.
func (t *training) gradient(before *nn.Network, train *nn.Images, batch []int, l, j int) *gradient {
	after := before.Clone()
	if _, err := (&nn.SGD{Rate: 1, Cost: t.sgd.Cost}).Step(after, train, batch); err != nil {
		panic(err) // the step itself had the same cost
	}
	weights := column(before.Layers[l].Weights, j)
	for i, w := range column(after.Layers[l].Weights, j) {
		weights[i] -= w
	}
	return &gradient{l, j, packed(weights), before.Layers[l].Biases[j] - after.Layers[l].Biases[j]}
}

func (t *training) progress(data dataset) progress {
	p := progress{Steps: t.steps, Evaluation: assess(t.net, data, 1000)}
	p.Epoch = float64(t.epoch) + float64(t.next)/float64(data.train.Len())
	p.First, p.Scale = quantized(t.net.Layers[0])
	return p
}
