/* What the checks refuse: no tick, an init that takes an argument, and a function that no twin has. */
#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
IMPORT(puts) int puts(const char *);
__attribute__((import_module("twinrig"), import_name("launch"))) int launch(void);
__attribute__((import_module("twinrig"), import_name("millis"))) long long millis(void);
__attribute__((export_name("init"))) void init(int argument) { puts("hello"); launch(); if (argument) millis(); }
