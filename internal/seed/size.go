package seed

// maxMembers is the most that an organization gets.
const maxMembers = 10_000

// sizes says how many members each organization has. A tenth of all members is in
// organizations of 10,000, a tenth in those of 1,000, a tenth in those of 100;
// the rest is spread over all others, unevenly: most have fewer than ten.
func (f *filler) sizes() []int {
	sizes := make([]int, f.Organizations)
	large, left := 0, f.Memberships
	for _, size := range []int{maxMembers, 1000, 100} {
		n := f.Memberships / 10 / size
		if large+n > f.Organizations/2 { // the others need room
			continue
		}
		for range n {
			sizes[large] = size
			large++
			left -= size
		}
	}
	small := sizes[large:]
	for i := range small { // somebody is everywhere, if there are enough
		if left == 0 {
			break
		}
		small[i] = 1
		left--
	}
	for left > 0 {
		u := f.rand.Float64()
		i := int(u * u * float64(len(small))) // the first get more
		if small[i] == maxMembers {
			continue
		}
		small[i]++
		left--
	}
	f.rand.Shuffle(len(sizes), func(i, j int) { sizes[i], sizes[j] = sizes[j], sizes[i] })
	return sizes
}
