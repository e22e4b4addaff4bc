// Mutations tests the tests. It makes small faults in the library, one at a
// time, and runs the tests that execute the faulty line, until one fails. A
// fault that no test notices survives.
//
//	go run ./testdata/mutations                      # every file of the package
//	go run ./testdata/mutations train.go sparse.go   # these files
//	go run ./testdata/mutations -every 10            # each tenth fault, as a sample
//
// It works in a copy of the repository. Compiling takes longer than testing, so
// all faults of a file are compiled into one test binary: each is a copy of its
// function, and an environment variable says which copy runs. Only a fault
// outside functions needs a binary of its own. A fault that does not compile does
// not count. A test that takes several times its usual time has failed.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
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

// The algorithm and its inner loops must reach a higher score.
var core = strings.Fields("matrix.go activation.go layer.go network.go train.go cost.go minibatch.go sparse.go kernels.go kernels_portable.go kernels_simd.go")

const barAll, barCore = 85, 95 // percent

// A mutant is a fault: new in the place of old.
type mutant struct {
	id       int
	file     string
	function *ast.FuncDecl // nil outside functions
	name     string        // of the function, or of the first thing declared
	old, new string
	at       token.Position // of old
	line     string         // of the file, that at is in
	outcome  string
}

// others are what a tired programmer might write instead.
var others = map[string]string{
	"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "&", "&^": "&", "&&": "||", "||": "&&",
	"==": "!=", "!=": "==", "<": "<= >=", "<=": "< >", ">": ">= <=", ">=": "> <", "++": "--", "--": "++",
	"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "<<=": ">>=", ">>=": "<<=", "true": "false", "false": "true", "min": "max", "max": "min",
}

// find returns the faults that can be made in a file.
func find(name, src string, fset *token.FileSet, file *ast.File) (all []*mutant) {
	lines := strings.Split(src, "\n")
	text := func(from, to token.Pos) string { return src[fset.Position(from).Offset:fset.Position(to).Offset] }
	for _, d := range file.Decls {
		function, _ := d.(*ast.FuncDecl)
		label := ""
		if function != nil {
			label = function.Name.Name
		} else if v, ok := d.(*ast.GenDecl).Specs[0].(*ast.ValueSpec); ok {
			label = v.Names[0].Name
		}
		add := func(from, to token.Pos, new string) {
			at := fset.Position(from)
			m := &mutant{file: name, function: function, name: label, old: text(from, to), new: new, at: at, line: strings.TrimSpace(lines[at.Line-1])}
			if m.id = len(all) + 1; !m.equivalent() {
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
				if n.Kind == token.INT || n.Kind == token.FLOAT {
					add(n.Pos(), n.End(), "("+n.Value+"+1)")
					add(n.Pos(), n.End(), "("+n.Value+"-1)")
					if n.Value != "0" {
						add(n.Pos(), n.End(), "(2*"+n.Value+")")
					}
					if n.Value != "0" && n.Value != "1" {
						add(n.Pos(), n.End(), "0")
					}
				}
			case *ast.SliceExpr:
				if n.Slice3 {
					add(n.High.End(), n.Max.End(), "")
				}
			case *ast.IfStmt:
				cond := text(n.Cond.Pos(), n.Cond.End())
				add(n.Cond.Pos(), n.Cond.End(), cond+" && false")
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
				replace(n.Fun.Pos(), called)
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

// instrument returns the source with a copy of its function for each fault, and
// with a switch at the beginning of each such function.
func instrument(src string, fset *token.FileSet, mutants []*mutant) string {
	offset := func(p token.Pos) int { return fset.Position(p).Offset }
	switches, copies := map[*ast.FuncDecl]string{}, ""
	for _, m := range mutants {
		f := m.function
		if f == nil {
			return m.apply(src, 0, len(src)) // alone
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
			call = "return " + call
		} else {
			call += "; return"
		}
		switches[f] += fmt.Sprintf("case %d: %s; ", m.id, call)
		receiver := src[offset(f.Pos())+len("func") : offset(f.Name.Pos())]
		copies += fmt.Sprintf("\n//line mutant%d:1\nfunc%smutant%d%s\n", m.id, receiver, m.id, m.apply(src, offset(f.Name.End()), offset(f.End())))
	}
	functions := slices.SortedFunc(maps.Keys(switches), func(a, b *ast.FuncDecl) int { return cmp.Compare(b.Pos(), a.Pos()) })
	for _, f := range functions { // from the last, so that the offsets stay right
		at := offset(f.Body.Lbrace) + 1
		src = src[:at] + " if mutant != 0 { switch mutant { " + switches[f] + "} };" + src[at:]
	}
	return src + copies
}

const switchFile = `package nn
import ("os"; "strconv")
var mutant, _ = strconv.Atoi(os.Getenv("NN_MUTANT"))
`

// A test is a test, an example or a fuzz target with its inputs in testdata.
type test struct {
	name string
	time time.Duration
}

// A span is a part of a file, from one line and column to another.
type span [4]int

var (
	dir   string                                  // the copy of the repository
	tests = map[string]*test{}                    // by name
	spans = map[string]map[span]map[string]bool{} // by file: the names of the tests that execute a span
)

func command(timeout time.Duration, mutant int, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if args[0] != "go" && runtime.GOOS != "windows" { // a fault may ask for all memory
		args = append([]string{"sh", "-c", `ulimit -v 6000000; exec "$0" "$@"`}, args...)
	}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Dir, c.Env, c.WaitDelay = dir, append(os.Environ(), fmt.Sprint("NN_MUTANT=", mutant)), time.Second
	out, err := c.CombinedOutput()
	return string(out), cmp.Or(ctx.Err(), err)
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

var profileLine = regexp.MustCompile(`(?m)/([^/]+\.go):(\d+)\.(\d+),(\d+)\.(\d+) \d+ ([01])$`)

// measure runs each test alone, to learn what it executes and how long it takes.
func measure() {
	binary := filepath.Join(dir, "cover.test")
	out, err := command(time.Hour, 0, "go", "test", "-c", "-cover", "-o", binary, ".")
	must(err, out)
	out, err = command(time.Hour, 0, binary, "-test.list", "^(Test|Example|Fuzz)")
	must(err, out)
	var lock sync.Mutex
	each(strings.Fields(out), func(name string) {
		profile, begin := filepath.Join(dir, name+".cover"), time.Now()
		if _, err := command(time.Hour, 0, binary, "-test.short", "-test.run", "^"+name+"$", "-test.coverprofile", profile); err != nil {
			fmt.Println(name, "fails without a fault and is left out")
			return
		}
		text, err := os.ReadFile(profile)
		must(err, "")
		lock.Lock()
		defer lock.Unlock()
		tests[name] = &test{name, time.Since(begin)}
		for _, m := range profileLine.FindAllStringSubmatch(string(text), -1) {
			var s span
			for i := range s {
				s[i], _ = strconv.Atoi(m[i+2])
			}
			if spans[m[1]] == nil {
				spans[m[1]] = map[span]map[string]bool{}
			}
			if spans[m[1]][s] == nil {
				spans[m[1]][s] = map[string]bool{}
			}
			if m[6] == "1" {
				spans[m[1]][s][name] = true
			}
		}
	})
}

// testsAt returns the names of the tests that execute a place, or nil if it is in
// no span, as the condition of a case.
func testsAt(file string, at token.Position) map[string]bool {
	for s, names := range spans[file] {
		if (s[0] < at.Line || s[0] == at.Line && s[1] <= at.Column) && (s[2] > at.Line || s[2] == at.Line && s[3] > at.Column) {
			return names
		}
	}
	return nil
}

// covering returns the tests that execute the fault, the fastest first.
func covering(m *mutant, fset *token.FileSet) (some []*test) {
	names := testsAt(m.file, m.at)
	if names == nil && m.function != nil {
		names = testsAt(m.file, fset.Position(m.function.Body.Lbrace))
	}
	for name, t := range tests {
		if names[name] || m.function == nil {
			some = append(some, t)
		}
	}
	slices.SortFunc(some, func(a, b *test) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.name, b.name)) })
	return some
}

// try runs tests against a mutant until one fails.
func try(binary string, m *mutant, tests []*test) {
	m.outcome = "survives"
	for len(tests) > 0 && m.outcome == "survives" {
		sum, names := time.Duration(0), []string{}
		for len(tests) > 0 && sum < time.Second/3 { // fast tests share a process
			sum, names, tests = sum+tests[0].time, append(names, tests[0].name), tests[1:]
		}
		if _, err := command(5*sum+3*time.Second, m.id, binary, "-test.short", "-test.failfast", "-test.run", oneOf(names)); err == context.DeadlineExceeded {
			m.outcome = "does not end"
		} else if err != nil {
			m.outcome = "caught"
		}
	}
}

func oneOf(names []string) string { return "^(" + strings.Join(names, "|") + ")$" }

var mention, failure = regexp.MustCompile(`mutant\d+`), regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// check compiles mutants of a file into one test binary, tries them, and returns
// those that compile.
func check(name, src string, fset *token.FileSet, mutants []*mutant) []*mutant {
	if len(mutants) == 0 {
		return nil
	}
	path, binary := filepath.Join(dir, name), filepath.Join(dir, name+".test")
	defer os.WriteFile(path, []byte(src), 0o666)
	for ok := false; !ok; {
		must(os.WriteFile(path, []byte(instrument(src, fset, mutants)), 0o666), "")
		out, err := command(time.Hour, 0, "go", "test", "-c", "-gcflags=-e", "-o", binary, ".")
		ok = err == nil
		wrong := mention.FindAllString(out, -1)
		valid := slices.DeleteFunc(slices.Clone(mutants), func(m *mutant) bool {
			return slices.Contains(wrong, fmt.Sprint("mutant", m.id)) || !ok && m.function == nil
		})
		if !ok && len(valid) == len(mutants) {
			must(err, out)
		}
		mutants = valid
	}
	used, tooSlow := map[string]bool{}, map[string]bool{}
	for _, m := range mutants {
		for _, t := range covering(m, fset) {
			used[t.name] = m.function != nil
		}
	}
	// The switches cost time and memory, which a test may not allow.
	out, _ := command(time.Hour, 0, binary, "-test.short", "-test.run", oneOf(slices.Collect(maps.Keys(used))))
	for _, failed := range failure.FindAllStringSubmatch(out, -1) {
		tooSlow[failed[1]] = used[failed[1]]
	}
	each(mutants, func(m *mutant) {
		try(binary, m, slices.DeleteFunc(covering(m, fset), func(t *test) bool { return tooSlow[t.name] }))
	})
	return mutants
}

func main() {
	every := flag.Int("every", 1, "try each `N`th fault only")
	verbose := flag.Bool("v", false, "print every fault, not only the survivors")
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
	var total, inCore score
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		must(err, "")
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		must(err, "")
		groups := [][]*mutant{nil} // those in functions; each other one alone
		for i, m := range find(name, string(text), fset, file) {
			if i%*every == 0 && m.function != nil {
				groups[0] = append(groups[0], m)
			} else if i%*every == 0 {
				groups = append(groups, []*mutant{m})
			}
		}
		own := score{}
		for _, group := range groups {
			for _, m := range check(name, string(text), fset, group) {
				own.all++
				if m.outcome != "survives" {
					own.caught++
				}
				if m.outcome == "survives" || *verbose {
					fmt.Printf("%s:%d:%d %s: %q → %q in  %s\n", name, m.at.Line, m.at.Column, m.outcome, m.old, m.new, m.line)
				}
			}
		}
		fmt.Println(own, name)
		total = score{total.caught + own.caught, total.all + own.all}
		if slices.Contains(core, name) {
			inCore = score{inCore.caught + own.caught, inCore.all + own.all}
		}
	}
	fmt.Printf("%v the algorithm and its kernels, need %d %%\n%v all, need %d %%\n", inCore, barCore, total, barAll)
	os.RemoveAll(dir)
	if total.percent() < barAll || inCore.percent() < barCore {
		os.Exit(1)
	}
}

type score struct{ caught, all int }

func (s score) percent() float64 { return 100 - 100*float64(s.all-s.caught)/float64(max(1, s.all)) }

func (s score) String() string {
	return fmt.Sprintf("%5.1f %%: %d of %d faults caught,", s.percent(), s.caught, s.all)
}

func must(err error, out string) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutations:", err, out)
		os.RemoveAll(dir)
		os.Exit(2)
	}
}
