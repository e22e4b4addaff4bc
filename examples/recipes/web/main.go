// Web answers a posted picture with the digit in it and how sure the network is.
// If that is not clear, the picture may show no digit.
package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"log"
	"net/http"
	"slices"

	"github.com/nn13002/nn"
)

var net = nn.Pretrained() // any number of requests may read it at once

func main() {
	log.Println("curl --data-binary @photo.jpg http://localhost:8080")
	log.Fatal(http.ListenAndServe("localhost:8080", http.HandlerFunc(answer)))
}

func answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 10<<20))
	size, _, _ := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || float64(size.Width)*float64(size.Height) > 50e6 { // decoded, it could fill the memory
		http.Error(w, "need at most 10 MB and 50 megapixels", http.StatusRequestEntityTooLarge)
		return
	}
	img, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		http.Error(w, "POST a PNG or JPEG as the body", http.StatusBadRequest)
		return
	}
	input, ok := nn.FromImage(img)
	if !ok {
		http.Error(w, "no ink on the paper", http.StatusUnprocessableEntity)
		return
	}
	output := net.Predict(input)
	sure := slices.Max(output)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "{\"digit\": %d, \"sure\": %.3f, \"clear\": %t}\n", slices.Index(output, sure), sure, sure >= 0.8)
}
