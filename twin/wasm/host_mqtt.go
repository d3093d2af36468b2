package wasm

import (
	"bytes"
	"errors"
	"time"

	"github.com/twinrig/twinrig/twin/mqtt"
)

func mqttFunctions() map[string]hostFunction {
	return map[string]hostFunction{
		"mqtt_will":  {"iiiiii:i", setWill},
		"mqtt_start": {"iii:i", startMQTT},
		"mqtt_online": {":i", func(c *call) int64 {
			if c.client != nil && c.client.Connected() {
				return 1
			}
			return 0
		}},
		"mqtt_publish": {"iiiiii:i", publish},
		"mqtt_pending": {"i:i", func(c *call) int64 {
			if _, pending := c.pending[c.i32()]; pending {
				return 1
			}
			return 0
		}},
		"mqtt_unacknowledged": {":i", func(c *call) int64 { return int64(len(c.pending)) }},
		"mqtt_subscribe": {"iii:i", func(c *call) int64 {
			filter, qos := c.text(), c.u32()
			switch {
			case c.client == nil:
				return errorState
			case qos > 2 || c.client.Subscribe(filter, byte(qos), nil) != nil:
				return errorRange
			}
			return 0
		}},
		"message_topic": {"ii:i", func(c *call) int64 {
			if c.arrived == nil {
				c.bytes() // is looked at all the same
				return errorState
			}
			return c.fill(c.arrived.Topic)
		}},
		"message_payload": {"ii:i", func(c *call) int64 {
			if c.arrived == nil {
				c.bytes() // is looked at all the same
				return errorState
			}
			return c.fill(string(c.arrived.Payload))
		}},
		"disconnect_reason": {"ii:i", func(c *call) int64 { return c.fill(c.reason) }},
	}
}

// takeMessage reads topic, payload, QoS and retain, which will and publish have in common.
func (c *call) takeMessage() (m mqtt.Message, ok bool) {
	m.Topic = c.text()
	m.Payload = bytes.Clone(c.bytes())
	qos := c.u32()
	m.QoS, m.Retain = byte(min(qos, 3)), c.u32() != 0
	return m, qos <= 2
}

func setWill(c *call) int64 {
	m, ok := c.takeMessage()
	switch {
	case c.client != nil:
		return errorState
	case !ok:
		return errorRange
	}
	c.will = &m
	return 0
}

func startMQTT(c *call) int64 {
	keepalive, low, high := time.Duration(c.u32())*time.Second, milliseconds(c.u32()), milliseconds(c.u32())
	if c.client != nil {
		return errorState
	}
	if c.startClient(keepalive, low, high) != nil {
		return errorRange
	}
	return 0
}

func publish(c *call) int64 {
	m, ok := c.takeMessage()
	switch {
	case c.client == nil:
		return errorState
	case !ok:
		return errorRange
	}
	number, err := c.guest.publish(m)
	switch {
	case errors.Is(err, mqtt.ErrQueueFull):
		return errorFull
	case err != nil:
		return c.failed(err, errorRange)
	}
	return int64(number)
}
