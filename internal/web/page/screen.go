package page

import (
	"fmt"
	"time"
)

// Screen is a page that is made of blocks: those of the dashboard and the setup
// portal. What it says is data, so that each screen looks and works like the others
// and a test can read it; templates/screen.html draws it.
type Screen struct {
	Frame
	Title   string
	Lead    string
	Crumbs  []Link // where one came from, the outermost first
	Badges  []Badge
	Actions []Action
	Tabs    []Tab
	Steps   []Step
	Blocks  []Block
}

// Block is one part of a screen, below the one before it. Of what is set, it shows
// all, in the order of the fields.
type Block struct {
	ID    string // of its heading, for links to it
	Title string
	Text  string

	Alert     *Alert
	Numbers   []Number
	Chart     *Chart
	Prose     []Prose
	Facts     []Fact
	Effects   []Effect
	Checks    []Check
	Compare   *Compare
	Choices   []Choice
	Search    *Search
	Table     *Table
	Code      *Code
	Form      *Form
	Empty     *Empty
	Actions   []Action
	Folded    bool // shown once asked for
	Dangerous bool // what it does can't be taken back easily
}

// Link leads somewhere.
type Link struct{ Text, URL string }

// Tab is one of several screens about the same thing.
type Tab struct {
	Text, URL string
	Now       bool
	Count     int // shown if it is not 0
}

// Step is one of several that are taken in order.
type Step struct {
	Text, URL string // without a URL it can't be gone to yet
	State     string // "done", "now", "" for later
}

// Badge is a word about the state of something.
type Badge struct {
	Text string
	Kind string // "success", "warning", "danger", "accent"; empty: plain
}

// Action is a button: a link, or with Post a form of its own.
type Action struct {
	Text   string
	Unseen string // goes on where one can't see what it is about: "Remove" "Alice"
	URL    string
	Kind   string // "primary", "danger"
	Post   bool
	Fields []Hidden
	NewTab bool // what it leads to opens beside the page
}

// Hidden is a field that goes along with a form.
type Hidden struct{ Name, Value string }

// Alert is something to know before the rest.
type Alert struct {
	Kind, Title, Text string // Kind as that of a Notice
	Spans             []Span // in place of Text
	Actions           []Action
}

// Number is a figure worth seeing at once.
type Number struct {
	Label, Value, More, URL string
	Kind                    string // that of a badge
}

// Fact is something about a thing: a name and a value.
type Fact struct {
	Term  string
	Text  string
	URL   string
	More  string // below it, quieter
	Copy  bool   // it is to be taken elsewhere
	Code  bool
	When  Moment
	Badge Badge
	Chips []string // several short values
}

// Effect is a consequence of something that is about to be done.
type Effect struct {
	Count int
	Text  string
	Kind  string // "danger" for what locks somebody out, "warning", "" for the rest
	URL   string // where they are listed
}

// Check is one thing that was looked at.
type Check struct {
	Text               string
	State              string // "passed", "failed", "warning", "skipped"
	Detail             string
	Expected, Received string
	When               Moment
}

// Compare sets values side by side.
type Compare struct {
	Left, Right string // what they are called
	Rows        []Difference
}

// Difference is one pair of values.
type Difference struct {
	Term, Left, Right string
	Same              bool
}

// Choice is one of several ways on, each a large button.
type Choice struct {
	Title, Text, URL, Icon, Badge string
	Avatar                        string
}

// Prose is a piece of text: a paragraph, a list, a value to take elsewhere, a table
// or something to watch out for.
type Prose struct {
	Text    string
	Spans   []Span // in place of Text, where not all of it looks the same
	Items   []Item
	Ordered bool
	Copy    Fact // where Term is set
	Table   *Table
	Alert   *Alert
}

// Span is a piece of text of one look.
type Span struct {
	Text string
	Kind string // "strong", "code", "link" (Text is an https URL); empty: plain
}

// Item is an entry of a list.
type Item struct {
	Text   string
	Spans  []Span
	Values []Fact // to copy, below the text
}

// Code is text for machines.
type Code struct {
	ID, Label, Text string
	Copy            bool
}

// Empty stands where a list has nothing yet, and says how it gets something.
type Empty struct {
	Icon, Title, Text string
	Actions           []Action
}

// Search is a form that narrows what follows it. It works by the URL.
type Search struct {
	Action  string
	Label   string // of the text field; empty: there is none
	Name    string // of the text field; empty: "q"
	Value   string
	Filters []Filter
	Keep    []Hidden // what else of the URL stays
	Reset   string   // URL of the unnarrowed list; empty: it is not narrowed
}

// Filter is one thing to narrow a list by.
type Filter struct {
	Name, Label string
	Options     []Option
}

// Option is one value of a filter or a field.
type Option struct {
	Value, Label, Hint string
	Selected           bool
}

// Table is a list with columns. On a phone each row becomes a card.
type Table struct {
	Caption string // read out; not shown
	Columns []Column
	Rows    []Row
	Pager   *Pager
}

// Column is one column of a table.
type Column struct {
	Title  string
	Number bool   // set flush right
	Sort   string // URL that sorts by it, or turns the order round; empty: not sortable
	Order  string // "ascending" or "descending", if it is sorted by
}

// Row is one line of a table.
type Row struct {
	Cells   []Cell
	Actions []Action
}

// Cell is one value. Of what is set, it shows all.
type Cell struct {
	Avatar     string // name whose initials stand before the text
	AvatarKind string
	Text       string
	URL        string // of the row, in its first cell
	More       string // below it, quieter
	Code       bool
	Badges     []Badge
	When       Moment
	Spans      []Span
}

// Pager says which part of a list is shown.
type Pager struct {
	From, To, Total int
	Previous, Next  string // URLs
}

// Form asks for something.
type Form struct {
	Action string
	Fields []Field
	Hidden []Hidden
	Submit string
	Danger bool
	Files  bool // it sends files
	Cancel string
	Quiet  bool // its button is not the page's main one
}

// Field is one field of a form.
type Field struct {
	Kind     string // "text", "email", "url", "number", "date", "password", "textarea", "select", "check", "radio", "file"; empty: "text"
	Name     string
	Label    string
	Value    string
	Hint     string
	Optional bool
	Checked  bool
	Options  []Option
	Rows     int // of a textarea
	Code     bool
	Accept   string // of a file
	Max      int    // characters
	First    bool   // takes the focus when the page opens
	Auto     string // autocomplete
	Example  string // shown while it is empty
}

// Moment is a time as people say it, and as programs read it.
type Moment struct {
	Text string
	Time string // RFC 3339
}

// Since is a time by how long it is from now: "5 minutes ago", "in 3 days".
func Since(now, t time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	text := ""
	switch d := now.Sub(t); {
	case d >= time.Minute:
		text = span(d) + " ago"
	case d > -time.Minute:
		text = "just now"
	default:
		text = "in " + span(-d)
	}
	return Moment{Text: text, Time: t.UTC().Format(time.RFC3339)}
}

// On is a time by the calendar, in UTC.
func On(t time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	return Moment{Text: t.UTC().Format("2 January 2006, 15:04 UTC"), Time: t.UTC().Format(time.RFC3339)}
}

func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute")
	case d < day:
		return plural(int(d/time.Hour), "hour")
	}
	return plural(int(d/day), "day")
}

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
