// Flowers tells three species of iris apart by four measurements, from a CSV file.
// They are those of R. A. Fisher, The use of multiple measurements in taxonomic
// problems, 1936. It ends with the species of a flower that is not in the file.
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
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	species, unknown := []string{"setosa", "versicolor", "virginica"}, []float64{6.3, 2.7, 4.6, 1.4}
	var data, train, test nn.Samples
	for i, row := range rows[1:] { // the first has the names of the columns
		input, target, class := make([]float64, 4), make([]float64, 3), slices.Index(species, row[4])
		if n, _ := fmt.Sscan(strings.Join(row[:4], " "), &input[0], &input[1], &input[2], &input[3]); n < 4 || class < 0 {
			log.Fatalf("row %d is %q, need four numbers and one of %q", i+2, row, species)
		}
		target[class] = 1 // one-hot
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
		for _, flower := range append(data, [2][]float64{unknown}) { // all with the mean and variance of train
			// The variance of a constant column is 0.
			flower[0][j] = (flower[0][j] - mean) / math.Sqrt(max(squares/float64(len(train))-mean*mean, 1e-9))
		}
	}
	net, sgd := nn.New(rand.New(rand.NewPCG(1, 2)), 4, 8, 3), &nn.SGD{Rate: 0.1, Cost: nn.CrossEntropy}
	net.Layers[1].Activation = nn.Softmax
	for range 300 {
		if _, err := sgd.Epoch(net, train); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%v\nA new flower: %s, probabilities %.2f\n", net.Evaluate(test, sgd.Cost), species[net.Classify(unknown)], net.Predict(unknown))
}
