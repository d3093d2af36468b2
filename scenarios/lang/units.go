package lang

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// unitError is what is wrong with a quantity, with what would be right.
type unitError struct{ message, hint string }

func (e *unitError) Error() string {
	if e.hint == "" {
		return "lang: " + e.message
	}
	return "lang: " + e.message + "; " + e.hint
}

type unit struct {
	name string
	size int64
}

const maxDuration = 36500 * 24 * time.Hour // a hundred years: sums of a few stay within time.Duration

// ParseDuration reads a length of time: numbers, each with its unit, from the longest unit to the
// shortest: 250ms, 90s, 1.5h, 2d, 49d16h. The units are d, h, m, s, ms, us (or µs) and ns; a day has 24 h.
// It is never negative, a whole number of nanoseconds, and at most 36500d.
func ParseDuration(text string) (time.Duration, error) {
	units := []unit{{"d", int64(24 * time.Hour)}, {"h", int64(time.Hour)}, {"m", int64(time.Minute)}, {"s", int64(time.Second)},
		{"ms", int64(time.Millisecond)}, {"us", int64(time.Microsecond)}, {"µs", int64(time.Microsecond)}, {"μs", int64(time.Microsecond)}, {"ns", 1}}
	bad := func(message, hint string) (time.Duration, error) { return 0, &unitError{message, hint} }
	if text == "" {
		return bad("a duration is missing", "as in 250ms, 90s, 1.5h, 2d")
	}
	if strings.HasPrefix(text, "-") {
		return bad(fmt.Sprintf("a duration cannot be negative: %q", shorten(text)), "")
	}
	total, rest, last := int64(0), text, int64(math.MaxInt64)
	for rest != "" {
		number, name, after := cutQuantity(rest)
		switch {
		case number == "":
			return bad(fmt.Sprintf("%q is not a duration", shorten(text)), "as in 250ms, 90s, 1.5h, 2d")
		case name == "" && after == "" && number == "0":
			return bad("a duration needs a unit: 0", "0s?")
		case name == "" && after == "":
			return bad(fmt.Sprintf("a duration needs a unit: %s", shorten(text)), fmt.Sprintf("%sms or %ss?", shorten(text), number))
		case name == "":
			return bad(fmt.Sprintf("%q is not a duration", shorten(text)), "the unit follows its number at once, as in 90s")
		}
		size, ok := find(units, name)
		if !ok {
			return bad(fmt.Sprintf("unknown unit of time %q", shorten(name)), durationHint(name))
		}
		if size >= last {
			return bad(fmt.Sprintf("%q is out of order", shorten(text)), "the longest unit comes first and each only once, as in 1h30m")
		}
		n, err := scale(number, size, "a whole number of nanoseconds")
		if err != nil {
			return 0, err
		}
		if n > int64(maxDuration)-total {
			return bad(fmt.Sprintf("%s is longer than a hundred years", shorten(text)), "")
		}
		total, last, rest = total+n, size, after
	}
	return time.Duration(total), nil
}

func durationHint(name string) string {
	switch strings.ToLower(name) {
	case "sec", "secs", "second", "seconds", "s":
		return "s are seconds"
	case "min", "mins", "minute", "minutes":
		return "m are minutes"
	case "hr", "hrs", "hour", "hours", "h":
		return "h are hours"
	case "day", "days", "d":
		return "d are days"
	case "w", "week", "weeks":
		return "a week is 7d"
	case "msec", "millis", "ms":
		return "ms are milliseconds"
	}
	return "one of d, h, m, s, ms, us, ns"
}

// ParsePercent reads a share with its sign: 2%, 0.5%. It returns 0 to 1.
func ParsePercent(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	if !ok {
		if isNumber(text) {
			return 0, &unitError{fmt.Sprintf("a percentage needs its sign: %s", shorten(text)), shorten(text) + "%?"}
		}
		return 0, &unitError{fmt.Sprintf("%q is not a percentage", shorten(text)), "as in 2% or 0.5%"}
	}
	if !isNumber(number) {
		return 0, &unitError{fmt.Sprintf("%q is not a percentage", shorten(text)), "as in 2% or 0.5%"}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v < 0 || v > 100 {
		return 0, &unitError{fmt.Sprintf("%s is not between 0%% and 100%%", shorten(text)), ""}
	}
	return v / 100, nil
}

// ParseBitRate reads a rate with its unit: bit, kbit, mbit, gbit (per second, powers of 1000). It is above zero.
func ParseBitRate(text string) (int64, error) {
	n, err := quantity(text, "rate", "bit", []unit{{"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}},
		"a whole number of bits a second", func(name string) string {
			switch lower := strings.ToLower(name); {
			case lower == "k" || lower == "m" || lower == "g":
				return "did you mean " + lower + "bit?"
			case strings.HasPrefix(lower, "kb"):
				return "did you mean kbit?"
			case strings.HasPrefix(lower, "mb"):
				return "did you mean mbit?"
			case strings.HasPrefix(lower, "gb"):
				return "did you mean gbit?"
			}
			return "one of bit, kbit, mbit, gbit"
		})
	if err == nil && n == 0 {
		return 0, &unitError{"a rate is above zero", "leave it out for a link without a limit; state: down for none"}
	}
	return n, err
}

// ParseSize reads a number of bytes with its unit: B, KiB, MiB, GiB (powers of 1024).
func ParseSize(text string) (int64, error) {
	return quantity(text, "size", "B", []unit{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}},
		"a whole number of bytes", func(name string) string {
			switch lower := strings.ToLower(name); {
			case strings.HasPrefix(lower, "k"):
				return "did you mean KiB?"
			case strings.HasPrefix(lower, "m"):
				return "did you mean MiB?"
			case strings.HasPrefix(lower, "g"):
				return "did you mean GiB?"
			}
			return "one of B, KiB, MiB, GiB"
		})
}

// quantity reads one number and one unit.
func quantity(text, what, plain string, units []unit, whole string, hint func(string) string) (int64, error) {
	number, name, rest := cutQuantity(text)
	largest := units[len(units)-1].name
	switch {
	case strings.HasPrefix(text, "-"):
		return 0, &unitError{fmt.Sprintf("a %s cannot be negative: %q", what, shorten(text)), ""}
	case number == "" || rest != "":
		return 0, &unitError{fmt.Sprintf("%q is not a %s", shorten(text), what), "as in 64" + units[1].name + " or 1" + largest}
	case name == "":
		return 0, &unitError{fmt.Sprintf("a %s needs a unit: %s", what, shorten(text)),
			fmt.Sprintf("%s%s or %s%s?", shorten(text), plain, shorten(text), units[1].name)}
	}
	size, ok := find(units, name)
	if !ok {
		return 0, &unitError{fmt.Sprintf("unknown unit %q of a %s", shorten(name), what), hint(name)}
	}
	return scale(number, size, whole)
}

func find(units []unit, name string) (int64, bool) {
	for _, u := range units {
		if u.name == name {
			return u.size, true
		}
	}
	return 0, false
}

// cutQuantity cuts the leading number (digits, and perhaps a point and digits) and the unit behind it.
func cutQuantity(s string) (number, name, rest string) {
	i := digits(s)
	if i == 0 {
		return "", "", s
	}
	if i < len(s) && s[i] == '.' {
		fraction := digits(s[i+1:])
		if fraction == 0 {
			return "", "", s
		}
		i += 1 + fraction
	}
	j := i
	for j < len(s) && s[j] != ' ' && s[j] != '.' && s[j] != '-' && s[j] != '+' && (s[j] < '0' || s[j] > '9') {
		j++
	}
	return s[:i], s[i:j], s[j:]
}

func digits(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// scale multiplies a decimal number by size, exactly, or says why that cannot be.
func scale(number string, size int64, whole string) (int64, error) {
	integer, fraction, _ := strings.Cut(number, ".")
	tooLarge := &unitError{fmt.Sprintf("%s is too large", shorten(number)), ""}
	n, err := strconv.ParseUint(integer, 10, 63)
	if err != nil {
		return 0, tooLarge
	}
	high, low := bits.Mul64(n, uint64(size))
	if high != 0 || low > math.MaxInt64 {
		return 0, tooLarge
	}
	fraction = strings.TrimRight(fraction, "0")
	if fraction == "" {
		return int64(low), nil
	}
	notWhole := &unitError{fmt.Sprintf("%s of this unit is not %s", shorten(number), whole), ""}
	if len(fraction) > 18 {
		return 0, notWhole
	}
	f, err := strconv.ParseUint(fraction, 10, 63)
	if err != nil {
		return 0, notWhole
	}
	power := uint64(1)
	for range fraction {
		power *= 10
	}
	partHigh, partLow := bits.Mul64(f, uint64(size))
	quotient, remainder := bits.Div64(partHigh, partLow, power)
	if remainder != 0 {
		return 0, notWhole
	}
	sum := low + quotient
	if sum > math.MaxInt64 {
		return 0, tooLarge
	}
	return int64(sum), nil
}

// isNumber reports whether s is a decimal number as every YAML reader has it: no leading zeros
// (octal to some), no underscores, no hexadecimal, no infinity.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	i := digits(s)
	if i == 0 || i > 1 && s[0] == '0' {
		return false
	}
	if i < len(s) && s[i] == '.' {
		fraction := digits(s[i+1:])
		if fraction == 0 {
			return false
		}
		i += 1 + fraction
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		exponent := digits(s[i:])
		if exponent == 0 {
			return false
		}
		i += exponent
	}
	return i == len(s)
}
