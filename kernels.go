package nn

// The inner loops of the products. Of a row on the left only the elements that
// are not zero are listed: value[k] at position index[k].
//
// Rows are taken several at a time, so that what they share is loaded and
// stored once for all of them, and each is cut to the length of the others,
// so that the compiler sees that no index can be out of bounds.
//
// Where there are vector instructions (kernels_simd.go), they do the first
// columns, and the loops here the rest of them.

// addRows adds the listed rows of w, each len(sum) long, to sum:
//
//	sum[j] += Σₖ value[k]·w[index[k]][j]
func addRows(sum []float64, index []int32, value, w []float64) {
	n, done := len(sum), addRowsVector(sum, index, value, w)
	if done == n {
		return
	}
	sum, value = sum[done:], value[:len(index)]
	k := 0
	for ; k+3 < len(index); k += 4 {
		v0, v1, v2, v3 := value[k], value[k+1], value[k+2], value[k+3]
		w0 := w[int(index[k])*n+done:][:len(sum)]
		w1 := w[int(index[k+1])*n+done:][:len(sum)]
		w2 := w[int(index[k+2])*n+done:][:len(sum)]
		w3 := w[int(index[k+3])*n+done:][:len(sum)]
		for j := range sum {
			sum[j] += (v0*w0[j] + v1*w1[j]) + (v2*w2[j] + v3*w3[j])
		}
	}
	for ; k < len(index); k++ {
		v, row := value[k], w[int(index[k])*n+done:][:len(sum)]
		for j := range sum {
			sum[j] += v * row[j]
		}
	}
}

// addOuter adds c·value[k]·d to each listed row of w, each len(d) long:
//
//	w[index[k]][j] += c·value[k]·d[j]
func addOuter(w []float64, c float64, index []int32, value, d []float64) {
	n, done := len(d), addOuterVector(w, c, index, value, d)
	if done == n {
		return
	}
	d, value = d[done:], value[:len(index)]
	k := 0
	for ; k+1 < len(index); k += 2 {
		v0, v1 := c*value[k], c*value[k+1]
		w0 := w[int(index[k])*n+done:][:len(d)]
		w1 := w[int(index[k+1])*n+done:][:len(d)]
		for j, d := range d {
			w0[j] += v0 * d
			w1[j] += v1 * d
		}
	}
	if k < len(index) {
		v, row := c*value[k], w[int(index[k])*n+done:][:len(d)]
		for j, d := range d {
			row[j] += v * d
		}
	}
}
