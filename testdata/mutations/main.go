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
// outside functions needs a binary of its own. What does not compile does not
// count. A test that does not end in a few times its usual time has failed.
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

// The files of the algorithm and of its inner loops must reach a higher score.
var core = []string{"matrix.go", "activation.go", "layer.go", "network.go", "train.go", "cost.go", "minibatch.go",
	"sparse.go", "kernels.go", "kernels_portable.go", "kernels_simd.go"}

const barAll, barCore = 85, 95 // percent

// A mutant is a fault: new in the place of old.
type mutant struct {
	id       int
	file     string
	from, to int // where old is in the file
	old, new string
	decl     *ast.FuncDecl // nil outside functions
	name     string        // of the function, or of the first thing declared
	at       token.Position
	line     string // the line it is in
	outcome  string
}

// replacements are the operators that a tired programmer might write instead.
var replacements = map[token.Token][]token.Token{
	token.ADD: {token.SUB}, token.SUB: {token.ADD}, token.MUL: {token.QUO}, token.QUO: {token.MUL}, token.REM: {token.MUL},
	token.SHL: {token.SHR}, token.SHR: {token.SHL}, token.AND: {token.OR}, token.OR: {token.AND}, token.XOR: {token.AND}, token.AND_NOT: {token.AND},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL}, token.LAND: {token.LOR}, token.LOR: {token.LAND},
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR}, token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
	token.ADD_ASSIGN: {token.SUB_ASSIGN}, token.SUB_ASSIGN: {token.ADD_ASSIGN}, token.MUL_ASSIGN: {token.QUO_ASSIGN}, token.QUO_ASSIGN: {token.MUL_ASSIGN},
	token.SHL_ASSIGN: {token.SHR_ASSIGN}, token.SHR_ASSIGN: {token.SHL_ASSIGN}, token.INC: {token.DEC}, token.DEC: {token.INC},
}

// find returns the faults that can be made in a file.
func find(name, src string, fset *token.FileSet, file *ast.File) (all []*mutant) {
	lines := strings.Split(src, "\n")
	for _, d := range file.Decls {
		function, _ := d.(*ast.FuncDecl)
		label := ""
		if function != nil {
			label = function.Name.Name
		} else if g := d.(*ast.GenDecl); g.Tok == token.IMPORT {
			continue
		} else if v, ok := g.Specs[0].(*ast.ValueSpec); ok {
			label = v.Names[0].Name
		}
		add := func(from, to token.Pos, new string) {
			at, end := fset.Position(from), fset.Position(to)
			all = append(all, &mutant{file: name, from: at.Offset, to: end.Offset, old: src[at.Offset:end.Offset], new: new,
				decl: function, name: label, at: at, line: strings.TrimSpace(lines[at.Line-1])})
		}
		text := func(n ast.Node) string { return src[fset.Position(n.Pos()).Offset:fset.Position(n.End()).Offset] }
		operator := func(at token.Pos, op token.Token) {
			for _, other := range replacements[op] {
				add(at, at+token.Pos(len(op.String())), other.String())
			}
		}
		drop := func(list []ast.Stmt) {
			for _, s := range list {
				switch s := s.(type) {
				case *ast.AssignStmt:
					if s.Tok != token.DEFINE {
						add(s.Pos(), s.End(), "")
					}
				case *ast.ExprStmt, *ast.IncDecStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt, *ast.BranchStmt, *ast.ReturnStmt:
					add(s.Pos(), s.End(), "")
				}
			}
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				operator(n.OpPos, n.Op)
			case *ast.AssignStmt:
				operator(n.TokPos, n.Tok)
			case *ast.IncDecStmt:
				operator(n.TokPos, n.Tok)
			case *ast.UnaryExpr:
				if n.Op == token.SUB || n.Op == token.NOT || n.Op == token.XOR {
					add(n.Pos(), n.X.Pos(), "")
				}
			case *ast.BasicLit:
				value, err := strconv.ParseFloat(n.Value, 64)
				if n.Kind != token.INT && n.Kind != token.FLOAT {
					break
				}
				add(n.Pos(), n.End(), "("+n.Value+"+1)")
				add(n.Pos(), n.End(), "("+n.Value+"-1)")
				if err != nil || value != 0 {
					add(n.Pos(), n.End(), "(2*"+n.Value+")")
				}
				if err != nil || value != 0 && value != 1 {
					add(n.Pos(), n.End(), "0")
				}
			case *ast.Ident:
				if other, ok := map[string]string{"true": "false", "false": "true"}[n.Name]; ok {
					add(n.Pos(), n.End(), other)
				}
			case *ast.SliceExpr:
				if n.Slice3 {
					add(n.High.End(), n.Max.End(), "")
				}
			case *ast.IfStmt:
				if b, ok := n.Cond.(*ast.BinaryExpr); !ok || b.Op == token.LAND || b.Op == token.LOR {
					add(n.Cond.Pos(), n.Cond.End(), "!("+text(n.Cond)+")")
				}
				add(n.Cond.Pos(), n.Cond.End(), text(n.Cond)+" && false")
			case *ast.ForStmt:
				if n.Cond != nil {
					add(n.Cond.Pos(), n.Cond.End(), "false")
				}
			case *ast.RangeStmt:
				add(n.X.Pos(), n.X.End(), "("+text(n.X)+")-1")
				add(n.X.Pos(), n.X.End(), text(n.X)+"[1:]")
			case *ast.BlockStmt:
				drop(n.List)
			case *ast.CaseClause:
				drop(n.Body)
			case *ast.CallExpr:
				called := text(n.Fun)
				if other, ok := map[string]string{"min": "max", "max": "min"}[called]; ok {
					add(n.Fun.Pos(), n.Fun.End(), other)
				}
				return called != "panic" && called != "fmt.Errorf" // the words of a message are no behaviour
			}
			return true
		})
	}
	return slices.DeleteFunc(all, func(m *mutant) bool { return m.equivalent() })
}

// apply returns part of the source, from on, with the fault in it.
func (m *mutant) apply(src string, from, to int) string {
	return src[from:m.from] + m.new + src[m.to:to]
}

// instrument returns the source with a copy of its function for each fault, and
// with a switch at the beginning of each such function.
func instrument(src string, fset *token.FileSet, mutants []*mutant) string {
	offset := func(p token.Pos) int { return fset.Position(p).Offset }
	cases, copies := map[*ast.FuncDecl]string{}, ""
	var functions []*ast.FuncDecl
	for _, m := range mutants {
		f := m.decl
		var names []string
		for _, field := range f.Type.Params.List {
			for _, n := range field.Names {
				names = append(names, n.Name)
			}
		}
		call := fmt.Sprintf("mutant%d(%s", m.id, strings.Join(names, ", "))
		if n := len(f.Type.Params.List); n > 0 {
			if _, variadic := f.Type.Params.List[n-1].Type.(*ast.Ellipsis); variadic {
				call += "..."
			}
		}
		call += ")"
		if f.Recv != nil && len(f.Recv.List[0].Names) > 0 {
			call = f.Recv.List[0].Names[0].Name + "." + call
		}
		if f.Type.Results == nil {
			call += "; return"
		} else {
			call = "return " + call
		}
		if cases[f] == "" {
			functions = append(functions, f)
		}
		cases[f] += fmt.Sprintf("case %d: %s; ", m.id, call)
		begin := offset(f.Name.Pos())
		receiver := src[offset(f.Pos())+len("func") : begin]
		copies += fmt.Sprintf("\n//line mutant%d:1\nfunc%smutant%d%s\n", m.id, receiver, m.id, m.apply(src, offset(f.Name.End()), offset(f.End())))
	}
	slices.SortFunc(functions, func(a, b *ast.FuncDecl) int { return cmp.Compare(b.Pos(), a.Pos()) })
	for _, f := range functions { // from the last, so that the offsets stay right
		at := offset(f.Body.Lbrace) + 1
		src = src[:at] + " if mutant != 0 { switch mutant { " + cases[f] + "} };" + src[at:]
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

// A span is a part of a file and the tests that execute it.
type span struct {
	fromLine, fromCol, toLine, toCol int
	tests                            map[string]bool
}

type session struct {
	dir     string             // the copy of the repository
	tests   map[string]*test   // by name
	spans   map[string][]*span // by file
	workers int
}

func (s *session) command(timeout time.Duration, env string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if args[0] != "go" && runtime.GOOS != "windows" { // a fault may ask for all memory
		args = append([]string{"sh", "-c", `ulimit -v 6000000; exec "$0" "$@"`}, args...)
	}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Dir, c.Env, c.WaitDelay = s.dir, append(os.Environ(), env), time.Second
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return string(out), err
}

// each calls f for every item, several at a time.
func each[T any](workers int, items []T, f func(T)) {
	next := make(chan T)
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for item := range next {
				f(item)
			}
		})
	}
	for _, item := range items {
		next <- item
	}
	close(next)
	done.Wait()
}

var profileLine = regexp.MustCompile(`(?m)/([^/]+\.go):(\d+)\.(\d+),(\d+)\.(\d+) \d+ ([01])$`)

// measure runs each test alone, to learn what it executes and how long it takes.
func (s *session) measure() {
	binary := filepath.Join(s.dir, "cover.test")
	out, err := s.command(time.Hour, "", "go", "test", "-c", "-cover", "-o", binary, ".")
	must(err, out)
	out, err = s.command(time.Hour, "", binary, "-test.list", "^(Test|Example|Fuzz)")
	must(err, out)
	var lock sync.Mutex
	each(s.workers, strings.Fields(out), func(name string) {
		profile := filepath.Join(s.dir, name+".cover")
		begin := time.Now()
		if _, err := s.command(time.Hour, "", binary, "-test.short", "-test.run", "^"+name+"$", "-test.coverprofile", profile); err != nil {
			fmt.Printf("%s fails without a fault and is left out\n", name)
			return
		}
		text, _ := os.ReadFile(profile)
		lock.Lock()
		defer lock.Unlock()
		s.tests[name] = &test{name, time.Since(begin)}
		for _, m := range profileLine.FindAllStringSubmatch(string(text), -1) {
			var n [4]int
			for i := range n {
				n[i], _ = strconv.Atoi(m[i+2])
			}
			i := slices.IndexFunc(s.spans[m[1]], func(b *span) bool { return n == [4]int{b.fromLine, b.fromCol, b.toLine, b.toCol} })
			if i < 0 {
				i = len(s.spans[m[1]])
				s.spans[m[1]] = append(s.spans[m[1]], &span{n[0], n[1], n[2], n[3], map[string]bool{}})
			}
			if m[6] == "1" {
				s.spans[m[1]][i].tests[name] = true
			}
		}
	})
}

// covering returns the tests that execute the fault, the fastest first. What is
// in no span, such as the condition of a case, counts as executed with its
// function.
func (s *session) covering(m *mutant, fset *token.FileSet) (tests []*test) {
	spanAt := func(at token.Position) map[string]bool {
		for _, b := range s.spans[m.file] {
			if (b.fromLine < at.Line || b.fromLine == at.Line && b.fromCol <= at.Column) &&
				(b.toLine > at.Line || b.toLine == at.Line && b.toCol > at.Column) {
				return b.tests
			}
		}
		return nil
	}
	names := spanAt(m.at)
	if names == nil && m.decl != nil {
		names = spanAt(fset.Position(m.decl.Body.Lbrace))
	}
	for name, t := range s.tests {
		if names[name] || m.decl == nil {
			tests = append(tests, t)
		}
	}
	slices.SortFunc(tests, func(a, b *test) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.name, b.name)) })
	return tests
}

var compileError = regexp.MustCompile(`mutant(\d+):\d+`)

// build compiles the mutants of a file that are inside functions into one test
// binary and returns those that compile.
func (s *session) build(name, src string, fset *token.FileSet, mutants []*mutant) (string, []*mutant) {
	path, binary := filepath.Join(s.dir, name), filepath.Join(s.dir, name+".test")
	defer os.WriteFile(path, []byte(src), 0o666)
	for {
		must(os.WriteFile(path, []byte(instrument(src, fset, mutants)), 0o666), "")
		out, err := s.command(time.Hour, "", "go", "test", "-c", "-gcflags=-e", "-o", binary, ".")
		if err == nil {
			return binary, mutants
		}
		wrong := map[string]bool{}
		for _, m := range compileError.FindAllStringSubmatch(out, -1) {
			wrong[m[1]] = true
		}
		if len(wrong) == 0 {
			must(err, out)
		}
		mutants = slices.DeleteFunc(mutants, func(m *mutant) bool { return wrong[strconv.Itoa(m.id)] })
	}
}

// try runs the tests against a mutant until one fails.
func (s *session) try(binary string, m *mutant, tests []*test) {
	m.outcome = "survives"
	for len(tests) > 0 {
		n, sum, names := 0, time.Duration(0), []string{}
		for n < len(tests) && (n == 0 || sum < time.Second/3) { // fast tests share a process
			sum += tests[n].time
			names = append(names, tests[n].name)
			n++
		}
		tests = tests[n:]
		run := "^(" + strings.Join(names, "|") + ")$"
		_, err := s.command(5*sum+3*time.Second, fmt.Sprint("NN_MUTANT=", m.id), binary, "-test.short", "-test.failfast", "-test.run", run)
		if err == context.DeadlineExceeded {
			m.outcome = "does not end"
			return
		} else if err != nil {
			m.outcome = "caught"
			return
		}
	}
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// check tries every mutant of a file and returns those that compile.
func (s *session) check(name string, every int) []*mutant {
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	must(err, "")
	src, fset := string(text), token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments)
	must(err, "")
	var inside, outside []*mutant
	for i, m := range find(name, src, fset, file) {
		m.id = i + 1
		if i%every != 0 {
			continue
		} else if m.decl != nil {
			inside = append(inside, m)
		} else {
			outside = append(outside, m)
		}
	}
	tests := map[*mutant][]*test{}
	binary, inside := s.build(name, src, fset, inside)
	used := map[string]bool{}
	for _, m := range inside {
		tests[m] = s.covering(m, fset)
		for _, t := range tests[m] {
			used[t.name] = true
		}
	}
	// The switches cost time and memory, which a test may not allow.
	out, err := s.command(time.Hour, "", binary, "-test.short", "-test.run", "^("+strings.Join(slices.Collect(maps.Keys(used)), "|")+")$")
	for _, failed := range failure.FindAllStringSubmatch(out, -1) {
		for m := range tests {
			tests[m] = slices.DeleteFunc(tests[m], func(t *test) bool { return t.name == failed[1] })
		}
	}
	each(s.workers, inside, func(m *mutant) { s.try(binary, m, tests[m]) })
	for _, m := range outside {
		path := filepath.Join(s.dir, name)
		must(os.WriteFile(path, []byte(m.apply(src, 0, len(src))), 0o666), "")
		if _, err := s.command(time.Hour, "", "go", "test", "-c", "-o", binary, "."); err == nil {
			s.try(binary, m, s.covering(m, fset))
		}
		must(os.WriteFile(path, text, 0o666), "")
	}
	return slices.Concat(inside, slices.DeleteFunc(outside, func(m *mutant) bool { return m.outcome == "" }))
}

func main() {
	every := flag.Int("every", 1, "try each `N`th fault only")
	verbose := flag.Bool("v", false, "print every fault, not only the survivors")
	flag.Parse()
	s := &session{tests: map[string]*test{}, spans: map[string][]*span{}, workers: runtime.GOMAXPROCS(0)}
	var err error
	s.dir, err = os.MkdirTemp("", "mutations")
	must(err, "")
	defer os.RemoveAll(s.dir)
	must(os.CopyFS(s.dir, os.DirFS(".")), "")
	must(os.WriteFile(filepath.Join(s.dir, "mutant_switch.go"), []byte(switchFile), 0o666), "")
	files := flag.Args()
	if len(files) == 0 {
		out, err := exec.Command("go", "list", "-f", `{{join .GoFiles "\n"}}`, ".").Output()
		must(err, "")
		files = strings.Fields(string(out))
	}
	s.measure()
	var caught, all, coreCaught, coreAll int
	for _, name := range files {
		mutants, caughtHere := s.check(name, *every), 0
		for _, m := range mutants {
			if m.outcome != "survives" {
				caughtHere++
			}
			if m.outcome == "survives" || *verbose {
				fmt.Printf("%s:%d:%d %s: %q → %q    %s\n", m.file, m.at.Line, m.at.Column, m.outcome, m.old, m.new, m.line)
			}
		}
		print(name, caughtHere, len(mutants))
		caught, all = caught+caughtHere, all+len(mutants)
		if slices.Contains(core, name) {
			coreCaught, coreAll = coreCaught+caughtHere, coreAll+len(mutants)
		}
	}
	print("the algorithm and its kernels", coreCaught, coreAll)
	print("all", caught, all)
	if 100*caught < barAll*all || 100*coreCaught < barCore*coreAll {
		os.RemoveAll(s.dir)
		os.Exit(1)
	}
}

func print(what string, caught, all int) {
	if all > 0 {
		fmt.Printf("%5.1f %%  %4d of %4d faults caught  %s\n", 100*float64(caught)/float64(all), caught, all, what)
	}
}

func must(err error, out string) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutations:", err, out)
		os.Exit(2)
	}
}
