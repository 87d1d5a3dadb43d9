package guide

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"usher/internal/identity"
)

// parser reads a file line by line.
type parser struct {
	lines []string
	at    int // of the next line
	guide Guide
}

func parse(text string) (Guide, error) {
	if !utf8.ValidString(text) {
		return Guide{}, errors.New("it is not UTF-8")
	}
	p := &parser{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	if err := p.file(); err != nil {
		return Guide{}, fmt.Errorf("line %d: %w", p.at, err)
	}
	return p.guide, nil
}

// peek is the next line; ok is false at the end and where a block ends.
func (p *parser) peek() (line string, ok bool) {
	if p.at >= len(p.lines) || p.lines[p.at] == "" {
		return "", false
	}
	return p.lines[p.at], true
}

func (p *parser) next() string {
	p.at++
	return p.lines[p.at-1]
}

func (p *parser) file() error {
	for {
		if _, ok := p.peek(); !ok {
			break
		}
		if err := p.fact(p.next()); err != nil {
			return err
		}
	}
	for p.at < len(p.lines) {
		line, ok := p.peek()
		if !ok {
			p.at++
			continue
		}
		if heading, found := strings.CutPrefix(line, "# "); found {
			p.at++
			if err := p.heading(heading); err != nil {
				return err
			}
			continue
		}
		if len(p.guide.Steps) == 0 {
			p.at++
			return errors.New("text before the first step")
		}
		block, err := p.block()
		if err != nil {
			return err
		}
		if _, more := p.peek(); more {
			p.at++
			return errors.New("this does not belong to the block before it: put an empty line between")
		}
		step := &p.guide.Steps[len(p.guide.Steps)-1]
		step.Blocks = append(step.Blocks, block)
	}
	return nil
}

// fact reads a line such as "name: Okta".
func (p *parser) fact(line string) error {
	name, value, ok := strings.Cut(line, ": ")
	if !ok || value == "" {
		return fmt.Errorf("%q is no fact", line)
	}
	g := &p.guide
	one := map[string]*string{
		"key": &g.Key, "name": &g.Name, "protocol": (*string)(&g.Protocol), "provider": (*string)(&g.Provider),
		"user_id": &g.Mapping.UserID, "email_address": &g.Mapping.EmailAddress,
		"first_name": &g.Mapping.FirstName, "last_name": &g.Mapping.LastName,
	}
	many := map[string]*[]string{
		"sends_user_id": &g.Sends.UserID, "sends_email_address": &g.Sends.EmailAddress,
		"sends_first_name": &g.Sends.FirstName, "sends_last_name": &g.Sends.LastName,
	}
	if into, ok := one[name]; ok {
		if *into != "" {
			return fmt.Errorf("%s is said twice", name)
		}
		*into = value
		return nil
	}
	if into, ok := many[name]; ok {
		*into = append(*into, strings.Fields(value)...)
		return nil
	}
	if name == "email_verified_default" && value == "true" {
		g.EmailVerifiedDefault = true
		return nil
	}
	return fmt.Errorf("the fact %q is not known", line)
}

// heading reads what stands behind "# ".
func (p *parser) heading(line string) error {
	kind, title, ok := strings.Cut(line, ": ")
	if !ok || !slices.Contains(StepKinds(), StepKind(kind)) {
		return fmt.Errorf("%q is no step", line)
	}
	if err := plain(title); err != nil {
		return err
	}
	p.guide.Steps = append(p.guide.Steps, Step{Kind: StepKind(kind), Title: title})
	return nil
}

func (p *parser) block() (Block, error) {
	line, _ := p.peek()
	switch {
	case strings.HasPrefix(line, "1. "):
		return p.list()
	case strings.HasPrefix(line, "| "):
		return p.table()
	case strings.HasPrefix(line, "> "):
		return p.aside()
	case strings.HasPrefix(line, "copy "):
		v, err := value(p.next())
		return Block{Kind: BlockCopy, Copy: v}, err
	case strings.HasPrefix(line, "ask "):
		return p.ask(strings.TrimPrefix(p.next(), "ask "))
	}
	text, err := p.paragraph("")
	return Block{Kind: BlockText, Text: text}, err
}

// paragraph reads lines up to the end of the block; each begins with prefix.
func (p *parser) paragraph(prefix string) ([]Span, error) {
	var words []string
	for {
		line, ok := p.peek()
		if !ok || !strings.HasPrefix(line, prefix) {
			break
		}
		words = append(words, strings.TrimPrefix(p.next(), prefix))
	}
	return spans(strings.Join(words, " "))
}

func (p *parser) list() (Block, error) {
	b := Block{Kind: BlockList}
	for {
		if _, ok := p.peek(); !ok {
			return b, nil
		}
		text, ok := strings.CutPrefix(p.next(), strconv.Itoa(len(b.Items)+1)+". ")
		if !ok {
			return b, fmt.Errorf("want item %d", len(b.Items)+1)
		}
		var item Item
		for {
			line, ok := p.peek()
			rest, belongs := strings.CutPrefix(line, "   ")
			if !ok || !belongs {
				break
			}
			p.at++
			if !strings.HasPrefix(rest, "copy ") {
				if len(item.Values) > 0 {
					return b, errors.New("text of the item behind its values")
				}
				text += " " + rest
				continue
			}
			v, err := value(rest)
			if err != nil {
				return b, err
			}
			item.Values = append(item.Values, v)
		}
		var err error
		if item.Text, err = spans(text); err != nil {
			return b, err
		}
		b.Items = append(b.Items, item)
	}
}

func (p *parser) table() (Block, error) {
	b := Block{Kind: BlockTable}
	for n := 0; ; n++ {
		if _, ok := p.peek(); !ok {
			break
		}
		line := p.next()
		inner, left := strings.CutPrefix(line, "|")
		inner, right := strings.CutSuffix(inner, "|")
		if !left || !right {
			return b, errors.New("a row of a table begins and ends with |")
		}
		cells := strings.Split(inner, "|")
		if n > 0 && len(cells) != len(b.Head) {
			return b, fmt.Errorf("%d cells, want %d", len(cells), len(b.Head))
		}
		if n == 1 {
			if strings.Trim(inner, "-|") != "" {
				return b, errors.New("want the line below the head")
			}
			continue
		}
		var row [][]Span
		for _, cell := range cells {
			text, err := spans(strings.TrimSpace(cell))
			if err != nil {
				return b, err
			}
			row = append(row, text)
		}
		if n == 0 {
			b.Head = row
		} else {
			b.Rows = append(b.Rows, row)
		}
	}
	if len(b.Rows) == 0 {
		return b, errors.New("a table without rows")
	}
	return b, nil
}

func (p *parser) aside() (Block, error) {
	line, _ := p.peek()
	kind, rest, ok := strings.Cut(strings.TrimPrefix(line, "> "), ": ")
	b := Block{Kind: BlockKind(kind)}
	if !ok || b.Kind != BlockNote && b.Kind != BlockWarning {
		p.at++
		return b, errors.New("want note or warning")
	}
	p.lines[p.at] = "> " + rest
	var err error
	b.Text, err = p.paragraph("> ")
	return b, err
}

func (p *parser) ask(line string) (Block, error) {
	b := Block{Kind: BlockAsk}
	for way := range strings.SplitSeq(line, " | ") {
		var inputs []Input
		for name := range strings.SplitSeq(way, " + ") {
			if !slices.Contains(Inputs(p.guide.Protocol), Input(name)) {
				return b, fmt.Errorf("%q can't be asked for", name)
			}
			inputs = append(inputs, Input(name))
		}
		b.Ask = append(b.Ask, inputs)
	}
	return b, nil
}

// value reads "copy Label: text".
func value(line string) (Value, error) {
	label, text, ok := strings.Cut(strings.TrimPrefix(line, "copy "), ": ")
	if !ok || label == "" || text == "" {
		return Value{}, fmt.Errorf("%q has no value to copy", line)
	}
	return Value{Label: label, Text: text}, errors.Join(plain(label), filled(text))
}

// The marks of a text. Values hold neither spaces at their ends nor marks.
var mark = regexp.MustCompile("\\*\\*([^*]+)\\*\\*|`([^`]+)`|<(https://[^<>\\s]+)>")

// spans reads a line of text.
func spans(text string) ([]Span, error) {
	if text == "" {
		return nil, errors.New("a text is empty")
	}
	var list []Span
	add := func(kind SpanKind, text string) error {
		if text == "" {
			return nil
		}
		list = append(list, Span{kind, text})
		if kind == SpanPlain || kind == SpanStrong {
			return plain(text)
		}
		return filled(text)
	}
	at := 0
	var errs []error
	for _, m := range mark.FindAllStringSubmatchIndex(text, -1) {
		errs = append(errs, add(SpanPlain, text[at:m[0]]))
		for i, kind := range []SpanKind{SpanStrong, SpanCode, SpanLink} {
			if from := m[2+2*i]; from >= 0 {
				errs = append(errs, add(kind, text[from:m[3+2*i]]))
			}
		}
		at = m[1]
	}
	errs = append(errs, add(SpanPlain, text[at:]))
	return list, errors.Join(errs...)
}

// plain finds what could be meant as markup.
func plain(text string) error {
	if i := strings.IndexAny(text, "*`<>[]|#\t"); i >= 0 {
		return fmt.Errorf("%q has a stray %q", text, text[i])
	}
	return filled(text)
}

var brace = regexp.MustCompile(`\{([^{}]*)\}|[{}]`)

// filled finds placeholders that nothing stands for.
func filled(text string) error {
	if strings.Contains(text, "  ") || strings.Contains(text, "http://localhost") {
		return fmt.Errorf("%q has two spaces, or an address of this machine", text)
	}
	for _, m := range brace.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(placeholders(), m[1]) {
			return fmt.Errorf("%q has a placeholder that is not known", text)
		}
	}
	return nil
}

// Complete says what a guide lacks; nil if nothing.
func (g Guide) Complete() error {
	var errs []error
	lacks := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if g.Key == "" || g.Name == "" || !slices.Contains(identity.Providers(), g.Provider) {
		lacks("key, name or provider")
	}
	fits := map[Protocol]bool{SAML: g.Provider.IsSAML(), OIDC: g.Provider.IsOIDC(), EASIE: g.Provider.IsEASIE()}
	if !fits[g.Protocol] {
		lacks("a provider that speaks %q", g.Protocol)
	}
	if g.Protocol == SAML && (g.Mapping.EmailAddress == "" || len(g.Sends.EmailAddress) == 0) {
		lacks("names of attributes")
	}
	last := -1
	for _, s := range g.Steps {
		if i := slices.Index(StepKinds(), s.Kind); i < last {
			lacks("order: %s is too late", s.Kind)
		} else {
			last = i
		}
		if s.Title == "" || len(s.Blocks) == 0 {
			lacks("blocks of %s", s.Kind)
		}
	}
	for _, kind := range g.required() {
		if _, ok := g.Step(kind); !ok {
			lacks("the step %s", kind)
		}
	}
	return errors.Join(errs...)
}

func (g Guide) required() []StepKind {
	if g.Protocol == EASIE { // nothing is made there: the client is ours
		return []StepKind{StepConfigure, StepConnect, StepAssign, StepTest, StepTrouble}
	}
	if g.Protocol == OIDC {
		return slices.DeleteFunc(StepKinds(), func(k StepKind) bool { return k == StepAttributes })
	}
	return StepKinds()
}
