package mqtt_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/twin/mqtt"
)

func none(*mqtt.Client) {}

func TestConnectCarriesTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V5)
		cfg := f.config()
		cfg.Username, cfg.Password, cfg.KeepAlive = "user", "secret", 45*time.Second
		cfg.Will = &mqtt.Message{Topic: "dev/status", Payload: []byte("offline"), QoS: 1, Retain: true}
		defer drive(t, cfg, none)()

		pk := (<-f.conns).expect(packets.Connect)
		require.Equal(t, "MQTT", string(pk.Connect.ProtocolName))
		require.EqualValues(t, 5, pk.ProtocolVersion)
		require.Equal(t, "dev", pk.Connect.ClientIdentifier)
		require.Equal(t, "user", string(pk.Connect.Username))
		require.Equal(t, "secret", string(pk.Connect.Password))
		require.EqualValues(t, 45, pk.Connect.Keepalive)
		require.False(t, pk.Connect.Clean)
		require.EqualValues(t, 0xffffffff, pk.Properties.SessionExpiryInterval)
		require.Equal(t, "dev/status", pk.Connect.WillTopic)
		require.Equal(t, "offline", string(pk.Connect.WillPayload))
		require.EqualValues(t, 1, pk.Connect.WillQos)
		require.True(t, pk.Connect.WillRetain)
	})
}

func TestCleanSessionIsAskedFor(t *testing.T) {
	for _, tt := range []struct {
		name          string
		version       mqtt.Version
		first, second bool
	}{
		{"3.1.1 at every connection", mqtt.V311, true, true},
		{"5 at the first", mqtt.V5, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, tt.version)
				cfg := f.config()
				cfg.Clean = true
				defer drive(t, cfg, none)()
				for _, clean := range []bool{tt.first, tt.second} {
					e := <-f.conns
					require.Equal(t, clean, e.expect(packets.Connect).Connect.Clean)
					e.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}})
					e.conn.Close()
				}
			})
		})
	}
}

func TestGivesUpAConnectionThatDoesNotComeAbout(t *testing.T) {
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, tt := range []struct {
		name   string
		change func(f *fake, cfg *mqtt.Config)
	}{
		{"the dial hangs", func(_ *fake, cfg *mqtt.Config) { cfg.Dial = hang }},
		{"no CONNACK", func(*fake, *mqtt.Config) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, mqtt.V311)
				cfg := f.config()
				tt.change(f, &cfg)
				lost := make(chan error, 10)
				cfg.OnDisconnect = func(err error) { lost <- err }
				defer drive(t, cfg, none)()
				require.ErrorIs(t, <-lost, mqtt.ErrTimeout)
				require.Equal(t, 10*time.Second, time.Since(f.start))
			})
		})
	}
}

func TestBackoffDoublesWithinItsJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		f.refuse = errors.New("no route")
		defer drive(t, f.config(), none)()
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		require.Greater(t, len(f.dials), 20)
		distinct := map[time.Duration]bool{}
		for i, d := 0, 2*time.Second; i < 20; i++ {
			pause := f.dials[i+1] - f.dials[i]
			require.GreaterOrEqual(t, pause, d/2, "pause %d", i)
			require.LessOrEqual(t, pause, d, "pause %d", i)
			distinct[pause] = true
			d = min(2*d, time.Minute)
		}
		require.Len(t, distinct, 20, "jitter")
	})
}

func TestBackoffStartsAgainAfterAConnectionThatLasted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		lasts  time.Duration
		lowest time.Duration // of the next pause
	}{
		{"short", time.Second, 8 * time.Second},
		{"long", 45 * time.Second, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, mqtt.V311)
				defer drive(t, f.config(), none)()
				for range 3 {
					(<-f.conns).conn.Close() // before the CONNACK
				}
				e := f.accept(false)
				// The client pings an idle connection.
				go func() {
					for pk := e.read(); pk != nil; pk = e.read() {
						e.reply(packets.Pingresp, 0)
					}
				}()
				time.Sleep(tt.lasts)
				e.conn.Close()
				from := time.Now()
				<-f.conns
				require.GreaterOrEqual(t, time.Since(from), tt.lowest)
				require.LessOrEqual(t, time.Since(from), 2*tt.lowest)
			})
		})
	}
}

func TestRefusalIsReportedAndTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name    string
		version mqtt.Version
		code    byte
		want    string
	}{
		{"3.1.1", mqtt.V311, 5, "mqtt: CONNACK: not authorized (0x05)"},
		{"5", mqtt.V5, 0x86, "mqtt: CONNACK: bad user name or password (0x86)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, tt.version)
				cfg := f.config()
				lost := make(chan error, 10)
				cfg.OnDisconnect = func(err error) { lost <- err }
				cfg.OnConnect = func(bool) { t.Error("connected") }
				defer drive(t, cfg, none)()
				e := <-f.conns
				e.expect(packets.Connect)
				e.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: tt.code})
				err := <-lost
				require.EqualError(t, err, tt.want)
				var reason *mqtt.ReasonError
				require.ErrorAs(t, err, &reason)
				require.Equal(t, tt.code, reason.Code)
				e.ended()
				<-f.conns // again
			})
		})
	}
}

func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		cfg := f.config()
		lost := make(chan error, 10)
		cfg.OnDisconnect = func(err error) { lost <- err }
		defer drive(t, cfg, none)()
		e := f.accept(false)
		from := time.Now()
		e.expect(packets.Pingreq)
		require.Equal(t, 30*time.Second, time.Since(from))
		e.reply(packets.Pingresp, 0)
		e.expect(packets.Pingreq)
		require.Equal(t, 60*time.Second, time.Since(from))
		e.wire.Cut()
		require.ErrorIs(t, <-lost, mqtt.ErrTimeout)
		require.Equal(t, 70*time.Second, time.Since(from), "PingTimeout after the PINGREQ")
	})
}

func TestKeepAliveWatchesBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		cfg := f.config()
		ctx, cancel := context.WithCancel(context.Background())
		c, err := mqtt.New(ctx, cfg)
		require.NoError(t, err)
		done := make(chan bool)
		go func() { // QoS 0 every 10 s, which nobody acknowledges
			defer close(done)
			for c.Wait(10*time.Second) == nil {
				if c.Connected() {
					require.NoError(t, c.Publish(mqtt.Message{Topic: "t"}, nil))
				}
			}
		}()
		e := f.accept(false)
		from := time.Now()
		for pk := e.read(); pk.FixedHeader.Type != packets.Pingreq; pk = e.read() {
			require.Equal(t, packets.Publish, pk.FixedHeader.Type)
		}
		require.Equal(t, 30*time.Second, time.Since(from))
		cancel()
		<-done
	})
}

func TestServerLimitsOfVersion5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V5)
		defer drive(t, f.config(), func(c *mqtt.Client) {
			for range 3 {
				require.NoError(t, c.Publish(mqtt.Message{Topic: "t", QoS: 1}, nil))
			}
		})()
		e := <-f.conns
		e.expect(packets.Connect)
		from := time.Now()
		e.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack},
			Properties: packets.Properties{ServerKeepAlive: 5, ServerKeepAliveFlag: true, ReceiveMaximum: 2}})
		first := e.expect(packets.Publish)
		e.expect(packets.Publish)
		e.expect(packets.Pingreq) // and not the third message
		require.Equal(t, 5*time.Second, time.Since(from))
		e.reply(packets.Puback, first.PacketID)
		e.expect(packets.Publish)
	})
}

func TestBadPacketsEndTheConnection(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  []byte
	}{
		{"QoS 3", []byte{0x36, 0x05, 0, 1, 't', 0, 1}},
		{"QoS 1 without an identifier", []byte{0x32, 0x05, 0, 1, 't', 0, 0}},
		{"a wildcard in the topic", []byte{0x30, 0x03, 0, 1, '#'}},
		{"a second CONNACK", []byte{0x20, 0x02, 0, 0}},
		{"a packet that only clients send", []byte{0xc0, 0x00}},
		{"a length without end", []byte{0x30, 0xff, 0xff, 0xff, 0xff, 0x01}},
		{"a length over MaxPacket", []byte{0x30, 0xff, 0xff, 0xff, 0x01}},
		{"PUBACK of one byte", []byte{0x40, 0x01, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, mqtt.V311)
				cfg := f.config()
				lost := make(chan error, 10)
				cfg.OnDisconnect = func(err error) { lost <- err }
				defer drive(t, cfg, none)()
				e := f.accept(false)
				e.raw(tt.raw)
				require.ErrorIs(t, <-lost, mqtt.ErrProtocol)
				e.ended()
			})
		})
	}
}

func TestEveryWaitEndsWithTheContext(t *testing.T) {
	for _, tt := range []struct {
		name  string
		until func(f *fake) // brings the client into the state
	}{
		{"dialing", func(f *fake) {}},
		{"handshake", func(f *fake) { (<-f.conns).expect(packets.Connect) }},
		{"online", func(f *fake) { f.accept(false) }},
		{"offline", func(f *fake) { f.accept(false).conn.Close(); synctest.Wait() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, mqtt.V311)
				cfg := f.config()
				if tt.name == "dialing" {
					cfg.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
						<-ctx.Done()
						return nil, ctx.Err()
					}
				}
				stop := drive(t, cfg, none)
				tt.until(f)
				from := time.Now()
				stop()
				require.Zero(t, time.Since(from))
			})
		})
	}
}

func TestDisconnectTakesLeaveAndCloseDoesNot(t *testing.T) {
	for _, leave := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, mqtt.V5)
			c, err := mqtt.New(context.Background(), f.config())
			require.NoError(t, err)
			go func() {
				require.NoError(t, c.Wait(time.Second))
				if leave {
					c.Disconnect()
				}
				c.Close()
				require.ErrorIs(t, c.Wait(time.Second), mqtt.ErrClosed)
				require.ErrorIs(t, c.Publish(mqtt.Message{Topic: "t"}, nil), mqtt.ErrClosed)
			}()
			e := f.accept(false)
			if leave {
				e.expect(packets.Disconnect)
			}
			e.ended()
			time.Sleep(time.Second)
		})
	}
}

func TestWhatComesFromAnEarlierAttemptIsThrownAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, mqtt.V311)
		c, err := mqtt.New(context.Background(), f.config())
		require.NoError(t, err)
		defer c.Close()
		c.Step()
		late := <-c.Incoming() // connected, but the firmware is busy with something else
		time.Sleep(time.Minute)
		c.Step() // gives up
		time.Sleep(time.Minute)
		c.Step() // dials again
		c.Handle(late)
		(<-f.conns).ended() // without a CONNECT
		c.Handle(<-c.Incoming())
		(<-f.conns).expect(packets.Connect)
	})
}
