// Mutations tests the tests. It makes small faults in the library, one at a
// time, and runs the tests that execute the faulty line, until one fails. A
// fault that no test notices survives.
//
//	go run ./testdata/mutations                      # every file of the package
//	go run ./testdata/mutations train.go sparse.go   # these files
//	go run ./testdata/mutations -every 10            # each tenth fault, as a sample
//
// It works in a copy of the repository. Compiling takes longer than testing, so
// hundreds of faults are compiled into one test binary: each is a copy of its
// function, and an environment variable says which copy runs. Only a fault
// outside functions needs a binary of its own. A fault that does not compile does
// not count. A test that takes several times its usual time has failed.
//
// It ends with the score of each file, and with code 1 if a score is too low.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The algorithm and its inner loops must reach a higher score, in percent.
const barAll, barCore = 85, 95

var core = strings.Fields("matrix.go activation.go layer.go network.go train.go cost.go minibatch.go sparse.go kernels.go kernels_portable.go kernels_simd.go")

// A mutant is a fault: new in the place of old.
type mutant struct {
	id       int
	function *ast.FuncDecl // nil outside functions
	old, new string
	at       token.Position // of old
	line     string         // of the file, that at is in
	caught   bool
}

// others are what a tired programmer might write instead.
var others = map[string]string{
	"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "&", "&^": "&", "&&": "||", "||": "&&",
	"==": "!=", "!=": "==", "<": "<= >=", "<=": "< >", ">": ">= <=", ">=": "> <", "++": "--", "--": "++",
	"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "<<=": ">>=", ">>=": "<<=", "true": "false", "false": "true", "min": "max", "max": "min",
}

var (
	every   = flag.Int("every", 1, "try each `N`th fault only")
	verbose = flag.Bool("v", false, "print every fault, not only the survivors")
	fset    = token.NewFileSet()
	dir     string                // the copy of the repository
	sources = map[string]string{} // the files' text by their name
	tests   []*test               // the fastest first
)

func offset(p token.Pos) int { return fset.Position(p).Offset }

// find returns the faults that can be made in a file. The first gets the number id.
func find(id int, src string, file *ast.File) (all []*mutant) {
	lines := strings.Split(src, "\n")
	text := func(from, to token.Pos) string { return src[offset(from):offset(to)] }
	for _, d := range file.Decls {
		function, _ := d.(*ast.FuncDecl)
		add := func(from, to token.Pos, new string) {
			m := &mutant{id: id + len(all), function: function, old: text(from, to), new: new, at: fset.Position(from)}
			if m.line = strings.TrimSpace(lines[m.at.Line-1]); !m.equivalent() {
				all = append(all, m)
			}
		}
		replace := func(at token.Pos, old string) {
			for _, new := range strings.Fields(others[old]) {
				add(at, at+token.Pos(len(old)), new)
			}
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				replace(n.Pos(), n.Name)
			case *ast.BinaryExpr:
				replace(n.OpPos, n.Op.String())
			case *ast.UnaryExpr:
				if n.Op == token.SUB || n.Op == token.NOT || n.Op == token.XOR {
					add(n.Pos(), n.X.Pos(), "")
				}
			case *ast.BasicLit:
				for i, new := range []string{"(%+1)", "(%-1)", "(2*%)", "0"} {
					if (n.Kind == token.INT || n.Kind == token.FLOAT) && (i < 2 || strings.Trim(n.Value, "0.") != "") {
						add(n.Pos(), n.End(), strings.ReplaceAll(new, "%", n.Value))
					}
				}
			case *ast.SliceExpr:
				if n.Slice3 {
					add(n.High.End(), n.Max.End(), "")
				}
			case *ast.IfStmt:
				cond := text(n.Cond.Pos(), n.Cond.End())
				add(n.Cond.Pos(), n.Cond.End(), "("+cond+") && false")
				if b, ok := n.Cond.(*ast.BinaryExpr); !ok || b.Op == token.LAND || b.Op == token.LOR {
					add(n.Cond.Pos(), n.Cond.End(), "!("+cond+")")
				}
			case *ast.RangeStmt:
				add(n.X.End(), n.X.End(), "-1")
				add(n.X.End(), n.X.End(), "[1:]")
			case *ast.AssignStmt:
				replace(n.TokPos, n.Tok.String())
				if n.Tok != token.DEFINE {
					add(n.Pos(), n.End(), "")
				}
			case *ast.IncDecStmt:
				replace(n.TokPos, n.Tok.String())
				add(n.Pos(), n.End(), "")
			case *ast.ExprStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt, *ast.BranchStmt, *ast.ReturnStmt:
				add(n.Pos(), n.End(), "")
			case *ast.CallExpr:
				called := text(n.Fun.Pos(), n.Fun.End())
				return called != "panic" && called != "fmt.Errorf" // the words of a message are no behaviour
			}
			return true
		})
	}
	return all
}

// apply returns the source from one offset to another, with the fault in it.
func (m *mutant) apply(src string, from, to int) string {
	return src[from:m.at.Offset] + m.new + src[m.at.Offset+len(m.old):to]
}

// instrument returns a file with a copy of its function for each fault, and with
// a switch at the beginning of each such function.
func instrument(src string, mutants []*mutant) string {
	out, cases, copies, done := "", "", "", 0
	for i, m := range mutants {
		f := m.function
		if f == nil { // it is alone
			return m.apply(src, 0, len(src))
		}
		var names []string
		for _, field := range f.Type.Params.List {
			for _, n := range field.Names {
				names = append(names, n.Name)
			}
			if _, variadic := field.Type.(*ast.Ellipsis); variadic {
				names[len(names)-1] += "..."
			}
		}
		call := fmt.Sprintf("mutant%d(%s)", m.id, strings.Join(names, ", "))
		if f.Recv != nil {
			call = f.Recv.List[0].Names[0].Name + "." + call
		}
		if f.Type.Results != nil {
			cases += fmt.Sprintf("case %d: return %s; ", m.id, call)
		} else {
			cases += fmt.Sprintf("case %d: %s; return; ", m.id, call)
		}
		copies += fmt.Sprintf("\n//line mutant%d:1\n%smutant%d%s\n", m.id, src[offset(f.Pos()):offset(f.Name.Pos())], m.id,
			m.apply(src, offset(f.Name.End()), offset(f.End())))
		if i+1 == len(mutants) || mutants[i+1].function != f {
			body := offset(f.Body.Lbrace) + 1
			out += src[done:body] + " if mutant != 0 { switch mutant { " + cases + "} };"
			cases, done = "", body
		}
	}
	return out + src[done:] + copies
}

const switchFile = `package nn
import ("os"; "strconv")
var mutant, _ = strconv.Atoi(os.Getenv("NN_MUTANT"))
`

// A test is a test, an example or a fuzz target with its inputs in testdata.
type test struct {
	name  string
	time  time.Duration
	lines map[string]bool // that it executes, as file:line
	files map[string]bool // of these lines
}

func command(timeout time.Duration, mutant int, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if args[0] != "go" && runtime.GOOS != "windows" { // a fault may ask for all memory
		args = append([]string{"sh", "-c", `ulimit -v 6000000; exec "$0" "$@"`}, args...)
	}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Dir, c.Env, c.WaitDelay = dir, append(os.Environ(), fmt.Sprint("NN_MUTANT=", mutant)), time.Second
	out, err := c.CombinedOutput()
	return string(out), err
}

// each calls f for every item, several at a time.
func each[T any](items []T, f func(T)) {
	slots, done := make(chan bool, runtime.GOMAXPROCS(0)), sync.WaitGroup{}
	for _, item := range items {
		slots <- true
		done.Go(func() { f(item); <-slots })
	}
	done.Wait()
}

var (
	passed      = regexp.MustCompile(`--- PASS: \w+ \((\S+)\)`)
	fails       = regexp.MustCompile(`--- FAIL: (\w+) `)
	mention     = regexp.MustCompile(`mutant\d+`)
	profileLine = regexp.MustCompile(`(?m)/([^/]+\.go):(\d+)\.\d+,(\d+)\.\d+ \d+ 1$`)
)

// measure runs each test alone, to learn what it executes and how long it takes.
func measure() {
	binary := filepath.Join(dir, "cover.test")
	out, err := command(time.Hour, 0, "go", "test", "-c", "-cover", "-o", binary, ".")
	must(err, out)
	out, err = command(time.Hour, 0, binary, "-test.list", "^(Test|Example|Fuzz)")
	must(err, out)
	for name := range strings.FieldsSeq(out) {
		tests = append(tests, &test{name: name, lines: map[string]bool{}, files: map[string]bool{}})
	}
	each(tests, func(t *test) {
		profile := filepath.Join(dir, t.name+".cover")
		out, err := command(time.Hour, 0, binary, "-test.v", "-test.short", "-test.run", oneOf(t.name), "-test.coverprofile", profile)
		pass := passed.FindStringSubmatch(out)
		if err != nil || pass == nil {
			return
		}
		t.time, _ = time.ParseDuration(pass[1])
		t.time += time.Millisecond
		text, err := os.ReadFile(profile)
		must(err, "")
		for _, m := range profileLine.FindAllStringSubmatch(string(text), -1) {
			from, _ := strconv.Atoi(m[2])
			to, _ := strconv.Atoi(m[3])
			t.files[m[1]] = true
			for ; from <= to; from++ {
				t.lines[fmt.Sprint(m[1], ":", from)] = true
			}
		}
	})
	tests = slices.DeleteFunc(tests, func(t *test) bool { return t.time == 0 }) // fails without a fault, or is skipped
	slices.SortFunc(tests, func(a, b *test) int { return cmp.Compare(a.time, b.time) })
}

// covering returns the tests that execute the fault, the fastest first. Those of
// a fault outside functions execute anything of its file.
func (m *mutant) covering() []*test {
	line := m.at.Line
	if strings.HasPrefix(m.line, "case ") { // which is executed with the switch before it
		line = fset.Position(m.function.Pos()).Line
	}
	return slices.DeleteFunc(slices.Clone(tests), func(t *test) bool {
		if m.function == nil {
			return !t.files[m.at.Filename]
		}
		return !t.lines[fmt.Sprint(m.at.Filename, ":", line)]
	})
}

// try runs tests against a mutant until one fails. A test that fails without a
// fault too does not count: the switches cost time and memory.
func (m *mutant) try(binary string, tests []*test, passes map[string]func() bool) {
	for len(tests) > 0 && !m.caught {
		sum, names := time.Duration(0), []string{}
		for _, t := range tests { // fast tests share a process
			if sum < time.Second/3 {
				sum, names = sum+t.time, append(names, t.name)
			}
		}
		out, err := command(5*sum+5*time.Second, m.id, binary, "-test.short", "-test.failfast", "-test.run", oneOf(names...))
		done := names
		if failed := fails.FindStringSubmatch(out); err != nil && failed != nil {
			done = failed[1:]
		}
		m.caught = err != nil && (len(done) > 1 || passes[done[0]]())
		tests = slices.DeleteFunc(tests, func(t *test) bool { return slices.Contains(done, t.name) })
	}
}

func oneOf(names ...string) string { return "^(" + strings.Join(names, "|") + ")$" }

// check compiles mutants into one test binary, tries them, and returns those that
// compile.
func check(mutants []*mutant) []*mutant {
	binary := filepath.Join(dir, "faulty.test")
	for ok := false; !ok && len(mutants) > 0; {
		for name, src := range sources {
			in := slices.DeleteFunc(slices.Clone(mutants), func(m *mutant) bool { return m.at.Filename != name })
			must(os.WriteFile(filepath.Join(dir, name), []byte(instrument(src, in)), 0o666), "")
		}
		out, err := command(time.Hour, 0, "go", "test", "-c", "-gcflags=-e", "-o", binary, ".")
		wrong, before := mention.FindAllString(out, -1), len(mutants)
		mutants = slices.DeleteFunc(mutants, func(m *mutant) bool {
			return err != nil && (m.function == nil || slices.Contains(wrong, fmt.Sprint("mutant", m.id)))
		})
		if ok = err == nil; !ok && len(mutants) == before {
			must(err, out)
		}
	}
	passes := map[string]func() bool{}
	for _, t := range tests {
		passes[t.name] = sync.OnceValue(func() bool {
			if mutants[0].function == nil { // it has no switch
				return true
			}
			_, err := command(time.Hour, 0, binary, "-test.short", "-test.run", oneOf(t.name))
			return err == nil
		})
	}
	each(mutants, func(m *mutant) {
		m.try(binary, m.covering(), passes)
		if !m.caught {
			fmt.Printf("%s survives: %q → %q in  %s\n", m.at, m.old, m.new, m.line)
		} else if *verbose {
			fmt.Printf("%s is caught: %q → %q in  %s\n", m.at, m.old, m.new, m.line)
		}
	})
	return mutants
}

func main() {
	flag.Parse()
	var err error
	dir, err = os.MkdirTemp("", "mutations")
	must(err, "")
	must(os.CopyFS(dir, os.DirFS(".")), "")
	must(os.WriteFile(filepath.Join(dir, "mutant_switch.go"), []byte(switchFile), 0o666), "")
	files := flag.Args()
	if len(files) == 0 {
		out, err := exec.Command("go", "list", "-f", `{{join .GoFiles " "}}`, ".").Output()
		must(err, "")
		files = strings.Fields(string(out))
	}
	measure()
	var inside, outside []*mutant // functions
	count := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		must(err, "")
		file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		must(err, "")
		sources[name] = string(text)
		for _, m := range find(count+1, string(text), file) {
			if count++; count%*every != 0 {
				continue
			}
			if m.function != nil {
				inside = append(inside, m)
			} else {
				outside = append(outside, m)
			}
		}
	}
	var tried []*mutant
	for chunk := range slices.Chunk(inside, 500) {
		tried = append(tried, check(chunk)...)
	}
	for chunk := range slices.Chunk(outside, 1) {
		tried = append(tried, check(chunk)...)
	}
	os.RemoveAll(dir)
	fmt.Println()
	for _, name := range files {
		report(name, 0, func(m *mutant) bool { return m.at.Filename == name }, tried)
	}
	ok := report("the algorithm and its inner loops", barCore, func(m *mutant) bool { return slices.Contains(core, m.at.Filename) }, tried)
	if !report("all of these files", barAll, func(*mutant) bool { return true }, tried) || !ok {
		os.Exit(1)
	}
}

// report prints how many percent of some mutants were caught, and reports whether
// that reaches the bar.
func report(what string, bar float64, of func(*mutant) bool, mutants []*mutant) bool {
	all, caught := 0, 0
	for _, m := range mutants {
		if of(m) {
			all++
			if m.caught {
				caught++
			}
		}
	}
	if all == 0 {
		return true
	}
	percent := 100 * float64(caught) / float64(all)
	fmt.Printf("%4d of %4d caught, %5.1f %%  %s", caught, all, percent, what)
	if bar > 0 {
		fmt.Printf(": the bar is %v %%", bar)
		if percent < bar {
			fmt.Print(", which it MISSES")
		}
	}
	fmt.Println()
	return percent >= bar
}

func must(err error, out string) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutations:", err, out)
		os.RemoveAll(dir)
		os.Exit(2)
	}
}
