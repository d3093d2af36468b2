// Package mqtttest is for unit tests of firmware that speaks MQTT: the real broker (mochi), reached by
// connections in memory that a test can cut.
//
// It works in a testing/synctest bubble and outside. It models no network (bytes arrive at once) and
// no order among clients; scenarios have both.
package mqtttest
