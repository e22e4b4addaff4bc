package nn

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func readme(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var codeBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

func TestReadmeProgramsCompile(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range codeBlock.FindAllStringSubmatch(readme(t, "README.md"), -1) {
		dir := t.TempDir()
		mod := fmt.Sprintf("module reader\n\ngo 1.26\n\nrequire github.com/nn13002/nn v0.0.0\n\nreplace github.com/nn13002/nn => %q\n", here)
		write(t, dir, "go.mod", []byte(mod))
		write(t, dir, "main.go", []byte(block[1]))
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), ".")
		build.Dir, build.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("program %d of README.md: %v\n%s", i+1, err, out)
		}
	}
}

// Code, commands, output, numbers and pictures are the same in both languages.
// Their order may differ, as the grammar does.
func TestReadmesOfBothLanguagesHaveTheSameCodeAndNumbers(t *testing.T) {
	for _, name := range []string{"README", "examples/README"} {
		english, chinese := readme(t, name+".md"), readme(t, name+".zh-CN.md")
		en, zh := codeBlock.FindAllString(english, -1), codeBlock.FindAllString(chinese, -1)
		if !slices.Equal(en, zh) {
			t.Errorf("%s: the programs differ", name)
		}
		for what, pattern := range map[string]string{
			"commands": `(?m)^    [a-zA-Z].*?(?:  |$)`,
			"output":   "(?s)```text\n.*?```",
			"numbers":  `[0-9][0-9,.]*[0-9]|[0-9]`,
			"pictures": `testdata/pictures/\w+\.png`,
			"code":     "`[^`\n]+`",
		} {
			if name != "README" && (what == "numbers" || what == "code") {
				continue // the Chinese captions say more about the English output
			}
			all := func(text string) []string {
				found := regexp.MustCompile(pattern).FindAllString(text, -1)
				for i := range found {
					found[i] = strings.TrimSpace(found[i])
				}
				slices.Sort(found)
				return found
			}
			if en, zh := all(english), all(chinese); !slices.Equal(en, zh) {
				t.Errorf("%s differ:\n%s.md       %q\n%s.zh-CN.md %q", what, name, en, name, zh)
			}
		}
	}
}

// Inline code and code blocks are English. Everywhere else a Chinese character
// has Chinese punctuation beside it.
func TestChinesePunctuationIsFullWidth(t *testing.T) {
	english := regexp.MustCompile("(?s)```.*?```|`[^`\n]*`|(?m:^    [^ ][^\n]*$)")
	halfWidth := regexp.MustCompile(`\p{Han}[,:;()!?]|[,:;()!?]\p{Han}`)
	for _, pattern := range []string{"*.zh-CN.md", "*/*.zh-CN.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Errorf("no files %s: %v", pattern, err)
		}
		for _, name := range names {
			text := english.ReplaceAllString(readme(t, name), "`")
			links := regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(text, "]")
			for i, line := range strings.Split(links, "\n") {
				for _, found := range halfWidth.FindAllString(line, -1) {
					t.Errorf("%s: half-width %q, in line %d without its code: %s", name, found, i+1, line)
				}
			}
		}
	}
}

// output runs an example and returns what it prints.
func output(t *testing.T, command string, env ...string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	words := strings.Fields(command)
	run := exec.Command(words[0], words[1:]...)
	run.Env = append(os.Environ(), env...)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

// trained runs an example that trains on MNIST. Another processor or build
// rounds otherwise, so the network that it trains reads some images otherwise.
func trained(t *testing.T, command string) string {
	t.Helper()
	mnist(t)
	if testing.Short() {
		t.Skip("trains a network: not in -short")
	}
	build := output(t, "go env GOARCH GOAMD64 GOEXPERIMENT")
	if !slices.Equal(strings.Fields(build), []string{"amd64", "v1"}) {
		t.Skipf("the figures are those of the portable build on amd64, this is %q", build)
	}
	if folder := mnistFolder(); folder != "" {
		return output(t, command, "MNIST_DIR="+folder)
	}
	return output(t, command)
}

var quotedOutput = regexp.MustCompile("(?s)    (go run [^\n]+)\n\n```text\n(.*?)```")

func TestExamplesPrintWhatTheirReadmeQuotes(t *testing.T) {
	quoted := quotedOutput.FindAllStringSubmatch(readme(t, "examples/README.md"), -1)
	if len(quoted) == 0 {
		t.Fatal("examples/README.md quotes nothing")
	}
	for _, match := range quoted {
		t.Run(strings.TrimPrefix(match[1], "go run ./examples/"), func(t *testing.T) {
			run := output
			if strings.HasSuffix(match[1], "mnist") || strings.HasSuffix(match[1], "plain") {
				run = func(t *testing.T, command string, _ ...string) string { return trained(t, command) }
			}
			out := regexp.MustCompile(`(?m) +$`).ReplaceAllString(run(t, match[1]), "")
			for _, part := range strings.Split(match[2], "…\n") {
				if !strings.Contains(out, part) {
					t.Errorf("%s does not print\n%s\nbut\n%s", match[1], part, out)
				}
			}
		})
	}
}

func TestMnistReachesTheAccuraciesInTheReadme(t *testing.T) {
	rows := regexp.MustCompile(`([0-9.]+ %) \| `+"`(go run ./examples/mnist[^`]*)`").FindAllStringSubmatch(readme(t, "README.md"), -1)
	if len(rows) != 2 {
		t.Fatalf("README.md has %d rows with an accuracy and its command, want 2", len(rows))
	}
	for _, row := range rows {
		if out := trained(t, row[2]); !strings.Contains(out, "\nAccuracy: "+row[1]+" (") {
			t.Errorf("%s does not reach %s:\n%s", row[2], row[1], out)
		}
	}
	if n := strings.Count(readme(t, "README.md"), rows[0][1]); n != 2 { // here and in the table of steps
		t.Errorf("README.md has %s %d times, want 2", rows[0][1], n)
	}
}

func TestPicturesAreThoseThatTheProgramDraws(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("another processor rounds otherwise")
	}
	dir := t.TempDir()
	output(t, "go run ./testdata/pictures "+dir)
	for _, name := range []string{"sigmoid.png", "product.png", "three.png"} {
		got, want := pixelsOf(t, filepath.Join(dir, name)), pixelsOf(t, "testdata/pictures/"+name)
		if !slices.Equal(got.Pix, want.Pix) || got.Rect != want.Rect {
			t.Errorf("%s is not what go run ./testdata/pictures testdata/pictures draws", name)
		}
	}
}

func pixelsOf(t *testing.T, name string) *image.RGBA {
	t.Helper()
	img, err := png.Decode(bytes.NewReader([]byte(readme(t, name))))
	if err != nil {
		t.Fatal(err)
	}
	return img.(*image.RGBA)
}

func TestReadmeHasTheSumsOfTheFiles(t *testing.T) {
	for _, file := range mnistFiles {
		if line := file.sum + "  " + file.name + ".gz"; !strings.Contains(readme(t, "README.md"), line) {
			t.Errorf("README.md has no line %s", line)
		}
	}
}

var functionIn = regexp.MustCompile("`(\\w+)` in \\[[^]]*\\]\\(([^)]*\\.go)\\)")

func TestReadmeNamesFunctionsThatExist(t *testing.T) {
	found := functionIn.FindAllStringSubmatch(readme(t, "README.md"), -1)
	if len(found) == 0 {
		t.Fatal("README.md names no function and its file")
	}
	for _, match := range found {
		function, file := match[1], match[2]
		if !regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + function + `\(`).MatchString(readme(t, file)) {
			t.Errorf("README.md: %s has no function %s", file, function)
		}
	}
}

// These examples need no data and no connection.
func TestExamplesFitATerminalOf80Columns(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	for _, name := range []string{"neuron", "layers", "learning", "story"} {
		out, err := exec.Command("go", "run", "./examples/"+name).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		for line := range strings.Lines(string(out)) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 {
				t.Errorf("%s: too wide: %q", name, line)
			}
		}
	}
}

// The promises that no single call can show.
func TestTheLibraryReadsOneVariablePrintsNothingAndNeverExits(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := regexp.MustCompile(`os\.(Getenv|LookupEnv|Environ|ExpandEnv|TempDir|UserHomeDir|UserConfigDir|Stdout|Stderr|Exit)\b[^,)]*|fmt\.Print|\blog\.|println\(|import "C"`)
	var found []string
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			found = append(found, calls.FindAllString(readme(t, name), -1)...)
		}
	}
	if want := []string{`os.Getenv("MNIST_DIR"`}; !slices.Equal(found, want) {
		t.Errorf("the library has %q, want %q", found, want)
	}
}

// testdata/promises.md names the tests of each promise.
func TestThePromisesHaveTests(t *testing.T) {
	declared := map[string]bool{}
	for _, pattern := range []string{"*_test.go", "examples/*/*_test.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			for _, match := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w+)\(`).FindAllStringSubmatch(readme(t, name), -1) {
				declared[match[1]] = true
			}
		}
	}
	promises := 0
	for line := range strings.Lines(readme(t, "testdata/promises.md")) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 || strings.Contains(line, "---") || strings.TrimSpace(cells[2]) == "tests" {
			continue
		}
		promises++
		tests := strings.Fields(strings.ReplaceAll(cells[2], ",", " "))
		if len(tests) == 0 {
			t.Errorf("no test of %s", cells[1])
		}
		for _, test := range tests {
			if !declared[test] && test != "`.ci/run`" {
				t.Errorf("there is no test %s, which the promises name", test)
			}
		}
	}
	if promises < 50 {
		t.Errorf("%d promises, want 50 or more", promises)
	}
}
