package mqtt_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/twin/mqtt"
)

// publish hands n messages to the client and notes what becomes of them.
func publish(t *testing.T, c *mqtt.Client, n int, qos byte, note *[]string) {
	for i := 1; i <= n; i++ {
		require.NoError(t, c.Publish(mqtt.Message{Topic: "t", Payload: fmt.Append(nil, i), QoS: qos}, func(err error) {
			*note = append(*note, fmt.Sprint(i, " ", err))
		}))
	}
}

func TestWindowAndOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		cfg := f.config()
		cfg.Window = 2
		var note []string
		defer drive(t, cfg, func(c *mqtt.Client) { publish(t, c, 4, 1, &note) })()
		e := f.accept(false)
		first, second := e.expect(packets.Publish), e.expect(packets.Publish)
		require.Equal(t, "1 2", string(first.Payload)+" "+string(second.Payload))
		require.NotEqual(t, first.PacketID, second.PacketID)
		synctest.Wait()
		require.Zero(t, e.r.Buffered(), "the window is full")
		require.Empty(t, note)
		e.reply(packets.Puback, first.PacketID)
		third := e.expect(packets.Publish)
		require.Equal(t, "3", string(third.Payload))
		require.False(t, third.FixedHeader.Dup)
		require.Equal(t, []string{"1 <nil>"}, note)
		e.reply(packets.Puback, second.PacketID)
		require.Equal(t, "4", string(e.expect(packets.Publish).Payload))
	})
}

func TestUnacknowledgedMessagesAreSentAgain(t *testing.T) {
	for _, tt := range []struct {
		name    string
		present bool
	}{{"resumed session, with DUP", true}, {"lost session, as new", false}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, mqtt.V311)
				cfg := f.config()
				cfg.Window = 3
				var note []string
				defer drive(t, cfg, func(c *mqtt.Client) { publish(t, c, 4, 1, &note) })()
				e := f.accept(false)
				var ids []uint16
				for range 3 {
					ids = append(ids, e.expect(packets.Publish).PacketID)
				}
				e.reply(packets.Puback, ids[1])
				e.expect(packets.Publish)
				e.conn.Close()
				e = f.accept(tt.present)
				for _, want := range []struct {
					payload string
					id      uint16
				}{{"1", ids[0]}, {"3", ids[2]}, {"4", 0}} {
					pk := e.expect(packets.Publish)
					require.Equal(t, want.payload, string(pk.Payload))
					require.Equal(t, tt.present, pk.FixedHeader.Dup)
					if tt.present && want.id != 0 {
						require.Equal(t, want.id, pk.PacketID)
					}
					e.reply(packets.Puback, pk.PacketID)
				}
				synctest.Wait()
				require.Equal(t, []string{"2 <nil>", "1 <nil>", "3 <nil>", "4 <nil>"}, note)
			})
		})
	}
}

func TestAckTimeoutEndsTheConnection(t *testing.T) {
	for _, tt := range []struct {
		name string
		ask  func(*mqtt.Client) error
	}{
		{"PUBACK", func(c *mqtt.Client) error { return c.Publish(mqtt.Message{Topic: "t", QoS: 1}, nil) }},
		{"PUBREC", func(c *mqtt.Client) error { return c.Publish(mqtt.Message{Topic: "t", QoS: 2}, nil) }},
		{"SUBACK", func(c *mqtt.Client) error { return c.Subscribe("t", 1, nil) }},
		{"UNSUBACK", func(c *mqtt.Client) error { return c.Unsubscribe("t", nil) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, mqtt.V311)
				cfg := f.config()
				lost := make(chan error, 10)
				cfg.OnDisconnect = func(err error) { lost <- err }
				defer drive(t, cfg, func(c *mqtt.Client) { require.NoError(t, tt.ask(c)) })()
				e := f.accept(true)
				e.wire.Cut()
				from := time.Now()
				require.ErrorIs(t, <-lost, mqtt.ErrTimeout)
				require.Equal(t, 10*time.Second, time.Since(from))
			})
		})
	}
}

func TestLateAckStillCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		var note []string
		defer drive(t, f.config(), func(c *mqtt.Client) { publish(t, c, 1, 1, &note) })()
		e := f.accept(false)
		id := e.expect(packets.Publish).PacketID
		time.Sleep(10*time.Second - 1)
		e.reply(packets.Puback, id)
		synctest.Wait()
		require.Equal(t, []string{"1 <nil>"}, note)
		e.reply(packets.Puback, id) // and a second one harms nothing
		e.expect(packets.Pingreq)
	})
}

func TestEachStepOfQoS2HasItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		var note []string
		defer drive(t, f.config(), func(c *mqtt.Client) { publish(t, c, 1, 2, &note) })()
		e := f.accept(false)
		id := e.expect(packets.Publish).PacketID
		time.Sleep(9 * time.Second)
		e.reply(packets.Pubrec, id)
		e.expect(packets.Pubrel)
		time.Sleep(9 * time.Second)
		e.reply(packets.Pubcomp, id)
		synctest.Wait()
		require.Equal(t, []string{"1 <nil>"}, note)
		e.expect(packets.Pingreq)
	})
}

func TestQoS2Sending(t *testing.T) {
	for _, tt := range []struct {
		name    string
		cut     byte // the connection ends after this packet of the client
		present bool
		again   []byte // what the client then sends
	}{
		{"no cut", 0, true, nil},
		{"cut before PUBREC", packets.Publish, true, []byte{packets.Publish, packets.Pubrel}},
		{"cut before PUBCOMP", packets.Pubrel, true, []byte{packets.Pubrel}},
		{"cut before PUBREC, session lost", packets.Publish, false, []byte{packets.Publish, packets.Pubrel}},
		{"cut before PUBCOMP, session lost", packets.Pubrel, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, mqtt.V5)
				var note []string
				defer drive(t, f.config(), func(c *mqtt.Client) { publish(t, c, 1, 2, &note) })()
				answers := map[byte]byte{packets.Publish: packets.Pubrec, packets.Pubrel: packets.Pubcomp}
				e := f.accept(false)
				for _, kind := range []byte{packets.Publish, packets.Pubrel} {
					pk := e.expect(kind)
					if kind == tt.cut {
						e.conn.Close()
						break
					}
					e.reply(answers[kind], pk.PacketID)
				}
				if tt.cut != 0 {
					e = f.accept(tt.present)
				}
				for _, kind := range tt.again {
					pk := e.expect(kind)
					if kind == packets.Publish {
						require.Equal(t, tt.present, pk.FixedHeader.Dup)
					}
					e.reply(answers[kind], pk.PacketID)
				}
				synctest.Wait()
				require.Equal(t, []string{"1 <nil>"}, note)
				e.expect(packets.Pingreq) // and nothing more
			})
		})
	}
}

func TestRefusedPublish(t *testing.T) {
	for _, tt := range []struct {
		name   string
		qos    byte
		answer byte
		want   string
	}{
		{"QoS 1", 1, packets.Puback, "1 mqtt: PUBACK: not authorized (0x87)"},
		{"QoS 2", 2, packets.Pubrec, "1 mqtt: PUBREC: not authorized (0x87)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, mqtt.V5)
				var note []string
				defer drive(t, f.config(), func(c *mqtt.Client) { publish(t, c, 1, tt.qos, &note) })()
				e := f.accept(false)
				e.reply(tt.answer, e.expect(packets.Publish).PacketID, 0x87)
				synctest.Wait()
				require.Equal(t, []string{tt.want}, note)
				e.expect(packets.Pingreq)
			})
		})
	}
}

func TestUnknownPubrecIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V5)
		defer drive(t, f.config(), none)()
		e := f.accept(true)
		e.reply(packets.Pubrec, 77)
		pk := e.expect(packets.Pubrel)
		require.EqualValues(t, 77, pk.PacketID)
		require.EqualValues(t, 0x92, pk.ReasonCode)
	})
}

func TestReceiving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		cfg := f.config()
		var got []string
		cfg.OnMessage = func(m mqtt.Message) {
			time.Sleep(time.Second)
			got = append(got, fmt.Sprint(string(m.Payload), " ", m.QoS, " ", m.Dup, " ", m.Retain))
		}
		defer drive(t, cfg, none)()
		e := f.accept(false)
		var sent time.Time
		send := func(payload string, h packets.FixedHeader) {
			h.Type = packets.Publish
			sent = time.Now()
			e.send(packets.Packet{FixedHeader: h, TopicName: "t", PacketID: 5, Payload: []byte(payload)})
		}
		send("zero", packets.FixedHeader{Retain: true})
		send("one", packets.FixedHeader{Qos: 1})
		require.EqualValues(t, 5, e.expect(packets.Puback).PacketID)
		require.Equal(t, 2*time.Second, time.Since(sent), "acknowledged after it was handled") // it waited for the one before
		send("two", packets.FixedHeader{Qos: 2})
		require.EqualValues(t, 5, e.expect(packets.Pubrec).PacketID)
		require.Equal(t, time.Second, time.Since(sent))
		e.conn.Close()
		e = f.accept(true)
		send("two again", packets.FixedHeader{Qos: 2, Dup: true})
		e.expect(packets.Pubrec)
		e.reply(packets.Pubrel, 5)
		e.expect(packets.Pubcomp)
		send("three", packets.FixedHeader{Qos: 2})
		e.expect(packets.Pubrec)
		e.conn.Close()
		e = f.accept(false) // the broker has forgotten that exchange, and uses the identifier for another
		send("four", packets.FixedHeader{Qos: 2})
		e.expect(packets.Pubrec)
		require.Equal(t, []string{"zero 0 false true", "one 1 false false", "two 2 false false", "three 2 false false", "four 2 false false"}, got)
	})
}

func TestSubscriptionsAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		var answers []string
		defer drive(t, f.config(), func(c *mqtt.Client) {
			for qos, text := range []string{"a", "b/+", "c/#"} {
				require.NoError(t, c.Subscribe(text, byte(qos), func(err error) { answers = append(answers, fmt.Sprint(text, " ", err)) }))
			}
		})()
		expectAll := func(e *fakeEnd) {
			for qos, text := range []string{"a", "b/+", "c/#"} {
				pk := e.expect(packets.Subscribe)
				require.Equal(t, text, pk.Filters[0].Filter)
				require.EqualValues(t, qos, pk.Filters[0].Qos)
				code := byte(qos)
				if text == "c/#" {
					code = 0x80
				}
				e.reply(packets.Suback, pk.PacketID, code)
			}
		}
		e := f.accept(false)
		expectAll(e)
		synctest.Wait()
		require.Equal(t, []string{"a <nil>", "b/+ <nil>", "c/# mqtt: SUBACK: unspecified error (0x80)"}, answers)
		e.conn.Close()

		e = f.accept(true) // the session has them
		e.expect(packets.Pingreq)
		e.conn.Close()

		expectAll(f.accept(false))
	})
}

func TestUnsubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V5)
		c, err := mqtt.New(context.Background(), f.config())
		require.NoError(t, err)
		gone := make(chan error, 1)
		go func() {
			require.NoError(t, c.Subscribe("a", 1, nil))
			require.NoError(t, c.Wait(time.Second))
			require.NoError(t, c.Unsubscribe("a", func(err error) { gone <- err }))
			require.NoError(t, c.Wait(time.Second))
			require.NoError(t, c.Subscribe("b", 1, nil))
			require.NoError(t, c.Unsubscribe("b", nil)) // before anything was sent
			require.NoError(t, c.Subscribe("b", 2, nil))
			require.NoError(t, c.Wait(time.Second))
			c.Close()
		}()
		e := f.accept(false)
		e.reply(packets.Suback, e.expect(packets.Subscribe).PacketID, 1)
		pk := e.expect(packets.Unsubscribe)
		require.Equal(t, "a", pk.Filters[0].Filter)
		e.reply(packets.Unsuback, pk.PacketID, 0)
		require.NoError(t, <-gone)
		pk = e.expect(packets.Subscribe)
		require.Equal(t, "b", pk.Filters[0].Filter)
		require.EqualValues(t, 2, pk.Filters[0].Qos)
		e.ended()
	})
}

func TestUnsubscribeIsDoneWhereTheBrokerLostTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		gone := make(chan error, 1)
		defer drive(t, f.config(), func(c *mqtt.Client) {
			require.NoError(t, c.Unsubscribe("a", func(err error) { gone <- err }))
		})()
		e := f.accept(false)
		require.NoError(t, <-gone)
		e.expect(packets.Pingreq)
	})
}

func TestOfflineAndFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		f.refuse = context.DeadlineExceeded
		cfg := f.config()
		cfg.Window, cfg.Queue = 2, 2
		c, err := mqtt.New(context.Background(), cfg)
		require.NoError(t, err)
		defer c.Close()
		var note []string
		publish(t, c, 1, 0, &note)
		require.NoError(t, c.Publish(mqtt.Message{Topic: "t", QoS: 1}, nil))
		require.ErrorIs(t, c.Publish(mqtt.Message{Topic: "t", QoS: 1}, nil), mqtt.ErrQueueFull)
		require.NoError(t, c.Wait(time.Second))
		require.Equal(t, []string{"1 mqtt: offline"}, note)
		require.Equal(t, 1, c.Unacknowledged())
		require.False(t, c.Connected())
	})
}

func TestBrokersDisconnectIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V5)
		cfg := f.config()
		lost := make(chan error, 10)
		cfg.OnDisconnect = func(err error) { lost <- err }
		defer drive(t, cfg, none)()
		e := f.accept(false)
		e.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, ReasonCode: 0x8e})
		require.EqualError(t, <-lost, "mqtt: DISCONNECT: session taken over (0x8e)")
	})
}
