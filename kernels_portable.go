//go:build !(goexperiment.simd && go1.27 && !go1.28 && amd64)

package nn

// Without vector instructions the loops of kernels.go do all columns.

func addRowsVector(sum []float64, index []int32, value, w []float64) (done int) { return 0 }

func addOuterVector(w []float64, c float64, index []int32, value, d []float64) (done int) {
	return 0
}

func addRowsOf4Vector(sum *[4][]float64, index []int32, value *[4][]float64, w []float64) (done int) {
	return 0
}

func addOuterOf4Vector(w []float64, c float64, index []int32, value, d *[4][]float64) (done int) {
	return 0
}

func sigmoidVector(z []float64) (done int) { return 0 }

func fillVector(l *inkList, row []float64, k int) (n, next int) { return 0, k }
