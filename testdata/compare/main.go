// Compare runs the benchmarks of both builds in turn, on one core, and prints
// the time that the vector build takes for each, relative to the portable one.
// Where that is above 1, vectors make this processor slower.
//
//	go run ./testdata/compare                           # in the repository's root; some minutes
//	go run ./testdata/compare -avx2                     # the vector build also without AVX-512
//	go run ./testdata/compare -rounds 10 -bench Predict # fewer benchmarks, more often
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	rounds := flag.Int("rounds", 3, "run each build this often; the shortest time of each benchmark counts")
	bench := flag.String("bench", "Epoch|Predict|Classify|Evaluate", "run the benchmarks that match this, as go test does")
	benchtime := flag.String("benchtime", "0.5s", "run each benchmark for this long, as go test does")
	avx2 := flag.Bool("avx2", false, "also run the vector build without AVX-512, that is with 256 bits")
	flag.Parse()
	if err := compare(*rounds, *bench, *benchtime, *avx2); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A build is a program of the benchmarks, and what it took.
type build struct {
	name, program, godebug string
	shortest               map[string]float64 // nanoseconds by benchmark
}

func compare(rounds int, bench, benchtime string, avx2 bool) error {
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	portable, vectors := filepath.Join(dir, "portable"), filepath.Join(dir, "vectors")
	if err := compile(portable); err != nil {
		return err
	}
	if err := compile(vectors, "GOTOOLCHAIN=go1.27.4", "GOEXPERIMENT=simd"); err != nil {
		return err
	}
	godebug := os.Getenv("GODEBUG")
	builds := []build{{"portable", portable, godebug, map[string]float64{}}, {"vectors", vectors, godebug, map[string]float64{}}}
	if avx2 {
		builds = append(builds, build{"256 bits", vectors, godebug + ",cpu.avx512f=off", map[string]float64{}})
	}
	var names []string // of the benchmarks, in their order
	for range rounds {
		for _, b := range builds {
			if names, err = b.run(bench, benchtime); err != nil {
				return err
			}
		}
	}
	report(builds, names)
	return nil
}

// compile makes a program of the package's tests.
func compile(program string, env ...string) error {
	cmd := exec.Command("go", "test", "-c", "-o", program, ".")
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	return cmd.Run()
}

var result = regexp.MustCompile(`(?m)^Benchmark(\S+)\s+\d+\s+(\S+) ns/op`)

// run runs the benchmarks once and returns their names.
func (b build) run(bench, benchtime string) (names []string, err error) {
	cmd := exec.Command(b.program, "-test.run", "^$", "-test.bench", bench, "-test.benchtime", benchtime, "-test.cpu", "1")
	var out bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), "GODEBUG="+b.godebug), &out, &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out.Bytes())
	}
	for _, match := range result.FindAllStringSubmatch(out.String(), -1) {
		name := match[1]
		took, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			return nil, err
		}
		if before, ok := b.shortest[name]; !ok || took < before {
			b.shortest[name] = took
		}
		names = append(names, name)
	}
	return names, nil
}

// report prints a line for each benchmark, and which are slower with vectors.
func report(builds []build, names []string) {
	fmt.Printf("%-30s%14s", "", builds[0].name)
	for _, b := range builds[1:] {
		fmt.Printf("%14s  ratio", b.name)
	}
	fmt.Println()
	var slower []string
	for _, name := range names {
		first := builds[0].shortest[name]
		fmt.Printf("%-30s%14s", name, duration(first))
		for _, b := range builds[1:] {
			took := b.shortest[name]
			fmt.Printf("%14s%7.2f", duration(took), took/first)
			if took > first {
				slower = append(slower, fmt.Sprintf("%s (%s, %.2f)", name, b.name, took/first))
			}
		}
		fmt.Println()
	}
	if slower == nil {
		fmt.Println("No benchmark is slower with vectors than without.")
	} else {
		fmt.Println("Slower with vectors than without:", strings.Join(slower, ", "))
	}
}

// duration returns nanoseconds in the unit that suits them.
func duration(ns float64) string {
	switch {
	case ns < 1e6:
		return fmt.Sprintf("%.2f µs", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	}
	return fmt.Sprintf("%.2f s ", ns/1e9)
}
