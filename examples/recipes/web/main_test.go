package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http/httptest"
	"os"
	"testing"
)

func post(body []byte) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	answer(w, httptest.NewRequest("POST", "/", bytes.NewReader(body)))
	return w
}

func TestAPostedPictureIsRead(t *testing.T) {
	picture, err := os.ReadFile("../../../testdata/pictures/three.png")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Digit int
		Sure  float64
		Clear bool
	}
	w := post(picture)
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Digit != 3 || got.Sure < 0.8 || !got.Clear {
		t.Errorf("%d %q, error %v, want a 3", w.Code, w.Body, err)
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
	}
}

func TestTheLetterXIsNotClear(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 100, 100))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for i := 20; i < 80; i++ {
		for j := -3; j <= 3; j++ {
			img.Pix[100*i+i+j], img.Pix[100*i+99-i+j] = 0, 0
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if w := post(b.Bytes()); w.Code != 200 || !bytes.Contains(w.Body.Bytes(), []byte(`"clear": false`)) {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestAGetIsToldToPost(t *testing.T) {
	w := httptest.NewRecorder()
	answer(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 400 || !bytes.Contains(w.Body.Bytes(), []byte("POST a PNG or JPEG")) {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestWhatIsNoPictureOfADigitIsRefused(t *testing.T) {
	encode := func(width, height int) []byte {
		img := image.NewGray(image.Rect(0, 0, width, height))
		for i := range img.Pix {
			img.Pix[i] = 255
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		body []byte
		code int
	}{
		"text":           {[]byte("three"), 400},
		"nothing":        {nil, 400},
		"empty paper":    {encode(100, 100), 422},
		"60 megapixels":  {encode(6000, 10000), 413},
		"11 MB":          {make([]byte, 11<<20), 413},
		"half a picture": {encode(100, 100)[:60], 400},
	} {
		if w := post(c.body); w.Code != c.code {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.code)
		}
	}
}
