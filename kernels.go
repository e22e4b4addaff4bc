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
	addRowsFrom(addRowsVector(sum, index, value, w), sum, index, value, w)
}

// addRowsFrom is addRows for the columns that are not done.
func addRowsFrom(done int, sum []float64, index []int32, value, w []float64) {
	n := len(sum)
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
	addOuterFrom(addOuterVector(w, c, index, value, d), w, c, index, value, d)
}

// addOuterFrom is addOuter for the columns that are not done.
func addOuterFrom(done int, w []float64, c float64, index []int32, value, d []float64) {
	n := len(d)
	if done == n {
		return
	}
	d, value = d[done:], value[:len(index)]
	k := 0
	for ; k+3 < len(index); k += 4 {
		v0, v1, v2, v3 := c*value[k], c*value[k+1], c*value[k+2], c*value[k+3]
		w0 := w[int(index[k])*n+done:][:len(d)]
		w1 := w[int(index[k+1])*n+done:][:len(d)]
		w2 := w[int(index[k+2])*n+done:][:len(d)]
		w3 := w[int(index[k+3])*n+done:][:len(d)]
		for j, d := range d {
			w0[j] += v0 * d
			w1[j] += v1 * d
			w2[j] += v2 * d
			w3[j] += v3 * d
		}
	}
	for ; k < len(index); k++ {
		v, row := c*value[k], w[int(index[k])*n+done:][:len(d)]
		for j, d := range d {
			row[j] += v * d
		}
	}
}

// addRowsOf4 is addRows for four examples whose lists name the same rows, each
// of which is loaded once for all of them.
func addRowsOf4(sum *[4][]float64, index []int32, value *[4][]float64, w []float64) {
	done := addRowsOf4Vector(sum, index, value, w)
	for i := range sum {
		addRowsFrom(done, sum[i], index, value[i], w)
	}
}

// addOuterOf4 is addOuter for four examples whose lists name the same rows,
// each of which is stored once for all of them.
func addOuterOf4(w []float64, c float64, index []int32, value, d *[4][]float64) {
	done := addOuterOf4Vector(w, c, index, value, d)
	n := len(d[0])
	d0, d1, d2, d3 := d[0][done:n], d[1][done:n], d[2][done:n], d[3][done:n]
	value0, value1, value2, value3 := value[0][:len(index)], value[1][:len(index)], value[2][:len(index)], value[3][:len(index)]
	if len(d0) == 0 {
		return
	}
	for k, i := range index {
		v0, v1, v2, v3 := c*value0[k], c*value1[k], c*value2[k], c*value3[k]
		row := w[int(i)*n+done:][:len(d0)]
		d1, d2, d3 := d1[:len(d0)], d2[:len(d0)], d3[:len(d0)]
		for j, d := range d0 {
			row[j] = row[j] + v0*d + v1*d1[j] + v2*d2[j] + v3*d3[j]
		}
	}
}
