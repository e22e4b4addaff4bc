package nn

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// LEARNING.md explains learning with numbers. Here they are held to what
// examples/learning prints, to arithmetic, and to measurements on MNIST.
var learningTexts = []string{"LEARNING.md", "LEARNING.zh-CN.md"}

// learningOutput returns what examples/learning prints.
func learningOutput(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	out, err := exec.Command("go", "run", "./examples/learning").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// A textLine is a line of a text: of a fenced block, of an indented one, or of
// neither.
type textLine struct {
	number         int
	text           string
	fence, formula bool
	language       string // of the fenced block
}

func linesOf(t *testing.T, name string) (lines []textLine) {
	t.Helper()
	fence, language := false, ""
	for i, text := range strings.Split(readme(t, name), "\n") {
		if after, found := strings.CutPrefix(text, "```"); found {
			fence, language = !fence, after
			continue
		}
		command := strings.HasPrefix(text, "    go ") || strings.HasPrefix(text, "    git ")
		formula := !fence && !command && strings.HasPrefix(text, "    ")
		lines = append(lines, textLine{i + 1, text, fence, formula, language})
	}
	return lines
}

func TestLearningShowsWhatItsProgramPrints(t *testing.T) {
	printed := strings.Split(learningOutput(t), "\n")
	for _, name := range learningTexts {
		shown := 0
		for _, line := range linesOf(t, name) {
			if line.fence && line.language == "" && !strings.HasPrefix(line.text, "go run ") {
				shown++
				if !slices.Contains(printed, line.text) {
					t.Errorf("%s:%d: examples/learning does not print %q", name, line.number, line.text)
				}
			}
		}
		if shown < 50 {
			t.Errorf("%s shows %d lines of output, want 50 or more", name, shown)
		}
	}
}

// comparisons returns pairs of neighbours in a = b = c that are both numbers or
// sums of numbers, and those of the elements of rows.
func comparisons(formula string) (pairs [][2]string) {
	for part := range strings.SplitSeq(strings.TrimSpace(formula), "     ") { // several on a line
		sides := strings.Split(part, "=")
		for i := range len(sides) - 1 {
			as, bs := elements(sides[i]), elements(sides[i+1])
			for k := range min(len(as), len(bs)) {
				_, left := calculate(as[k])
				_, right := calculate(bs[k])
				if left && right {
					pairs = append(pairs, [2]string{as[k], bs[k]})
				}
			}
		}
	}
	return pairs
}

// elements returns those of a row [a  b], or a number itself.
func elements(side string) []string {
	row, found := strings.CutPrefix(strings.TrimSpace(side), "[")
	if !found {
		return []string{side}
	}
	return strings.Split(strings.TrimSuffix(row, "]"), "  ")
}

func TestLearningsArithmeticIsRight(t *testing.T) {
	for _, name := range learningTexts {
		compared := 0
		for _, line := range linesOf(t, name) {
			if !line.formula {
				continue
			}
			for _, pair := range comparisons(line.text) {
				compared++
				left, _ := calculate(pair[0])
				right, _ := calculate(pair[1])
				if !(math.Abs(left-right) < 1.5e-4) { // its numbers are rounded to four decimals
					t.Errorf("%s:%d: %s is %.6f, not %s", name, line.number, strings.TrimSpace(pair[0]), left, strings.TrimSpace(pair[1]))
				}
			}
		}
		if compared < 50 {
			t.Errorf("%s: %d comparisons, want 50 or more", name, compared)
		}
	}
}

var numeral = regexp.MustCompile(`[0-9](?:[0-9,]*[0-9])?(?:\.[0-9]+)?`)

// numbersIn returns the numbers of a text, without signs and thousands commas.
func numbersIn(text string) (all []string) {
	for _, n := range numeral.FindAllString(text, -1) {
		all = append(all, strings.ReplaceAll(n, ",", ""))
	}
	return all
}

func TestLearningsNumbersAreComputed(t *testing.T) {
	known := map[string]bool{}
	add := func(text string) {
		for _, n := range numbersIn(text) {
			known[n] = true
		}
	}
	add(learningOutput(t))
	n := New(random(1), 784, 16, 16, 10)
	add(fmt.Sprint("784 10000 60000 6000 0.00001 ", n.Parameters(), n.Parameters()-42, " ", 2*n.Parameters()))
	if got := New(random(1), 784, 30, 10).Parameters(); got != 23860 {
		t.Errorf("784-30-10 has %d parameters", got)
	}
	white := make([]float64, 784)
	for i := range white {
		white[i] = 1
	}
	if got := Pretrained().Classify(white); got != 0 {
		t.Errorf("the answer to a white picture is %d, the text says 0", got)
	}
	add(fmt.Sprintf("%.2f %.2f", Pretrained().Predict(make([]float64, 784))[5], Pretrained().Predict(white)[0]))
	add("0.06 0.44") // measured by TestLearningsExercisesOnMNIST
	// The links of the chain rule: σ(z₂)(1−σ(z₂)) and σ(z₂) − 1.
	a := sigmoid(-3*sigmoid(1) + 1)
	add(fmt.Sprintf("%.4f %.4f", a*(1-a), 1-a))

	for _, name := range learningTexts {
		for _, line := range linesOf(t, name) {
			for _, pair := range comparisons(line.text) {
				if line.formula {
					add(pair[0] + " " + pair[1])
				}
			}
		}
		for _, line := range linesOf(t, name) {
			if strings.Contains(line.text, " % |") { // measured by TestWhenItDoesNotLearn
				continue
			}
			for _, n := range numbersIn(line.text) {
				if (len(n) > 2 || strings.Contains(n, ".")) && !known[n] {
					t.Errorf("%s:%d: nothing computes %s: %s", name, line.number, n, line.text)
				}
			}
		}
	}
}

func TestLearningsProgramRuns(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	programs := codeBlock.FindAllStringSubmatch(readme(t, "LEARNING.md"), -1)
	if len(programs) != 1 {
		t.Fatalf("LEARNING.md has %d programs, want 1", len(programs))
	}
	dir := t.TempDir()
	write(t, dir, "main.go", []byte(programs[0][1]))
	out, err := exec.Command("go", "run", filepath.Join(dir, "main.go")).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "5\n[") || !strings.Contains(string(out), " 0.30 ") {
		t.Errorf("the answer to an empty picture is to be 5, its output 0.30: %v\n%s", err, out)
	}
}

// paragraphsOf returns the paragraphs of a text, each with the number of its
// first line. A blank line ends a paragraph, except in a fenced block.
func paragraphsOf(t *testing.T, name string) (paragraphs []textLine) {
	t.Helper()
	blank, fence := true, false
	for i, line := range strings.Split(readme(t, name), "\n") {
		if line == "" && !fence {
			blank = true
			continue
		}
		if strings.HasPrefix(line, "```") {
			fence = !fence
		}
		if blank {
			paragraphs = append(paragraphs, textLine{number: i + 1})
		}
		paragraphs[len(paragraphs)-1].text += line + "\n"
		blank = false
	}
	return paragraphs
}

func TestLearningIsTheSameInBothLanguages(t *testing.T) {
	en, zh := paragraphsOf(t, "LEARNING.md"), paragraphsOf(t, "LEARNING.zh-CN.md")
	for i := range min(len(en), len(zh)) {
		a, b := en[i], zh[i]
		if isBlock := strings.HasPrefix(a.text, "```") || strings.HasPrefix(a.text, "    "); isBlock && a.text != b.text {
			t.Fatalf("LEARNING.md:%d and LEARNING.zh-CN.md:%d:\n%s\n%s", a.number, b.number, a.text, b.text)
		}
		for what, pattern := range map[string]string{
			"numbers": numeral.String(),
			"code":    "`[^`\n]+`",
			"links":   `\]\([^)]*\)`,
		} {
			all := func(text string) []string {
				if i == 1 { // the link to the other language
					return nil
				}
				found := regexp.MustCompile(pattern).FindAllString(text, -1)
				slices.Sort(found) // the order may differ, as the grammar does
				return found
			}
			if !slices.Equal(all(a.text), all(b.text)) {
				t.Errorf("%s differ in LEARNING.md:%d and LEARNING.zh-CN.md:%d:\n%q\n%q\n%s\n%s", what, a.number, b.number, all(a.text), all(b.text), a.text, b.text)
			}
		}
	}
	if len(en) != len(zh) {
		t.Errorf("LEARNING.md has %d paragraphs, LEARNING.zh-CN.md has %d", len(en), len(zh))
	}
}

// A line of code, its function and its file, in English and in Chinese.
var linesOfCode = []*regexp.Regexp{
	regexp.MustCompile("`(?P<code>[^`]+)`, `(?P<function>\\w+)` in \\[[^]]*\\]\\((?P<file>[^)]+\\.go)\\)"),
	regexp.MustCompile("`(?P<code>[^`]+)`，\\[[^]]*\\]\\((?P<file>[^)]+\\.go)\\) 的 `(?P<function>\\w+)`"),
}

func TestLearningNamesCodeTestsAndFilesThatExist(t *testing.T) {
	for i, name := range learningTexts {
		pattern := linesOfCode[i]
		found := pattern.FindAllStringSubmatch(readme(t, name), -1)
		if len(found) != 16 {
			t.Errorf("%s names %d lines of code, want 16", name, len(found))
		}
		for _, match := range found {
			code, function, file := match[pattern.SubexpIndex("code")], match[pattern.SubexpIndex("function")], match[pattern.SubexpIndex("file")]
			_, body, ok := strings.Cut(regexp.MustCompile(`func (?:\([^)]*\) )?`).ReplaceAllString(readme(t, file), "func "), "func "+function+"(")
			body, _, _ = strings.Cut(body, "\n}\n")
			if !ok || !strings.Contains(body, code) {
				t.Errorf("%s: %s in %s has no %s", name, function, file, code)
			}
		}
		for _, test := range regexp.MustCompile(`-run (\w+)`).FindAllStringSubmatch(readme(t, name), -1) {
			if tests := readme(t, "train_test.go") + readme(t, "learning_test.go"); !strings.Contains(tests, "\nfunc Test"+test[1]+"(") {
				t.Errorf("%s: there is no test %s", name, test[1])
			}
		}
		for _, file := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readme(t, name), -1) {
			if _, err := os.Stat(file[1]); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestLearningsChineseHasFullWidthPunctuation(t *testing.T) {
	code := regexp.MustCompile("`[^`]*`|\\]\\([^)]*\\)")
	half := regexp.MustCompile(`\p{Han}[*” ]*[,.;:!?()"]|[,;:!?("] ?[*“]*\p{Han}|[，。：；！？（）] |\p{Han} \p{Han}`)
	for _, line := range linesOf(t, "LEARNING.zh-CN.md") {
		text := code.ReplaceAllString(line.text, "x")
		if found := half.FindString(text); found != "" && !line.fence {
			t.Errorf("LEARNING.zh-CN.md:%d: %q in %s", line.number, found, text)
		}
	}
}

// mapped changes the inputs of other examples.
type mapped struct {
	Examples
	change func(pixel float64) float64
}

func (m mapped) Example(i int, input, target []float64) {
	m.Examples.Example(i, input, target)
	for k, pixel := range input {
		input[k] = m.change(pixel)
	}
}

// inOrder is an epoch that does not shuffle.
func inOrder(sgd *SGD, n *Network, data Examples) (cost float64, err error) {
	for first := 0; first < data.Len(); first += sgd.Batch {
		var batch []int
		for i := first; i < min(first+sgd.Batch, data.Len()); i++ {
			batch = append(batch, i)
		}
		mean, err := sgd.Step(n, data, batch)
		if err != nil {
			return 0, err
		}
		cost += mean * float64(len(batch)) / float64(data.Len())
	}
	return cost, nil
}

// TestWhenItDoesNotLearn trains 784-16-16-10 on the first 10,000 images of
// MNIST for 3 epochs, from three seeds, in ways that work and in ways that do
// not. Each cost of the last epoch and each accuracy must be in the range that
// LEARNING.md gives.
func TestWhenItDoesNotLearn(t *testing.T) {
	if testing.Short() {
		t.Skip("36 trainings")
	}
	all, test := mnist(t)
	train := all.Slice(0, 10000)
	var sorted Samples
	for digit := range byte(10) {
		for i, label := range train.Labels {
			if label == digit {
				input, target := make([]float64, 784), make([]float64, 10)
				train.Example(i, input, target)
				sorted = append(sorted, [2][]float64{input, target})
			}
		}
	}
	to255 := func(pixel float64) float64 { return 255 * pixel }
	inverted := func(pixel float64) float64 { return 1 - pixel }
	var costs, accuracies [][3]float64
	for _, c := range []struct {
		name        string
		batch       int
		rate        float64
		train, test Examples
	}{
		{"m = 1", 1, 3, train, test},
		{"m = 10", 10, 3, train, test},
		{"m = 100", 100, 3, train, test},
		{"m = 10,000", 10000, 3, train, test},
		{"η = 0.01", 10, 0.01, train, test},
		{"η = 0.3", 10, 0.3, train, test},
		{"η = 3", 10, 3, train, test},
		{"η = 30", 10, 30, train, test},
		{"η = 100", 10, 100, train, test},
		{"sorted", 10, 3, sorted, test},
		{"weights 0", 10, 3, train, test},
		{"0 to 255", 10, 3, mapped{train, to255}, mapped{test, to255}},
		{"black on white", 10, 3, mapped{train, inverted}, mapped{test, inverted}},
		{"in the test only", 10, 3, train, mapped{test, inverted}},
	} {
		var cost, accuracy [3]float64
		for seed := range cost {
			r := random(uint64(seed))
			n := New(r, 784, 16, 16, 10)
			sgd := &SGD{Rate: c.rate, Batch: c.batch, Rand: r}
			switch c.name {
			case "weights 0":
				for _, l := range n.Layers {
					clear(l.Weights.Data)
				}
			}
			for range 3 {
				var err error
				if c.name == "sorted" {
					cost[seed], err = inOrder(sgd, n, c.train)
				} else {
					cost[seed], err = sgd.Epoch(n, c.train)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			accuracy[seed] = 100 * n.Evaluate(c.test, Quadratic).Accuracy()
		}
		t.Logf("%-16s  cost %.2f   accuracy %2.0f %%", c.name, cost, accuracy)
		costs, accuracies = append(costs, cost), append(accuracies, accuracy)
	}
	for _, name := range learningTexts {
		row := 0
		for _, line := range linesOf(t, name) {
			cells := strings.Split(line.text, "|")
			if !strings.Contains(line.text, " % |") || row == len(costs) {
				continue
			}
			at := 2 // the columns of the cost and of the accuracy
			if row < 4 {
				at = 3
			}
			for seed := range 3 {
				if !within(costs[row][seed], 100, cells[at]) {
					t.Errorf("%s:%d: seed %d has the cost %.4f: %s", name, line.number, seed, costs[row][seed], line.text)
				}
				if !within(accuracies[row][seed], 1, cells[at+1]) {
					t.Errorf("%s:%d: seed %d has the accuracy %.2f %%: %s", name, line.number, seed, accuracies[row][seed], line.text)
				}
			}
			row++
		}
		if row != len(costs) {
			t.Errorf("%s has %d rows of measurements, want %d", name, row, len(costs))
		}
	}
}

// within reports whether x, rounded to a multiple of 1/scale, is in a range as
// the text writes it: 0.06–0.08, or a single value.
func within(x, scale float64, text string) bool {
	low, high, found := strings.Cut(strings.Trim(text, " %"), "–")
	if !found {
		high = low
	}
	a, errA := strconv.ParseFloat(low, 64)
	b, errB := strconv.ParseFloat(high, 64)
	x = math.Round(x * scale)
	return errA == nil && errB == nil && math.Round(a*scale) <= x && x <= math.Round(b*scale)
}

func TestLearningsExercisesOnMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("three trainings on MNIST")
	}
	mnist(t)
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	if dir := mnistFolder(); dir != "" {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("MNIST_DIR", absolute)
	}
	var measured [][2]float64 // the cost and the accuracy of the last epoch
	for _, line := range linesOf(t, "LEARNING.md") {
		if !strings.HasPrefix(line.text, "go run ./examples/mnist ") {
			continue
		}
		out, err := exec.Command("go", strings.Fields(line.text)[1:]...).Output()
		if err != nil {
			t.Fatalf("%s: %v", line.text, err)
		}
		epochs := regexp.MustCompile(`cost ([0-9.]+) .*accuracy ([0-9.]+) %`).FindAllStringSubmatch(string(out), -1)
		if len(epochs) == 0 {
			t.Fatalf("%s prints no epoch:\n%s", line.text, out)
		}
		last := epochs[len(epochs)-1]
		cost, _ := strconv.ParseFloat(last[1], 64)
		accuracy, _ := strconv.ParseFloat(last[2], 64)
		measured = append(measured, [2]float64{cost, accuracy})
	}
	for _, name := range learningTexts {
		_, section, _ := strings.Cut(readme(t, name), "**examples/mnist**")
		section, _, _ = strings.Cut(section, "**examples/story**")
		costs := regexp.MustCompile(`\b0\.[0-9][0-9]\b`).FindAllString(section, -1)
		accuracies := regexp.MustCompile(`([0-9]+) %`).FindAllStringSubmatch(section, -1)
		if len(costs) != len(measured) || len(accuracies) != len(measured) {
			t.Fatalf("%s: the costs %q and accuracies %q of %d commands", name, costs, accuracies, len(measured))
		}
		for i, m := range measured {
			cost, _ := strconv.ParseFloat(costs[i], 64)
			accuracy, _ := strconv.ParseFloat(accuracies[i][1], 64)
			if !(math.Abs(m[0]-cost) <= 0.015 && math.Abs(m[1]-accuracy) <= 1) {
				t.Errorf("%s: command %d ends with cost %.4f and %.2f %%, the text says %s and %s", name, i+1, m[0], m[1], costs[i], accuracies[i][0])
			}
		}
	}
}

// calculate returns the value of a sum such as ½·(0.2327 − 1)² or σ(−2·0.5), and
// whether the text is one.
func calculate(text string) (value float64, ok bool) {
	c := calculation{[]rune(strings.NewReplacer(" ", "", "−", "-", ",", "").Replace(text))}
	value, ok = c.sum()
	return value, ok && len(c.rest) == 0
}

type calculation struct{ rest []rune }

func (c *calculation) take(r rune) bool {
	if len(c.rest) == 0 || c.rest[0] != r {
		return false
	}
	c.rest = c.rest[1:]
	return true
}

func (c *calculation) sum() (value float64, ok bool) {
	value, ok = c.product()
	for ok {
		var next float64
		switch {
		case c.take('+'):
			next, ok = c.product()
			value += next
		case c.take('-'):
			next, ok = c.product()
			value -= next
		default:
			return value, true
		}
	}
	return 0, false
}

func (c *calculation) product() (value float64, ok bool) {
	value, ok = c.power()
	for ok {
		var next float64
		switch {
		case c.take('·'):
			next, ok = c.power()
			value *= next
		case c.take('/'):
			next, ok = c.power()
			value /= next
		default:
			return value, true
		}
	}
	return 0, false
}

func (c *calculation) power() (value float64, ok bool) {
	negative := c.take('-')
	switch {
	case c.take('½'):
		value, ok = 0.5, true
	case c.take('('):
		value, ok = c.sum()
		ok = ok && c.take(')')
	case c.take('σ'):
		ok = c.take('(')
		if ok {
			value, ok = c.sum()
			value = sigmoid(value)
			ok = ok && c.take(')')
		}
	default:
		digits := 0
		for digits < len(c.rest) && strings.ContainsRune("0123456789.", c.rest[digits]) {
			digits++
		}
		var err error
		value, err = strconv.ParseFloat(string(c.rest[:digits]), 64)
		ok, c.rest = err == nil, c.rest[digits:]
	}
	if c.take('²') {
		value *= value
	}
	if negative {
		value = -value
	}
	return value, ok
}
