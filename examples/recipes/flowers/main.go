// Flowers tells three species of iris apart by four measurements, from a CSV file.
// They are those of R. A. Fisher, The use of multiple measurements in taxonomic
// problems, 1936.
package main

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/nn13002/nn"
)

//go:embed iris.csv
var file string

func main() {
	rows := must(csv.NewReader(strings.NewReader(file)).ReadAll())
	species := []string{"setosa", "versicolor", "virginica"}
	var data, train, test nn.Samples
	for _, row := range rows[1:] { // the first has the names of the columns
		input, target := make([]float64, 4), make([]float64, 3)
		must(fmt.Sscan(strings.Join(row[:4], " "), &input[0], &input[1], &input[2], &input[3]))
		target[slices.Index(species, row[4])] = 1 // one-hot
		data = append(data, [2][]float64{input, target})
	}
	for five := range slices.Chunk(data, 5) { // a fifth is held back
		test, train = append(test, five[0]), append(train, five[1:]...)
	}
	for j := range 4 { // standardise: mean 0 and variance 1 for each column of train
		var sum, squares float64
		for _, flower := range train {
			sum, squares = sum+flower[0][j], squares+flower[0][j]*flower[0][j]
		}
		mean := sum / float64(len(train))
		for _, flower := range data {
			flower[0][j] = (flower[0][j] - mean) / math.Sqrt(squares/float64(len(train))-mean*mean)
		}
	}
	net := nn.New(rand.New(rand.NewPCG(1, 2)), 4, 8, 3)
	net.Layers[1].Activation = nn.Softmax
	sgd := &nn.SGD{Rate: 0.1, Cost: nn.CrossEntropy}
	for range 300 {
		must(sgd.Epoch(net, train))
	}
	fmt.Println(net.Evaluate(test, sgd.Cost))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
