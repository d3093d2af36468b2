/* Firmware that does one wrong thing, which its param "do" names. */
#include "twinrig.h"

static char what[32];

static int is(const char *word) {
    uint32_t i = 0;
    while (word[i] && what[i] == word[i]) i++;
    return !word[i] && !what[i];
}

static void say(const char *text) {
    uint32_t n = 0;
    while (text[n]) n++;
    twinrig_console_write(text, n);
    twinrig_console_write("\n", 1);
}

__attribute__((noinline)) static int divide(int a, volatile int *b) { return a / *b; }
__attribute__((noinline)) static int deep(int n) {
    volatile char room[64]; /* on the stack */
    room[n % 64] = (char)n;
    return n < 1000000 ? deep(n + 1) + room[n % 64] : 0;
}
__attribute__((noinline)) static void beyond(void) { *(volatile int *)0x7FFFFFF0 = 1; }

__attribute__((noinline)) static void act(void) {
    static volatile int result;
    (void)result;
    volatile int zero = 0, one = 1;
    if (is("unreachable")) __builtin_trap();
    if (is("divide")) result = divide(1000, &zero);
    if (is("recursion")) result = deep(1);
    if (is("beyond")) beyond();
    if (is("pointer")) twinrig_console_write((const char *)0xFFFFFF00u, 512);
    if (is("spin")) for (one = 1; one; one = 1) {}
    if (is("spin-calls")) for (;;) twinrig_watchdog_start(5000);
    if (is("spin-idle")) for (;;) twinrig_mqtt_online();
    if (is("poll")) for (uint32_t start = twinrig_millis(); twinrig_millis() - start < 5;) {}
    if (is("reboot")) {
        twinrig_reboot();
        say("still here");
    }
    if (is("print")) {
        static char line[1024];
        for (uint32_t i = 0; i < sizeof line; i++) line[i] = 'x';
        line[sizeof line - 1] = '\n';
        for (int i = 0; i < 10240; i++) twinrig_console_write(line, sizeof line);
    }
    if (is("grow")) say(__builtin_wasm_memory_grow(0, 1) == (__SIZE_TYPE__)-1 ? "no more memory" : "more memory");
}

void init(void) {
    static const char name[] = "do", dog[] = "watchdog";
    int32_t n = twinrig_param(name, sizeof name - 1, what, sizeof what - 1);
    what[n < 0 ? 0 : n] = 0;
    n = (int32_t)twinrig_param_duration(dog, sizeof dog - 1, 0);
    if (n > 0) twinrig_watchdog_start((uint32_t)n);
    say("BOOT");
    if (is("init")) beyond();
}

int32_t tick(void) {
    act();
    return 1000;
}
