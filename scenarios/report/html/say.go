package html

import (
	"fmt"
	"strings"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/visible"
)

// say puts an event into a line of words. The device and the time stand elsewhere.
func say(e *trace.Event) string {
	var b strings.Builder
	add := func(words ...string) {
		for _, w := range words {
			if w != "" {
				if b.Len() > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(w)
			}
		}
	}
	switch e.Kind {
	case trace.Console:
		add(e.Text)
	case trace.Pin:
		add(e.Name, map[bool]string{true: "high", false: "low"}[e.Value != 0])
	case trace.Sensor:
		add(e.Name, fmt.Sprintf("%g", e.Value), e.Text)
	case trace.Battery:
		add(fmt.Sprintf("battery %.4g %%", e.Value))
	case trace.Publish, trace.Deliver, trace.Drop, trace.Will, trace.Retain:
		add(string(e.Kind), e.Topic, messageText(e), e.Cause, flags(e))
	case trace.FlashWrite, trace.FlashErase:
		add(fmt.Sprintf("%s of %d bytes at %d", strings.ReplaceAll(string(e.Kind), "_", " "), e.Count, e.Offset), e.Cause)
	case trace.Memory:
		add(fmt.Sprintf("%d bytes of RAM in use", e.Count))
	case trace.Traffic:
		add(fmt.Sprintf("%d bytes sent, %d received", e.Count, e.Offset))
	case trace.Step:
		add(strings.TrimPrefix(e.Text, "begin "))
	case trace.Connect, trace.Connack, trace.Disconnect, trace.Subscribe:
		add(string(e.Kind), e.Client, e.Topic, e.Text, e.Cause)
	default:
		add(string(e.Kind), e.Name, e.Text, e.Cause)
		if e.Count != 0 {
			add(fmt.Sprintf("(%d)", e.Count))
		}
	}
	return visible.Line(clip(b.String(), maxText))
}

// messageText is a payload as JSON or text, and else as hexadecimal digits.
func messageText(e *trace.Event) string {
	switch {
	case e.Decoded != "":
		return e.Decoded
	case len(e.Payload) == 0:
		return ""
	}
	text := string(e.Payload[:min(len(e.Payload), 4*maxText)])
	if strings.ToValidUTF8(text, "") != text && len(e.Payload) <= 4*maxText {
		return fmt.Sprintf("0x%x", e.Payload[:min(len(e.Payload), maxText/2)])
	}
	return text
}

func flags(e *trace.Event) string {
	var words []string
	if e.QoS > 0 {
		words = append(words, fmt.Sprintf("QoS %d", e.QoS))
	}
	if e.Retain {
		words = append(words, "retained")
	}
	if e.Dup {
		words = append(words, "dup")
	}
	if len(words) == 0 {
		return ""
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// clip shortens s to n runes, with an ellipsis.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
