/* A tick with three calls, for the benchmark. */
#include "twinrig.h"
static int32_t led;
static uint32_t level;
void init(void) { led = twinrig_pin("LED", 3); }
int32_t tick(void) {
    level = !level;
    twinrig_watchdog_feed();
    twinrig_pin_write(led, level);
    return (int32_t)(twinrig_millis() & 0) + 10;
}
