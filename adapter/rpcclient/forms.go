package rpcclient

import (
	"encoding/json"
	"fmt"
)

// form is one of the forms that a result may have.
type form struct {
	into any // the pointer that is set for it

	// begin is how its JSON begins: " { or [, and behind [ the beginning of the elements.
	begin string

	// members are those that such an object always has, where another form is an object, too.
	members []string
}

// decodeForm decodes a result into the first form that it has. An empty array has that of any array.
func decodeForm(raw []byte, forms ...form) error {
	for _, f := range forms {
		if f.fits(raw) {
			return json.Unmarshal(raw, f.into)
		}
	}
	return fmt.Errorf("the result has none of the forms that are known: %.100q", raw)
}

// fits reports whether a valid value has the form.
func (f form) fits(raw []byte) bool {
	if raw[0] != f.begin[0] {
		return false
	}
	switch raw[0] {
	case '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(raw, &elements); err != nil {
			return false
		}
		return len(elements) == 0 || elements[0][0] == f.begin[1]
	case '{':
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil {
			return false
		}
		for _, name := range f.members {
			if _, ok := object[name]; !ok {
				return false
			}
		}
	}
	return true
}
