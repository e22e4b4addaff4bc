package nn

// The inner loops of the three products. Each works on a vector whose parts
// that are not zero are listed: value[k] at position index[k].

// addRows adds the listed rows of w, each len(sum) long, to sum:
//
//	sum[j] += Σₖ value[k]·w[index[k]][j]
//
// Four rows go at a time: sum is loaded and stored once for the four.
func addRows(sum []float64, index []int32, value, w []float64) {
	n := len(sum)
	value = value[:len(index)]
	k := 0
	for ; k+3 < len(index); k += 4 {
		v0, v1, v2, v3 := value[k], value[k+1], value[k+2], value[k+3]
		w0 := w[int(index[k])*n:][:n]
		w1 := w[int(index[k+1])*n:][:n]
		w2 := w[int(index[k+2])*n:][:n]
		w3 := w[int(index[k+3])*n:][:n]
		for j := range sum {
			sum[j] += v0*w0[j] + v1*w1[j] + v2*w2[j] + v3*w3[j]
		}
	}
	for ; k < len(index); k++ {
		v, row := value[k], w[int(index[k])*n:][:n]
		for j := range sum {
			sum[j] += v * row[j]
		}
	}
}

// addOuter adds c·value[k]·d to each listed row of w, each len(d) long:
//
//	w[index[k]][j] += c·value[k]·d[j]
func addOuter(w []float64, c float64, index []int32, value, d []float64) {
	n := len(d)
	value = value[:len(index)]
	for k, i := range index {
		v, row := c*value[k], w[int(i)*n:][:n]
		for j := range row {
			row[j] += v * d[j]
		}
	}
}

// dotRows sets out[j] to the product of v and row j of w, each len(v) long:
//
//	out[j] = Σₖ v[k]·w[j][k]
func dotRows(out, v, w []float64) {
	n := len(v)
	for j := range out {
		row, sum := w[j*n:][:n], 0.0
		for k := range row {
			sum += v[k] * row[k]
		}
		out[j] = sum
	}
}
