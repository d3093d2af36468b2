/* twinrig.h: what a twin offers firmware that is compiled to WebAssembly. ABI version 1.
 *
 * Firmware supplies init and tick, and message and connection where it wants them. The rest is supplied by
 * the twin. Nothing else is linked: there is no libc and no WASI.
 *
 * Build with:
 *   clang --target=wasm32-unknown-unknown -mbulk-memory -Os -ffreestanding -nostdlib -Wl,--no-entry -Wl,--strip-debug \
 *         -Wl,--stack-first -Wl,-z,stack-size=8192 -o firmware.wasm firmware.c
 *
 * A text or buffer is a pointer and a size in bytes; texts need no zero at their end. Functions that can
 * fail return a negative TWINRIG_ERROR_...; a pointer outside the memory is a fault that reboots the device.
 * A function that fills a buffer returns the whole size of what there is, and writes at most the buffer's.
 */
#ifndef TWINRIG_H
#define TWINRIG_H

#include <stdint.h>

#define TWINRIG_ABI 1

#define TWINRIG_CALL(name) __attribute__((import_module("twinrig"), import_name(#name)))
#define TWINRIG_ENTRY(name) __attribute__((export_name(#name)))

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TWINRIG_ERROR_NAME = -1,     /* there is nothing of this name, or no such handle */
    TWINRIG_ERROR_RANGE = -2,    /* an argument is not allowed: an offset, a size, an alignment, a level */
    TWINRIG_ERROR_IO = -3,       /* the bus, sensor or flash did not do it: not acknowledged, dropped out */
    TWINRIG_ERROR_FULL = -4,     /* the queue is full; try again later */
    TWINRIG_ERROR_STATE = -5     /* not now: MQTT was not started, or was started already */
};

/* ---- what the firmware supplies ---- */

/* Once per boot. */
TWINRIG_ENTRY(init) void init(void);

/* Does what is due. Returns in how many milliseconds it wants to be called again; negative: only when
 * something happens. It is called earlier when a pin that is an input changes, the console received, a
 * message arrived, was acknowledged, or the connection changed. 0 counts as 1. */
TWINRIG_ENTRY(tick) int32_t tick(void);

/* A message arrived; message_topic and message_payload read it until this returns. A message of QoS 1 or 2 is
 * acknowledged when it has returned: store before what must not be lost. */
TWINRIG_ENTRY(message) void message(uint32_t topic_size, uint32_t payload_size);

/* The MQTT connection began (1) or ended (0); disconnect_reason says why. A failed attempt counts as an end. */
TWINRIG_ENTRY(connection) void connection(int32_t online);

/* ---- time ---- */

/* Milliseconds since the boot. Wraps to 0 after 2^32, 49.7 days: compare differences, not values. */
TWINRIG_CALL(millis) uint32_t twinrig_millis(void);
/* The same, as 64 bits. */
TWINRIG_CALL(uptime) int64_t twinrig_uptime(void);
/* What the real-time clock shows: milliseconds since 1970-01-01T00:00:00Z. */
TWINRIG_CALL(time) int64_t twinrig_time(void);
/* Sets it. */
TWINRIG_CALL(set_time) void twinrig_set_time(int64_t milliseconds);

/* ---- the device ---- */

TWINRIG_CALL(id) int32_t twinrig_id(char *buffer, uint32_t size);
TWINRIG_CALL(version) int32_t twinrig_version(char *buffer, uint32_t size);
/* power, pin, watchdog, software, fault, brown_out... */
TWINRIG_CALL(reset_cause) int32_t twinrig_reset_cause(char *buffer, uint32_t size);
/* A param of the kind, as text; TWINRIG_ERROR_NAME where it is not given. */
TWINRIG_CALL(param) int32_t twinrig_param(const char *name, uint32_t name_size, char *buffer, uint32_t size);
/* A param that is a duration, in milliseconds, or otherwise where it is not given. */
TWINRIG_CALL(param_duration) int64_t twinrig_param_duration(const char *name, uint32_t name_size, int64_t otherwise);
TWINRIG_CALL(random) uint32_t twinrig_random(void);
/* Resets the device; does not return. */
TWINRIG_CALL(reboot) void twinrig_reboot(void);
/* Unless it is fed once per period, the watchdog resets the device. Only the end of the boot stops it. */
TWINRIG_CALL(watchdog_start) void twinrig_watchdog_start(uint32_t milliseconds);
TWINRIG_CALL(watchdog_feed) void twinrig_watchdog_feed(void);

/* ---- pins: a handle, from 0, for each name of the kind ---- */

enum { TWINRIG_PULL_NONE = 0, TWINRIG_PULL_DOWN = 1, TWINRIG_PULL_UP = 2 };

TWINRIG_CALL(pin) int32_t twinrig_pin(const char *name, uint32_t name_size);
TWINRIG_CALL(pin_input) int32_t twinrig_pin_input(int32_t pin, uint32_t pull);
TWINRIG_CALL(pin_read) int32_t twinrig_pin_read(int32_t pin);
/* Makes it an output and sets its level. */
TWINRIG_CALL(pin_write) int32_t twinrig_pin_write(int32_t pin, uint32_t level);

/* ---- sensors and buses ---- */

/* The value of a sensor of the kind, in its unit. */
TWINRIG_CALL(sensor) int32_t twinrig_sensor(const char *name, uint32_t name_size, double *value);
TWINRIG_CALL(i2c) int32_t twinrig_i2c(const char *name, uint32_t name_size);
/* Writes, then reads after a repeated start; either size may be 0. The address has 7 bits. */
TWINRIG_CALL(i2c_transfer) int32_t twinrig_i2c_transfer(int32_t bus, uint32_t address,
    const void *write, uint32_t write_size, void *read, uint32_t read_size);

/* ---- console: the UART ---- */

/* Returns how many bytes were taken: at most what the transmit buffer of 64 KiB has room for. */
TWINRIG_CALL(console_write) int32_t twinrig_console_write(const char *text, uint32_t size);
/* Returns how many bytes it read; 0: none are there. */
TWINRIG_CALL(console_read) int32_t twinrig_console_read(char *buffer, uint32_t size);

enum { TWINRIG_LOG_ERROR = 0, TWINRIG_LOG_WARNING = 1, TWINRIG_LOG_INFO = 2, TWINRIG_LOG_DEBUG = 3 };

/* A line on the console, behind E, W, I or D and a blank. */
TWINRIG_CALL(log) void twinrig_log(uint32_t level, const char *text, uint32_t size);

/* ---- flash: erased bytes are 0xFF, a write only clears bits ---- */

TWINRIG_CALL(flash_size) uint32_t twinrig_flash_size(void);
TWINRIG_CALL(flash_erase_block) uint32_t twinrig_flash_erase_block(void);
/* A write begins and ends at multiples of it. */
TWINRIG_CALL(flash_write_size) uint32_t twinrig_flash_write_size(void);
TWINRIG_CALL(flash_read) int32_t twinrig_flash_read(uint32_t offset, void *buffer, uint32_t size);
TWINRIG_CALL(flash_write) int32_t twinrig_flash_write(uint32_t offset, const void *data, uint32_t size);
TWINRIG_CALL(flash_erase) int32_t twinrig_flash_erase(uint32_t offset, uint32_t size);

/* ---- MQTT: the client runs beside the firmware, and reconnects by itself ---- */

/* The will; before mqtt_start. */
TWINRIG_CALL(mqtt_will) int32_t twinrig_mqtt_will(const char *topic, uint32_t topic_size,
    const void *payload, uint32_t payload_size, uint32_t qos, uint32_t retain);
/* Connects with the device's identity. A time of 0 is a default: keepalive 30 s, pauses from 1 s to 60 s. */
TWINRIG_CALL(mqtt_start) int32_t twinrig_mqtt_start(uint32_t keepalive_seconds, uint32_t backoff_min, uint32_t backoff_max);
TWINRIG_CALL(mqtt_online) int32_t twinrig_mqtt_online(void);
/* Returns a number above 0 for mqtt_pending. What is published offline waits; at most 64 messages do. */
TWINRIG_CALL(mqtt_publish) int32_t twinrig_mqtt_publish(const char *topic, uint32_t topic_size,
    const void *payload, uint32_t payload_size, uint32_t qos, uint32_t retain);
/* Whether that message is still on its way: not yet sent (QoS 0) or not yet acknowledged (QoS 1 and 2). */
TWINRIG_CALL(mqtt_pending) int32_t twinrig_mqtt_pending(int32_t number);
/* How many messages are on their way. */
TWINRIG_CALL(mqtt_unacknowledged) int32_t twinrig_mqtt_unacknowledged(void);
/* Now, and again after each connection without a session. */
TWINRIG_CALL(mqtt_subscribe) int32_t twinrig_mqtt_subscribe(const char *filter, uint32_t filter_size, uint32_t qos);
TWINRIG_CALL(message_topic) int32_t twinrig_message_topic(char *buffer, uint32_t size);
TWINRIG_CALL(message_payload) int32_t twinrig_message_payload(void *buffer, uint32_t size);
TWINRIG_CALL(disconnect_reason) int32_t twinrig_disconnect_reason(char *buffer, uint32_t size);

#ifdef __cplusplus
}
#endif
#endif
