// Package hil is for hardware in the loop: real boards, and emulated ones, behind the same device
// contract as a twin, so that a scenario runs on them unchanged.
//
// There is nothing in it yet. A board offers what package scenarios/run asks of a device (power,
// reset, console, pins, sensor stimulus) over serial, GPIO and whatever its rack file names.
package hil
