package nn

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
		mod := "module reader\n\ngo 1.26\n\nrequire github.com/nn13002/nn v0.0.0\n\nreplace github.com/nn13002/nn => " + here + "\n"
		write(t, dir, "go.mod", []byte(mod))
		write(t, dir, "main.go", []byte(block[1]))
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), ".")
		build.Dir, build.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("program %d of README.md: %v\n%s", i+1, err, out)
		}
	}
}

// Code, commands, numbers and links are the same in both languages. Their order
// may differ, as the grammar does.
func TestReadmesOfBothLanguagesHaveTheSameCodeAndNumbers(t *testing.T) {
	english, chinese := readme(t, "README.md"), readme(t, "README.zh-CN.md")
	en, zh := codeBlock.FindAllString(english, -1), codeBlock.FindAllString(chinese, -1)
	if !slices.Equal(en, zh) {
		t.Error("the programs differ")
	}
	for what, pattern := range map[string]string{
		"commands": `(?m)^    [a-zA-Z].*?(?:  |$)`,
		"numbers":  `[0-9][0-9,.]*[0-9]|[0-9]`,
		"pictures": `testdata/pictures/\w+\.png`,
		"code":     "`[^`\n]+`",
	} {
		all := func(text string) []string {
			found := regexp.MustCompile(pattern).FindAllString(text, -1)
			for i := range found {
				found[i] = strings.TrimSpace(found[i])
			}
			slices.Sort(found)
			return found
		}
		if en, zh := all(english), all(chinese); !slices.Equal(en, zh) {
			t.Errorf("%s differ:\nREADME.md       %q\nREADME.zh-CN.md %q", what, en, zh)
		}
	}
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
