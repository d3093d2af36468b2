package scenarios

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/mqtt"
)

// actor is firmware that does what its param `script` says, so that a scenario knows to the
// nanosecond what its device does. Each line is an action, and when it does it: a time since power-on or reset.
//
//	2s high LED
//	3s publish devices/d/x {"seq":1}
//
// A line on the console is an action without a time.
type actor struct {
	hw     *twin.Hardware
	client *mqtt.Client
	lines  chan string
	script []act
}

type act struct {
	at time.Time
	do string
}

func actorFirmware(hw *twin.Hardware) error {
	a := &actor{hw: hw, lines: make(chan string)}
	start := time.Now().Add(-twin.BootTime)
	for line := range strings.Lines(hw.Param("script")) {
		word, do, _ := strings.Cut(strings.TrimSpace(line), " ")
		after, err := time.ParseDuration(word)
		if err != nil {
			return fmt.Errorf("actor: script: %w", err)
		}
		a.script = append(a.script, act{start.Add(after), do})
	}
	id := hw.Identity()
	var err error
	if a.client, err = mqtt.New(hw.Context(), mqtt.Config{Dial: hw.DialContext, Address: "broker:1883", ClientID: id.ClientID,
		Username: id.Username, Password: id.Password, Rand: hw.Rand()}); err != nil {
		return err
	}
	hw.Go(a.listen)
	return a.loop()
}

func (a *actor) listen() error {
	for in := bufio.NewScanner(a.hw.Console()); in.Scan(); {
		select {
		case a.lines <- in.Text():
		case <-a.hw.Context().Done():
			return nil
		}
	}
	return nil
}

func (a *actor) loop() error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		for len(a.script) > 0 && !time.Now().Before(a.script[0].at) {
			if err := a.do(a.script[0].do); err != nil {
				return err
			}
			a.script = a.script[1:]
		}
		next := a.client.Step()
		if len(a.script) > 0 && a.script[0].at.Before(next) {
			next = a.script[0].at
		}
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case in := <-a.client.Incoming():
			a.client.Handle(in)
		case line := <-a.lines:
			if err := a.do(line); err != nil {
				return err
			}
		case <-a.hw.Context().Done():
			return context.Cause(a.hw.Context())
		}
	}
}

func (a *actor) do(action string) error {
	verb, rest, _ := strings.Cut(action, " ")
	topic, payload, _ := strings.Cut(rest, " ")
	switch verb {
	case "high", "low":
		pin, err := a.hw.Pin(rest)
		if err != nil {
			return err
		}
		return pin.Out(gpio.Level(verb == "high"))
	case "say":
		_, err := fmt.Fprintln(a.hw.Console(), rest)
		return err
	case "publish", "retain":
		return a.client.Publish(mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: verb == "retain"}, nil)
	case "subscribe":
		return a.client.Subscribe(rest, 1, nil)
	case "write":
		_, err := a.hw.Flash().WriteAt([]byte(rest), 0)
		return err
	}
	return errors.New("actor: no such action: " + action)
}
