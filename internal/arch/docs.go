package arch

import (
	"path"
	"slices"
	"strings"
	"unicode"
)

// vague are words that name no thing.
func vague() []string {
	return []string{"util", "utils", "common", "helper", "helpers", "manager", "misc", "base", "shared"}
}

func checkDocs(t *Tree) []Finding {
	var out []Finding
	for room, files := range t.rooms() {
		if !hasCode(files) {
			continue
		}
		i := slices.IndexFunc(files, func(f *File) bool { return path.Base(f.Path) == "doc.go" })
		if i < 0 {
			out = append(out, Finding{Path: room, Text: "no doc.go"})
			continue
		}
		doc := files[i].AST
		begins := "Package " + doc.Name.Name + " "
		if doc.Name.Name == "main" {
			begins = "Command " + path.Base(room) + " "
		}
		if !strings.HasPrefix(doc.Doc.Text(), begins) {
			out = append(out, Finding{Path: files[i].Path, Text: "no package comment that begins with " + strings.TrimSpace(begins)})
		}
		for _, comment := range doc.Comments { // the reading order may stand below the clause
			for _, gone := range missing(comment.Text(), files) {
				out = append(out, Finding{Path: files[i].Path, Text: "the reading order names " + gone + ", which is not there"})
			}
		}
	}
	return out
}

// missing returns the files that a package comment names, and that are not in its
// room.
func missing(text string, files []*File) []string {
	var out []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:()", r) }) {
		name := strings.TrimSuffix(word, ".")
		named := strings.HasSuffix(name, ".go") && !strings.Contains(name, "/")
		if named && !slices.ContainsFunc(files, func(f *File) bool { return path.Base(f.Path) == name }) {
			out = append(out, name)
		}
	}
	return out
}

// hasCode reports whether there is more than tests.
func hasCode(files []*File) bool {
	return slices.ContainsFunc(files, func(f *File) bool { return !f.Test() })
}

func checkNames(t *Tree) []Finding {
	var out []Finding
	for room, files := range t.rooms() {
		if slices.Contains(vague(), path.Base(room)) {
			out = append(out, Finding{Path: room, Text: "the room's name says nothing"})
		}
		for _, f := range files {
			name := strings.TrimSuffix(path.Base(f.Path), ".go")
			if slices.ContainsFunc(strings.Split(name, "_"), func(word string) bool { return slices.Contains(vague(), word) }) {
				out = append(out, Finding{Path: f.Path, Text: "the file's name says nothing"})
			}
		}
	}
	return out
}
