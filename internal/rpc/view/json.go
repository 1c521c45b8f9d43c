package view

import (
	"bytes"
	"encoding/json"
)

// JSON returns the JSON of a value. Text is not escaped for web pages, which escape it
// themselves.
func JSON(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
