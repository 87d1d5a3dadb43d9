package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed templates/*.html
var templateFiles embed.FS

// shared parses the layout and the components once; each page starts from a
// copy. Like assets, it is a constant.
var shared = sync.OnceValues(func() (*template.Template, error) {
	return template.New("").Funcs(functions()).ParseFS(templateFiles, "templates/*.html")
})

// Set is the pages of one surface: a template file each, that defines "title"
// and "content" and may define "shape" and "head" (see templates/layout.html).
// A template is parsed when it is first needed.
type Set struct {
	load map[string]func() (*template.Template, error)
}

// NewSet makes a Set of the .html files in files. A page is named by its file,
// without the extension.
func NewSet(files fs.FS) (*Set, error) {
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("page: listing templates: %w", err)
	}
	set := &Set{load: map[string]func() (*template.Template, error){}}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		set.load[name] = sync.OnceValues(func() (*template.Template, error) {
			t, err := parse(files, file)
			if err != nil {
				return nil, fmt.Errorf("page: template %s: %w", file, err)
			}
			return t, nil
		})
	}
	return set, nil
}

func parse(files fs.FS, file string) (*template.Template, error) {
	base, err := shared()
	if err != nil {
		return nil, err
	}
	t, err := base.Clone()
	if err != nil {
		return nil, err
	}
	if t, err = t.ParseFS(files, file); err != nil {
		return nil, err
	}
	// The first execution works out how each place is to be escaped, which is
	// the slow part. Do it here; that there is no view yet doesn't matter.
	var unsafe *template.Error
	if err := t.ExecuteTemplate(io.Discard, "layout", nil); errors.As(err, &unsafe) {
		return nil, err
	}
	return t, nil
}

// Names lists the pages, sorted.
func (s *Set) Names() []string {
	var names []string
	for name := range s.load {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Warm parses pages before they are needed, so that the first person doesn't
// wait for it.
func (s *Set) Warm(names ...string) error {
	for _, name := range names {
		if _, err := s.template(name); err != nil {
			return err
		}
	}
	_, err := assets()
	return err
}

// Render sends a page. If that fails before anything is sent, it returns the
// error and has sent nothing.
func (s *Set) Render(w http.ResponseWriter, status int, name string, view View) error {
	t, err := s.template(name)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, "layout", view); err != nil {
		return fmt.Errorf("page: rendering %s: %w", name, err)
	}
	setHeaders(w.Header(), view.frame().formTargets())
	w.Header().Set("Content-Language", view.frame().Lang())
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the browser has gone; nobody is left to tell
	return nil
}

func (s *Set) template(name string) (*template.Template, error) {
	load, ok := s.load[name]
	if !ok {
		return nil, fmt.Errorf("page: no page %q", name)
	}
	return load()
}
