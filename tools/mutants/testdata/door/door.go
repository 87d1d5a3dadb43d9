// Package door has checks that its tests need, and some that they don't.
package door

import "errors"

type Decision struct{ Denied error }

type trace struct{ rules []string }

func (t *trace) note(rule string, ok bool) bool {
	t.rules = append(t.rules, rule)
	return ok
}

func deny(err error) Decision { return Decision{err} }

// Admit has one rule that is tested and one that isn't.
func Admit(age int, name string) (Decision, []string) {
	var t trace
	return admit(&t, age, name), t.rules
}

func admit(t *trace, age int, name string) Decision {
	if !t.note("age", age >= 18) {
		return deny(errors.New("too young"))
	}
	if !t.note("name", name != "") {
		return deny(errors.New("no name"))
	}
	return Decision{}
}

// Open refuses by default.
func Open(key string, spare bool) error {
	if len(key) > 9 || key == "" {
		return errors.New("no key")
	}
	switch key[0] {
	case 'x':
		return errors.New("a bad key")
	case 'y':
	}
	if key == "yes" && !spare {
		return nil
	}
	return errors.New("the wrong key")
}

func weigh(kind string) (int, error) {
	switch kind {
	case "oak":
		return 40, nil
	default:
		return 0, errors.New("unknown kind")
	}
}
