package httpio

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"

	"usher/internal/fault"
)

// FileForm describes a multipart/form-data body with one file.
type FileForm struct {
	Field    string   // of the file
	MaxBytes int64    // of the file
	Texts    []string // the other fields that there may be
}

const (
	// maxTextField is the largest text beside a file, in bytes. Ours.
	maxTextField = 1 << 10

	// multipartExtra is what the body may be longer than its file, in bytes:
	// headers of parts and texts. Ours.
	multipartExtra = 64 << 10
)

// ReadFile reads a form with one file, in memory. Each field may occur once.
func ReadFile(w http.ResponseWriter, r *http.Request, f FileForm) (file []byte, texts map[string]string, err error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return nil, nil, fault.New(fault.UnsupportedContentType, "expected", "multipart/form-data").Because(err)
	}
	r.Body = http.MaxBytesReader(w, r.Body, f.MaxBytes+multipartExtra)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, fault.New(fault.RequestBodyInvalid, "reason", "the form is malformed").Because(err)
	}
	texts = map[string]string{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, unread(err)
		}
		name := part.FormName()
		_, twice := texts[name]
		switch {
		case name == f.Field && file == nil:
			if file, err = readPart(part, f.MaxBytes); err != nil {
				return nil, nil, err
			}
		case slices.Contains(f.Texts, name) && !twice:
			text, err := readPart(part, maxTextField)
			if err != nil {
				return nil, nil, err
			}
			if !isText(string(text)) {
				return nil, nil, fault.New(fault.FormParamFormatInvalid, "param_name", name)
			}
			texts[name] = string(text)
		case name == f.Field || twice:
			return nil, nil, fault.New(fault.FormParamDuplicate, "param_name", name)
		default:
			return nil, nil, fault.New(fault.FormParamUnknown, "param_name", shorten(name))
		}
	}
	if len(file) == 0 {
		return nil, nil, fault.New(fault.FormParamMissing, "param_name", f.Field)
	}
	return file, texts, nil
}

// readPart reads a part of a form within its bound.
func readPart(part io.Reader, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(part, most+1))
	if err != nil {
		return nil, unread(err)
	}
	if int64(len(body)) > most {
		return nil, fault.New(fault.RequestBodyTooLarge)
	}
	return body, nil
}

func unread(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.RequestBodyTooLarge)
	}
	return fault.New(fault.RequestBodyInvalid, "reason", "the form ended early").Because(err)
}
