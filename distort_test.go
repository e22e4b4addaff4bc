package nn

import "testing"

func BenchmarkDistorted(b *testing.B) {
	name, train, _ := data(b)
	b.Run(name, func(b *testing.B) {
		d := Distorted{train, 1, 1}
		x, target := newInk(1, 784), make([]float64, 10)
		for i := range b.N {
			d.list(i%train.Len(), x, 0, target)
		}
		imagesPerSecond(b, 1)
	})
}
