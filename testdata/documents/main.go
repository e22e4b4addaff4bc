// Documents runs every command that the documents and the comments of the
// programs show, in a fresh clone of the last commit, below a folder with a space
// in its name:
//
//	go run ./testdata/documents            # what takes seconds
//	go run ./testdata/documents -long      # everything that can be run
//	go run ./testdata/documents -run ONNX  # the commands that match
//	go run ./testdata/documents -n         # only lists the commands, and how they are run
//
// It prints each command with its time, and names what it leaves out and why. It
// exits with status 1 if a command fails, or prints another figure than a document
// gives. It needs Linux, git and, in MNIST_DIR, MNIST. Tests compare what the
// examples print: ExamplesPrint, Mnist and Learning in the root's tests.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Commands that are left out, and why.
var leftOut = []struct{ pattern, why string }{
	{`^git clone `, "this program clones the repository from here"},
	{`^go (install|get)$`, "only the name of a command"},
	{`nn13002.*@latest|^go get `, "the module is not published yet; TestGoGet does this with a module proxy of files"},
	{`^go env -w `, "it changes a setting of the user"},
	{`/path/to/|^f, err`, "a place to fill in"},
	{`^git tag `, "it makes a release"},
	{`^bash \.ci/run`, "it is everything at once, and runs most of these commands itself"},
	{`testdata/pretrain`, "it trains for hours"},
	{`testdata/documents`, "it is this program"},
	{`^npm install `, "it belongs into another project"},
}

// Figures that a command prints and a document gives, where no test compares them.
var figures = []struct{ pattern, printed, document, given string }{
	{`-run Sure`, `\| (0\.[0-9]+ \| .*) \|`, "README.md", "| $1 |"},
	{`-run PretrainedReads9665`, `accuracy ([0-9.]+ %)`, "README.md", "| $1 |"},
	{`-run PlainRecipes`, `mean ([0-9.]+ %)`, "README.md", "| $1 on average, "},
	{`-run XOR`, `2-4-1 learned XOR from ([0-9]+) of`, "README.md", "| with $1 of 100 seeds; "},
	{`-run XOR`, `2-2-1 learned XOR from ([0-9]+) of`, "README.md", "; with $1 |"},
	{`-run ONNXRuntimeReads`, `([0-9]+) with an output`, "README.md", "in $1 images an output differs by more than 1e-6"},
	{`-run PretrainedReadsDistorted`, `Pretrained ([0-9.]+) %`, "accuracy.md", "| $1 |"},
	{`recipes/sine`, `off by at most ([0-9.]+)`, "examples/README.md", " $1 "},
	{`recipes/flowers`, `accuracy ([0-9.]+ %) \(([0-9]+ of [0-9]+) examples`, "examples/README.md", "| $1 of the flowers held back ($2), "},
	{`recipes/softmax`, `accuracy ([0-9.]+ %)`, "examples/README.md", "| $1 of the test images |"},
	{`-cover`, `coverage: ([0-9.]+)% of`, "CONTRIBUTING.md", " $1 % of the statements"},
}

// How a command is run that cannot be run as it is, and why.
var changes = []struct{ pattern, instead, why string }{
	{`^MNIST_DIR=… `, ``, "MNIST_DIR is set"},
	{` \[[^]]*\]`, ``, "without what may be left out"},
	{`/tmp/`, `../`, "not into the common folder"},
	{`^python3 ([a-z]+\.py.*)`, `/usr/bin/python3 $1 && git diff --stat --exit-code -- .`, "by the system's Python, which has the packages; nothing changes"},
	{`photo\.(png|jpg)`, `testdata/pictures/three.png`, "this picture is there"},
	{`recipes/pictures FOLDER`, `recipes/pictures examples/recipes/pictures/digits`, "this folder is there"},
	{`^sha256sum \*\.gz`, `cd "$$MNIST_DIR" && $0`, "in the folder of MNIST"},
	{`^go run \./examples/(draw|recipes/web)$`, `go build -o ../server ./examples/$1 && { timeout -s INT 3 ../server; [ $$? = 124 ]; }`, "a server, for three seconds"},
	{`^python3 -m http.server .*`, `timeout 3 $0 || [ $$? = 124 ]`, "a server, for three seconds"},
	{`^go mod edit .*`, `mkdir ../own && cp examples/recipes/sine/main.go ../own && cd ../own && go mod init own && $0 && go run .`, "in a module with a recipe"},
	{`-fuzztime 10m`, `-fuzztime 10s`, "shorter"},
	{`-count \d+`, `-count 1`, "once"},
	{`-bench (\S+ -benchmem|'[^E][^']*'|\.)`, `$0 -benchtime 1x`, "each benchmark once"},
	{`-benchtime 8s`, `-benchtime 1s`, "shorter"},
	{`(testdata/compare)( -rounds \d+)?`, `$1 -rounds 1 -benchtime 1x`, "once"},
	{`(testdata/mutations)( -every \d+)?`, `$1 -every 100`, "a hundredth of the faults"},
	{`benchstat@latest old.txt new.txt`, `benchstat@latest old.txt old.txt`, "without a change to compare"},
}

// Commands that take from half a minute to many.
var long = regexp.MustCompile(`^go test (-race |-short )*\./\.\.\.|simd go test|testdata/(compare|mutations|peers)|-bench \.|WhenItDoesNotLearn|PlainRecipes|PretrainedReadsDistorted|-cover|Batch`)

var command = regexp.MustCompile(`^([A-Z_]+=\S+ )*(go|gofmt|git|bash|cd|cp|mkdir|export|npm|python3|sha256sum|testdata/peers/run)( |$)`)

// A block is commands that a document shows one below the other.
type block struct {
	at       string
	commands []string
}

func main() {
	all := flag.Bool("long", false, "also run what takes minutes")
	only := flag.String("run", "", "only run the commands that match this `pattern`")
	list := flag.Bool("n", false, "run nothing")
	flag.Parse()
	blocks, err := find()
	if err == nil {
		err = run(blocks, *all, regexp.MustCompile(*only), *list)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// find returns the commands in indented lines, in fenced blocks, in `code`, and
// in the comments of programs. The Chinese documents have the same commands.
func find() (blocks []block, err error) {
	for _, pattern := range []string{"*.md", "examples/*.md", "examples/*/main.go", "examples/recipes/*/main.go", "testdata/*/main.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			if !strings.HasSuffix(name, ".zh-CN.md") && name != "testdata/documents/main.go" {
				blocks = append(blocks, commandsIn(name, string(text))...)
			}
		}
	}
	return blocks, nil
}

func commandsIn(name, text string) (blocks []block) {
	inline := regexp.MustCompile("`([^`]*)`")
	language, goes := "", false // on, from the line before
	for i, line := range strings.Split(text, "\n") {
		at := fmt.Sprintf("%s:%d", name, i+1)
		if after, found := strings.CutPrefix(line, "```"); found {
			language = cmp.Or(after, "a fence")
			goes = false
			continue
		}
		shown, indented := strings.CutPrefix(line, "    ")
		if strings.HasSuffix(name, ".go") {
			shown, indented = strings.CutPrefix(line, "//\t")
		} else if line != "" && strings.HasPrefix(line, "go ") && language == "a fence" {
			shown, indented = line, true
		}
		shown, _, _ = strings.Cut(shown, " # ")
		shown = strings.TrimSpace(shown)
		if indented && command.MatchString(shown) {
			if !goes {
				blocks = append(blocks, block{at: at})
			}
			last := &blocks[len(blocks)-1]
			last.commands = append(last.commands, shown)
			goes = true
			continue
		}
		goes = false
		if strings.HasSuffix(name, ".go") || indented {
			continue
		}
		for _, match := range inline.FindAllStringSubmatch(line, -1) {
			if code := strings.ReplaceAll(match[1], `\|`, "|"); command.MatchString(code) && strings.Contains(code, " ") {
				blocks = append(blocks, block{at, []string{code}})
			}
		}
	}
	return blocks
}

func run(blocks []block, all bool, only *regexp.Regexp, list bool) error {
	dir, err := os.MkdirTemp("", "the documents ")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	clone := filepath.Join(dir, "nn")
	if out, err := exec.Command("git", "clone", "--quiet", ".", clone).CombinedOutput(); err != nil {
		return fmt.Errorf("git clone: %w\n%s", err, out)
	}
	ran, failed, seen := 0, 0, map[string]bool{}
	for _, b := range blocks {
		folder := clone
		for _, c := range b.commands {
			if to, found := strings.CutPrefix(c, "cd "); found {
				folder = filepath.Join(folder, to)
				continue
			}
			changed, why := prepare(c)
			if seen[changed] && changed != "" || !only.MatchString(c) {
				continue
			}
			seen[changed] = true
			fmt.Printf("%s: %s\n", b.at, c)
			if changed == "" {
				fmt.Printf("    left out: %s\n", why)
				continue
			}
			if !all && long.MatchString(c) {
				fmt.Println("    left out: with -long only")
				continue
			}
			if changed != c {
				fmt.Printf("    as %s (%s)\n", changed, why)
			}
			if list {
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
			shell := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", changed)
			shell.Dir, shell.WaitDelay = folder, time.Second
			start := time.Now()
			out, err := shell.CombinedOutput()
			cancel()
			if err == nil {
				err = compare(c, string(out))
			}
			if ran++; err != nil {
				failed++
				fmt.Printf("    FAILED after %.1f s: %v\n%s\n", time.Since(start).Seconds(), err, out)
				continue
			}
			fmt.Printf("    ok %.1f s\n", time.Since(start).Seconds())
		}
	}
	fmt.Printf("%d commands, %d failed\n", ran, failed)
	if failed > 0 {
		return fmt.Errorf("%d of %d commands failed", failed, ran)
	}
	return nil
}

// prepare returns how a command is run, and why not as it is. It returns "" for
// one that is left out.
func prepare(c string) (changed, why string) {
	for _, l := range leftOut {
		if regexp.MustCompile(l.pattern).MatchString(c) {
			return "", l.why
		}
	}
	changed, reasons := c, []string{}
	for _, change := range changes {
		pattern := regexp.MustCompile(change.pattern)
		if was := changed; pattern.MatchString(was) {
			changed = pattern.ReplaceAllString(was, change.instead)
			reasons = append(reasons, change.why)
		}
	}
	return changed, strings.Join(reasons, "; ")
}

// compare reports a figure that a document gives otherwise than the command does.
func compare(c, out string) error {
	for _, f := range figures {
		if !regexp.MustCompile(f.pattern).MatchString(c) {
			continue
		}
		text, err := os.ReadFile(f.document)
		if err != nil {
			return err
		}
		printed := regexp.MustCompile(f.printed)
		all := printed.FindAllString(out, -1)
		if len(all) == 0 {
			return fmt.Errorf("it does not print %s", f.printed)
		}
		for _, found := range all {
			if given := printed.ReplaceAllString(found, f.given); !strings.Contains(string(text), given) {
				return fmt.Errorf("%s does not say %q", f.document, given)
			}
		}
	}
	return nil
}
