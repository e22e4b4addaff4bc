//go:build !(goexperiment.simd && go1.27 && !go1.28 && amd64)

package nn

import "math"

// copyAbove is the number of columns above which a product copies its right factor.
// Scalar arithmetic is so slow that the copy does not pay.
const copyAbove = math.MaxInt

func addRows(sum []float64, index []int32, value, w []float64, down int) {
	addRowsLoop(sum, index, value, w, down)
}

func addOuter(w []float64, down int, c float64, index []int32, value, delta []float64) {
	addOuterLoop(w, down, c, index, value, delta)
}

func addBlock(m []float64, rows, down int, c float64, a factor, b []float64, bDown, width int) {
	addBlockLoop(m, rows, down, c, a, b, bDown, width)
}

func compress(index []int32, value, x []float64, first int) (n int) {
	return compressLoop(index, value, x, first)
}

func sigmoids(z []float64) { sigmoidsLoop(z) }
