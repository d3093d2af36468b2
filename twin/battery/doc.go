// Package battery is the energy of a device: how much charge its states take out of a battery.
//
// It is a step function: state and time go in, charge comes out. There is no goroutine, no clock and no
// chance in it. Charge is counted exactly, in nanocoulombs and a remainder, so that it does not depend on
// how often somebody looks.
//
// # The model
//
// A battery is a charge. The device takes out of it, at every instant, the sum of
//
//   - sleep: always while it has power;
//   - active, in the place of sleep, while its processor is awake: for the wake time after each
//     instant at which the firmware does something, for as long as it works, and while it boots;
//   - radio, beside those, while bytes are in the air at the radio's rate: one queue for both directions;
//   - listen, in the place of radio, for the tail after the last byte, in which the radio stays up in
//     case there is more.
//
// Instructions take no time in a simulation, which is why a wake-up costs a fixed time awake: figures of 1
// to 10 ms between two sleeps are what data sheets of microcontrollers and the usual power profilers show
// for a reading of a sensor (Nordic's nRF52840 product specification §5.2, STMicroelectronics AN4777). The
// tail is what cellular networks call the inactivity timer: 3GPP TS 36.331 keeps a modem in RRC_CONNECTED
// until the network releases it, commonly 10 s.
//
// There is no voltage, no temperature, no self-discharge and no recovery: a battery gives its rated capacity
// and then nothing.
package battery
