// Pictures teaches a network your own handwriting, from a folder of pictures. A
// picture's digit is the first character of its name or of its folder's:
// digits/7-monday.jpg or digits/7/monday.jpg.
package main

import (
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"log"
	"os"

	"github.com/nn13002/nn"
)

func main() {
	folder := os.DirFS(append(os.Args, "digits")[1]) // the argument, or else digits
	var data nn.Samples
	must(fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name()[0] == '.' {
			return err
		}
		f, err := folder.Open(name)
		must(err)
		defer f.Close()
		img, _, err := image.Decode(f)
		if err != nil || name[0] < '0' || name[0] > '9' {
			return fmt.Errorf("%s: need a picture, and a digit before its name: %v", name, err)
		}
		input, ok := nn.FromImage(img)
		if !ok {
			return fmt.Errorf("%s: no ink on the paper", name)
		}
		target := make([]float64, 10)
		target[name[0]-'0'] = 1
		data = append(data, [2][]float64{input, target})
		return nil
	}))
	net, sgd := nn.Pretrained(), &nn.SGD{Rate: 0.2, Cost: nn.CrossEntropy}
	fmt.Println("before:", net.Evaluate(data, sgd.Cost))
	for range 20 {
		_, err := sgd.Epoch(net, data)
		must(err)
	}
	fmt.Println("after:", net.Evaluate(data, sgd.Cost))
	must(net.SaveFile("mine.safetensors"))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
