// Pictures teaches a network your own handwriting, from a folder of pictures. A
// picture's digit stands before its name or is the name of its folder:
// digits/7-monday.jpg or digits/7/monday.jpg. What recognize -steps wrote is left out.
package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"log"
	"os"
	"regexp"
	"slices"

	"github.com/nn13002/nn"
)

func main() {
	dir := append(os.Args, "digits")[1] // the argument, or else digits
	folder := os.DirFS(dir)
	names, _ := fs.Glob(folder, "[0-9][^0-9]*") // not the date in 20261125_1533.jpg
	inside, _ := fs.Glob(folder, "[0-9]/[^.]*")
	step := regexp.MustCompile(`-(1-grey|2-paper-evened|3-ink|4-cleaned|5-28x28)\.png$`)
	var data nn.Samples
	for _, name := range slices.DeleteFunc(append(names, inside...), step.MatchString) {
		content, failed := fs.ReadFile(folder, name)
		img, _, err := image.Decode(bytes.NewReader(content))
		if err != nil {
			fmt.Printf("skipped %s: %v\n", name, cmp.Or(failed, err))
			continue
		}
		input, ok := nn.FromImage(img)
		if !ok {
			fmt.Printf("skipped %s: no ink on the paper\n", name)
			continue
		}
		target := make([]float64, 10)
		target[name[0]-'0'] = 1
		data = append(data, [2][]float64{input, target})
	}
	if data == nil {
		log.Fatalf("no picture with a digit before its name in the folder %q", dir)
	}
	net, sgd := nn.Pretrained(), &nn.SGD{Rate: 0.2, Cost: nn.CrossEntropy}
	fmt.Println("before:", net.Evaluate(data, sgd.Cost))
	for range 20 {
		if _, err := sgd.Epoch(net, data); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("after:", net.Evaluate(data, sgd.Cost))
	if err := net.SaveFile("mine.safetensors"); err != nil {
		log.Fatal(err)
	}
}
