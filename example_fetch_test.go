package nn_test

import (
	"context"
	"io"
	"log"
	"net/http"

	"github.com/nn13002/nn"
)

// Download MNIST with the standard HTTP client.
func ExampleFetchMNIST() {
	get := func(ctx context.Context, url string) (io.ReadCloser, error) {
		req, _ := http.NewRequestWithContext(ctx, "GET", url, nil) // the URLs are valid
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}
	if err := nn.FetchMNIST(context.Background(), "", get); err != nil {
		log.Fatal(err)
	}
}
