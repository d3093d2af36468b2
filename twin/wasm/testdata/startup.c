/* What runs before init: _initialize, where compilers of C++ put constructors. It spins where the param "do" is there. */
#include "twinrig.h"
__attribute__((export_name("_initialize"))) void initialize(void) {
    char what[8];
    twinrig_console_write("INITIALIZE\n", 11);
    if (twinrig_param("do", 2, what, sizeof what) < 0) return;
    twinrig_watchdog_start(5000);
    for (volatile int one = 1; one; one = 1) {}
}
void init(void) { twinrig_console_write("INIT\n", 5); }
int32_t tick(void) { return -1; }
