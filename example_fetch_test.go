package nn_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"

	"github.com/nn13002/nn"
)

// Download MNIST with the standard HTTP client.
func ExampleFetchMNIST() {
	get := func(ctx context.Context, url string) (io.ReadCloser, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept-Encoding", "identity") // the files stay compressed
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusOK {
			resp.Body.Close()
			return nil, errors.New(resp.Status)
		}
		return resp.Body, nil
	}
	if err := nn.FetchMNIST(context.Background(), "", get); err != nil {
		log.Fatal(err)
	}
}
