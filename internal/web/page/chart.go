package page

import (
	"math"
	"strconv"
	"strings"
)

// Chart is figures over time, drawn on the server; a table of the same figures can
// be unfolded below it, for those who would rather read, or must.
type Chart struct {
	Title  string
	Text   string // what it shows, in a sentence
	Lines  bool   // lines, of which the highest counts; else bars, piled up
	Unit   string // of the values: "ms"
	Labels []string
	Series []Series
}

// Series is one row of figures, as many as there are labels.
type Series struct {
	Name   string
	Kind   string // "good", "bad", "warn", "accent", "quiet"
	Values []float64
}

// The size of a drawing, in its own units.
const (
	chartWidth  = 720.0
	chartHeight = 180.0
	chartLeft   = 44.0 // for the figures of the scale
	chartFoot   = 22.0 // for the labels
	chartTop    = 8.0
)

// Drawing is a chart with everything in its place.
type Drawing struct {
	Width, Height int
	Grid          []Mark
	Bars          []Bar
	Paths         []Path
	Ticks         []Mark
}

// Mark is a line of the scale, or a label below.
type Mark struct {
	X, Y string
	Text string
}

// Bar is one piece of a pile.
type Bar struct {
	Kind, X, Y, Width, Height, Title string
}

// Path is a line.
type Path struct{ Kind, Points string }

// Draw puts everything in its place.
func (c *Chart) Draw() Drawing {
	d := Drawing{Width: int(chartWidth), Height: int(chartHeight)}
	high := scale(c.highest())
	place := func(v float64) float64 {
		return chartTop + (chartHeight-chartTop-chartFoot)*(1-v/high)
	}
	for i := range 3 {
		v := high * float64(i) / 2
		d.Grid = append(d.Grid, Mark{X: number(chartLeft - 8), Y: number(place(v)), Text: figure(v)})
	}
	if len(c.Labels) == 0 {
		return d
	}
	step := (chartWidth - chartLeft) / float64(len(c.Labels))
	every := max(1, int(math.Ceil(float64(len(c.Labels))/8)))
	for i, label := range c.Labels {
		middle := chartLeft + step*(float64(i)+0.5)
		if i%every == 0 {
			d.Ticks = append(d.Ticks, Mark{X: number(middle), Y: number(chartHeight - 5), Text: label})
		}
		if !c.Lines {
			d.Bars = append(d.Bars, c.pile(i, middle-step*0.36, step*0.72, place)...)
		}
	}
	if c.Lines {
		for _, s := range c.Series {
			d.Paths = append(d.Paths, Path{Kind: s.Kind, Points: s.points(step, place)})
		}
	}
	return d
}

func (c *Chart) pile(i int, x, width float64, place func(float64) float64) (bars []Bar) {
	low := 0.0
	for _, s := range c.Series {
		v := s.at(i)
		if v <= 0 {
			continue
		}
		bars = append(bars, Bar{
			Kind: s.Kind, X: number(x), Width: number(width), Y: number(place(low + v)), Height: number(place(low) - place(low+v)),
			Title: c.Labels[i] + ": " + figure(v) + " " + s.Name,
		})
		low += v
	}
	return bars
}

func (s Series) points(step float64, place func(float64) float64) string {
	var b strings.Builder
	for i := range s.Values {
		if math.IsNaN(s.Values[i]) {
			continue
		}
		b.WriteString(number(chartLeft+step*(float64(i)+0.5)) + "," + number(place(s.Values[i])) + " ")
	}
	return strings.TrimSpace(b.String())
}

// at is the value at a label; 0 where there is none.
func (s Series) at(i int) float64 {
	if i >= len(s.Values) || math.IsNaN(s.Values[i]) {
		return 0
	}
	return s.Values[i]
}

func (c *Chart) highest() (high float64) {
	for i := range c.Labels {
		sum := 0.0
		for _, s := range c.Series {
			if c.Lines {
				sum = max(sum, s.at(i))
			} else {
				sum += s.at(i)
			}
		}
		high = max(high, sum)
	}
	return high
}

// Table is the chart's figures to read.
func (c *Chart) Table() *Table {
	t := &Table{Caption: c.Title, Columns: []Column{{Title: "Time"}}}
	for _, s := range c.Series {
		t.Columns = append(t.Columns, Column{Title: s.Name, Number: true})
	}
	for i, label := range c.Labels {
		row := Row{Cells: []Cell{{Text: label}}}
		for _, s := range c.Series {
			text := "–"
			if i < len(s.Values) && !math.IsNaN(s.Values[i]) {
				text = strings.TrimSpace(figure(s.Values[i]) + " " + c.Unit)
			}
			row.Cells = append(row.Cells, Cell{Text: text})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// scale is the round figure at the top of the scale.
func scale(high float64) float64 {
	if high <= 2 {
		return 2
	}
	unit := math.Pow(10, math.Floor(math.Log10(high)))
	for _, f := range []float64{1, 2, 4, 5, 6, 8, 10} {
		if high <= f*unit {
			return f * unit
		}
	}
	return 10 * unit
}

func number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// figure is a number as people read it.
func figure(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(math.Round(v/1e5)/10, 'f', -1, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(math.Round(v/1e2)/10, 'f', -1, 64) + "k"
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}
