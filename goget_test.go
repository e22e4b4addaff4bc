package nn_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGoGet makes the working tree a released version behind a module proxy of
// files, and uses it as a stranger would, from a module of their own and
// without a network.
func TestGoGet(t *testing.T) {
	const path, version = "github.com/nn13002/nn", "v0.0.1"
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	proxy, module := t.TempDir(), t.TempDir()
	versions := filepath.Join(proxy, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(versions, 0o777); err != nil {
		t.Fatal(err)
	}
	save := func(dir, name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	save(versions, "list", version+"\n")
	save(versions, version+".info", `{"Version":"`+version+`"}`)
	save(versions, version+".mod", string(mod))
	f, err := os.Create(filepath.Join(versions, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(f)
	err = fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			if name == ".git" || d.Name() == "node_modules" || name != "." && err == nil { // a module of its own
				return fs.SkipDir
			}
			return nil
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		w, err := archive.Create(path + "@" + version + "/" + name)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	program := `package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/nn13002/nn"
)

func main() {
	xor := nn.Samples{{{0, 0}, {0}}, {{0, 1}, {1}}, {{1, 0}, {1}}, {{1, 1}, {0}}}
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 2, 4, 1)
	sgd := &nn.SGD{Rate: 5, Batch: 4, Rand: r}
	for range 5000 {
		if _, err := sgd.Epoch(net, xor); err != nil {
			panic(err)
		}
	}
	fmt.Println(net.Evaluate(xor, nn.Quadratic).Correct, nn.Pretrained().Parameters())
}
`
	save(module, "main.go", program)
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir = module
		cmd.Env = append(os.Environ(), "GOPROXY=file://"+filepath.ToSlash(proxy), "GOSUMDB=off", "GOWORK=off",
			"GOARCH=", "GOFLAGS=-modcacherw", "GOBIN="+filepath.Join(module, "bin"), "GOMODCACHE="+filepath.Join(proxy, "cache")) // which the test can then remove
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("mod", "init", "stranger")
	run("get", path)
	run("mod", "tidy")
	if got := run("list", "-m", "all"); !strings.Contains(got, path+" "+version) || strings.Count(got, "\n") != 2 {
		t.Errorf("the modules are\n%s, want this one and nn alone", got)
	}
	if got := run("run", "."); got != "4 13002\n" {
		t.Errorf("the program prints %q, want 4 of 4 and 13002 parameters", got)
	}

	for _, name := range []string{"mnist", "draw", "recognize"} {
		run("install", path+"/examples/"+name+"@latest")
		help, _ := exec.Command(filepath.Join(module, "bin", name), "-h").CombinedOutput() // some exit with an error
		if !strings.Contains(string(help), "Usage: ") || name == "mnist" && strings.Contains(string(help), "go run ./") {
			t.Errorf("%s that was installed has the help\n%s", name, help)
		}
	}

	// The parameters of Pretrained are part of a program that calls it, and of no other.
	parameters, err := os.ReadFile("pretrained.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, calls := range []bool{true, false} {
		if !calls {
			save(module, "main.go", strings.Replace(program, "nn.Pretrained()", "net", 1))
		}
		run("build", "-o", "program")
		binary, err := os.ReadFile(filepath.Join(module, "program"))
		if err != nil {
			t.Fatal(err)
		}
		if contains := bytes.Contains(binary, parameters[2000:3000]); contains != calls {
			t.Errorf("a program that calls Pretrained (%v) contains its parameters (%v)", calls, contains)
		}
	}
}
