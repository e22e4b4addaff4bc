package recipes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// copied copies a recipe into a module of its own, in a folder whose name has a
// space, builds it there, and returns its folder and the program.
func copied(t *testing.T, recipe string) (dir, program string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	dir = filepath.Join(t.TempDir(), "an empty module")
	if err := os.CopyFS(dir, os.DirFS(recipe)); err != nil {
		t.Fatal(err)
	}
	library, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "program.exe") // a name that Windows runs too
	for _, args := range [][]string{
		{"mod", "init", "example.com/recipe"},
		{"mod", "edit", "-require=github.com/nn13002/nn@v0.0.0", "-replace=github.com/nn13002/nn=" + library},
		{"vet", "main.go"},
		{"build", "-o", program, "."},
	} {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return dir, program
}

// run runs a recipe in its folder and returns what it prints.
func run(t *testing.T, dir, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// numbers returns the numbers that the pattern's group finds in a text.
func numbers(t *testing.T, text, pattern string, count int) (all []float64) {
	t.Helper()
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	if len(all) != count {
		t.Fatalf("%d of %s, want %d, in:\n%s", len(all), pattern, count, text)
	}
	return all
}

func mustRun(t *testing.T, recipe string) string {
	t.Helper()
	dir, program := copied(t, recipe)
	out, err := run(t, dir, program)
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return out
}

func TestSineIsFittedWithin5Hundredths(t *testing.T) {
	for _, worst := range numbers(t, mustRun(t, "sine"), `off by at most (\S+)`, 2) {
		if worst > 0.05 {
			t.Errorf("off by %v", worst)
		}
	}
}

func TestFlowersHeldBackAreToldApart(t *testing.T) {
	out := mustRun(t, "flowers")
	if accuracy := numbers(t, out, `accuracy (\S+) %`, 1)[0]; accuracy < 95 || !strings.Contains(out, "of 30 examples") {
		t.Errorf("want 95 %% or more of 30 flowers:\n%s", out)
	}
	if sure := numbers(t, out, `\nA new flower: versicolor, probabilities \[\S+ (\S+) \S+\]\n`, 1)[0]; sure < 0.9 {
		t.Errorf("a versicolor has the probability %v", sure)
	}
}

func TestSoftmaxReadsMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a network: not in -short")
	}
	dir, program := copied(t, "softmax")
	if _, err := os.Stat("../../../shared/mnist"); err == nil && os.Getenv("MNIST_DIR") == "" {
		folder, err := filepath.Abs("../../../shared/mnist")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("MNIST_DIR", folder)
	}
	out, err := run(t, dir, program)
	if strings.Contains(out, "-fetch") || strings.Contains(out, "MNIST_DIR") {
		t.Skip("needs MNIST: ", out)
	}
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	if accuracy := numbers(t, out, `accuracy (\S+) %`, 1)[0]; accuracy < 94.5 {
		t.Errorf("accuracy %v %%, want 94.5 or more", accuracy)
	}
}

func TestSoftmaxSaysHowToGetMNIST(t *testing.T) {
	dir, program := copied(t, "softmax")
	t.Setenv("MNIST_DIR", filepath.Join(dir, "none"))
	out, err := run(t, dir, program)
	if err == nil || !strings.Contains(out, "go run github.com/nn13002/nn/examples/mnist@latest -fetch") {
		t.Errorf("error %v:\n%s", err, out)
	}
}

func TestEarlystopKeepsTheBest(t *testing.T) {
	out := mustRun(t, "earlystop")
	best := numbers(t, out, `the best, of epoch (\d+)`, 1)[0]
	epochs := strings.Count(out, "\nepoch ") + 1
	costs := numbers(t, out, `: cost (\S+),`, epochs+1)
	if int(best) != epochs-5 || costs[epochs] != costs[int(best)-1] {
		t.Errorf("want five epochs after the best, and its cost:\n%s", out)
	}
	for _, cost := range costs {
		if cost < costs[epochs] {
			t.Errorf("cost %v is below the best", cost)
		}
	}
}

func TestCancelStopsWithinAnEpoch(t *testing.T) {
	if out := mustRun(t, "cancel"); !regexp.MustCompile(`^stopped after \d\.\d{3} s: context deadline exceeded\n$`).MatchString(out) {
		t.Errorf("prints %q", out)
	}
}

func TestPicturesOfOnesOwnAreLearned(t *testing.T) {
	dir, program := copied(t, "pictures")
	costs := func(args ...string) []float64 {
		out, err := run(t, dir, program, args...)
		if err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		return numbers(t, out, `of 10 examples\), cost (\S+)`, 2)
	}
	before := costs()
	if before[1] >= before[0] {
		t.Errorf("cost %v before, %v after", before[0], before[1])
	}
	// What lies beside the pictures changes nothing, nor does a second run inside.
	digits := filepath.Join(dir, "digits")
	picture, err := os.ReadFile(filepath.Join(digits, "3.png"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"monday.png": picture, "20261125.png": picture, "3-1-grey.png": picture, "5/first-5-28x28.png": picture,
		"4.txt": []byte("four"), "7/cut.png": picture[:len(picture)/2], "mine.safetensors": nil, "8/.hidden": nil,
	} {
		if err := os.WriteFile(filepath.Join(digits, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if after := costs(); !slices.Equal(after, before) {
		t.Errorf("costs %v, with other files in the folder %v", before, after)
	}
	dir, program = digits, filepath.Join(dir, "program.exe")
	if after := costs("."); !slices.Equal(after, before) {
		t.Errorf("costs %v, from inside the folder %v", before, after)
	}
}

func TestPicturesNamesTheFolderWithoutAny(t *testing.T) {
	dir, program := copied(t, "pictures")
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"none", "empty"} {
		out, err := run(t, dir, program, folder)
		if err == nil || !strings.HasSuffix(out, `in the folder "`+folder+"\"\n") || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: error %v, prints %q", folder, err, out)
		}
	}
}

func TestResumeGoesOnWhereItStopped(t *testing.T) {
	dir, program := copied(t, "resume")
	var before, after []string
	for range 3 {
		out, err := run(t, dir, program)
		if err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		before = append(before, fmt.Sprint(numbers(t, out, `before: +(\S+) %`, 1)))
		after = append(after, fmt.Sprint(numbers(t, out, `after: +(\S+) %`, 1)))
	}
	if before[1] != after[0] || before[2] != after[1] || after[2] == before[0] {
		t.Errorf("accuracies before %v and after %v", before, after)
	}
}

func TestWebBuildsInAnEmptyModule(t *testing.T) {
	copied(t, "web") // its own test posts pictures to it
}

func TestEmbedAnswersTheExclusiveOr(t *testing.T) {
	if out, want := mustRun(t, "embed"), "2-4-1 sigmoid, 17 parameters\n[0 0] 0\n[0 1] 1\n[1 0] 1\n[1 1] 0\n"; out != want {
		t.Errorf("prints\n%swant\n%s", out, want)
	}
}

// Comments, blank lines and imports do not count.
func TestARecipeHasFewerThan40LinesOfCode(t *testing.T) {
	files, err := filepath.Glob("*/main.go")
	if err != nil || len(files) != 9 {
		t.Fatalf("%d recipes, error %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code := regexp.MustCompile(`(?s)import \(.*?\n\)`).ReplaceAllString(string(text), "")
		code = regexp.MustCompile(`(?m)^\s*(//.*)?$\n?`).ReplaceAllString(code, "")
		if n := strings.Count(code, "\n"); n >= 40 {
			t.Errorf("%s has %d lines", file, n)
		}
	}
}
