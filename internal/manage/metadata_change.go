package manage

import (
	"encoding/json"
	"fmt"
	"maps"

	"usher/internal/fault"
	"usher/internal/identity"
)

// MetadataChange changes the metadata of a user, an organization or a
// membership. A nil part stays as it is.
type MetadataChange struct {
	Public  identity.Metadata
	Private identity.Metadata
	Unsafe  identity.Metadata
	Replace bool // put in place of what is there; else merged, where null removes a key
}

const (
	maxMetadataSize  = 8 << 10 // bytes of JSON: behaviour 7.C
	maxMetadataDepth = 16      // threat T-API-15
)

func (ch MetadataChange) apply(param string, field *identity.Metadata, value identity.Metadata) error {
	if value == nil {
		return nil
	}
	result := value
	if !ch.Replace {
		result = merge(*field, value)
	}
	if err := checkMetadata(param, result); err != nil {
		return err
	}
	*field = result
	return nil
}

// merge puts the change into the old object, object by object; null removes.
func merge(old, change map[string]any) map[string]any {
	out := maps.Clone(old)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range change {
		if v == nil {
			delete(out, k)
			continue
		}
		if inner, ok := v.(map[string]any); ok {
			before, _ := out[k].(map[string]any)
			out[k] = merge(before, inner)
			continue
		}
		out[k] = v
	}
	return out
}

func checkMetadata(param string, m identity.Metadata) error {
	if m == nil {
		return nil
	}
	if depth(map[string]any(m)) > maxMetadataDepth {
		return fault.New(fault.FormParamValueInvalid, "param_name", param)
	}
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("manage: encoding metadata: %w", err)
	}
	if len(b) > maxMetadataSize {
		return fault.New(fault.FormParamTooLarge, "param_name", param)
	}
	return nil
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			deepest = max(deepest, depth(inner))
		}
	case []any:
		for _, inner := range v {
			deepest = max(deepest, depth(inner))
		}
	default:
		return 0
	}
	return deepest + 1
}
