package sensor

import (
	"math"
	"sort"
	"time"
)

func bme280Part() Part {
	return Part{
		Name: "bme280", About: "temperature, humidity and pressure, I²C (Bosch BST-BME280-DS002)", Bus: I2C,
		Addresses: Addresses{0x76, 0x77},
		Quantities: []Quantity{
			{Name: "temperature", Unit: "°C", Min: -40, Max: 85, Resolution: 0.01, Default: 25},
			{Name: "humidity", Unit: "%", Also: map[string]float64{"%RH": 1}, Min: 0, Max: 100, Resolution: 0.008, Default: 50},
			{Name: "pressure", Unit: "hPa", Also: map[string]float64{"Pa": 0.01, "kPa": 10, "mbar": 1}, Min: 300, Max: 1100, Resolution: 0.0018, Default: 1013.25},
		},
		New: func(b Board) Chip { return &bme280{board: b, quantities: bme280Part().Quantities} },
	}
}

// The registers (BST-BME280-DS002, table 18).
const (
	bme280Calibration1 = 0x88 // to 0xA1
	bme280ID           = 0xD0
	bme280Reset        = 0xE0
	bme280Calibration2 = 0xE1 // to 0xE7
	bme280CtrlHum      = 0xF2
	bme280Status       = 0xF3
	bme280CtrlMeas     = 0xF4
	bme280Config       = 0xF5
	bme280Data         = 0xF7 // pressure, temperature, humidity, to 0xFE
)

const (
	bme280ChipID    = 0x60
	bme280ResetWord = 0xB6
	bme280NVMCopy   = 2 * time.Millisecond // t_startup, table 1
	bme280Measuring = 1 << 3
	bme280Updating  = 1 << 0
	// bme280Memory is how many conversions back the strongest filter (coefficient 16) still shows: of an
	// older one less than a thousandth is left.
	bme280Memory = 128
)

// bme280Modes, the lowest two bits of ctrl_meas.
const (
	bme280Sleep  = 0
	bme280Normal = 3
)

// bme280 is a Bosch BME280. Every chip has the same trimming parameters.
type bme280 struct {
	board      Board
	quantities []Quantity

	ctrlHum  byte // as written; it counts from the next write to ctrl_meas
	hum      byte
	ctrlMeas byte
	config   byte
	data     [8]byte
	copied   time.Time // when the trimming parameters are in the registers
	work     conversions
	filter   [2]float64 // pressure, temperature; NaN before the first result
}

// PowerOn resets the registers (section 5.4: 0x800000 and 0x8000 in the data registers).
func (c *bme280) PowerOn(now time.Time) {
	*c = bme280{board: c.board, quantities: c.quantities, data: [8]byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0}, copied: now.Add(bme280NVMCopy),
		filter: [2]float64{math.NaN(), math.NaN()}}
}

// bme280Samples is the number of samples for a setting of oversampling; 0: skipped.
func bme280Samples(setting byte) int { return [...]int{0, 1, 2, 4, 8, 16, 16, 16}[setting&7] }

func (c *bme280) oversampling() (temperature, pressure, humidity int) {
	return bme280Samples(c.ctrlMeas >> 5), bme280Samples(c.ctrlMeas >> 2), bme280Samples(c.hum)
}

// measurement is how long one takes, typically (section 9.1).
func (c *bme280) measurement() time.Duration {
	t, p, h := c.oversampling()
	d := time.Millisecond + time.Duration(t+p+h)*2*time.Millisecond
	if p > 0 {
		d += 500 * time.Microsecond
	}
	if h > 0 {
		d += 500 * time.Microsecond
	}
	return d
}

// standby is the pause between two measurements in normal mode (table 27).
func (c *bme280) standby() time.Duration {
	return [...]time.Duration{500 * time.Microsecond, 62500 * time.Microsecond, 125 * time.Millisecond, 250 * time.Millisecond,
		500 * time.Millisecond, time.Second, 10 * time.Millisecond, 20 * time.Millisecond}[c.config>>5]
}

// Advance ends measurements.
func (c *bme280) Advance(now time.Time) {
	for _, at := range c.work.ended(now, bme280Memory) {
		c.measure(at)
	}
	if !c.work.pending() {
		c.ctrlMeas &^= 3 // forced mode ends in sleep mode
	}
}

func (c *bme280) measure(at time.Time) {
	quantity := func(i int) float64 {
		q := c.quantities[i]
		return clamp(c.board.Read(q.Name, at), q)
	}
	ot, op, oh := c.oversampling()
	c.data = [8]byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0}
	if ot == 0 {
		return // nothing can be compensated without the temperature
	}
	celsius := quantity(0)
	adc := bme280ADC(20, func(adc float64) bool { return bme280Celsius(bme280Fine(adc)) >= celsius })
	adc = c.resolve(c.filtered(1, float64(adc)), c.ctrlMeas>>5)
	bme280Put(c.data[3:6], adc)
	// Pressure and humidity are compensated by the temperature that goes with them.
	fine := bme280Fine(float64(adc))
	if op > 0 {
		pascal := 100 * quantity(2)
		adc := bme280ADC(20, func(adc float64) bool { return bme280Pascal(adc, fine) <= pascal })
		bme280Put(c.data[0:3], c.resolve(c.filtered(0, float64(adc)), c.ctrlMeas>>2))
	}
	if oh > 0 {
		humidity := quantity(1)
		adc := bme280ADC(16, func(adc float64) bool { return bme280Humidity(adc, fine) >= humidity })
		c.data[6], c.data[7] = byte(adc>>8), byte(adc)
	}
}

// filtered puts a raw value through the IIR filter (section 3.4.4); the first one goes straight through.
func (c *bme280) filtered(i int, adc float64) int {
	coefficient := [...]float64{1, 2, 4, 8, 16, 16, 16, 16}[c.config>>2&7]
	if math.IsNaN(c.filter[i]) {
		c.filter[i] = adc
	}
	c.filter[i] += (adc - c.filter[i]) / coefficient
	return int(math.Round(c.filter[i]))
}

// resolve clears the bits that a raw value does not have: without the filter it has 16 bits, and one
// more for each doubling of the samples (sections 3.4.1 and 3.4.2).
func (c *bme280) resolve(adc int, oversampling byte) int {
	if c.config>>2&7 != 0 {
		return adc
	}
	missing := 4 - (min(int(oversampling&7), 5) - 1)
	return adc >> missing << missing
}

func bme280Put(b []byte, adc int) { b[0], b[1], b[2] = byte(adc>>12), byte(adc>>4), byte(adc<<4) }

// bme280ADC returns the least raw value of so many bits for which reached holds.
func bme280ADC(bits int, reached func(adc float64) bool) int {
	n := 1 << bits
	return min(sort.Search(n, func(adc int) bool { return reached(float64(adc)) }), n-1)
}

// Tx writes pairs of register and value, or reads registers one after the other from the one written last.
func (c *bme280) Tx(now time.Time, w, r []byte) error {
	c.Advance(now)
	for i := 0; i+1 < len(w); i += 2 {
		c.write(now, w[i], w[i+1])
	}
	if len(r) == 0 {
		return nil
	}
	var from byte
	if len(w)%2 == 1 {
		from = w[len(w)-1]
	}
	for i := range r {
		r[i] = c.register(now, from+byte(i))
	}
	return nil
}

func (c *bme280) register(now time.Time, n byte) byte {
	switch {
	case n >= bme280Calibration1 && n < bme280Calibration1+26:
		return bme280TrimLow()[n-bme280Calibration1]
	case n >= bme280Calibration2 && n < bme280Calibration2+7:
		return bme280TrimHigh()[n-bme280Calibration2]
	case n >= bme280Data && n < bme280Data+8:
		return c.data[n-bme280Data]
	}
	switch n {
	case bme280ID:
		return bme280ChipID
	case bme280CtrlHum:
		return c.ctrlHum
	case bme280Status:
		return c.status(now)
	case bme280CtrlMeas:
		return c.ctrlMeas
	case bme280Config:
		return c.config
	}
	return 0
}

func (c *bme280) status(now time.Time) byte {
	var s byte
	if c.work.pending() && !now.Before(c.work.next.Add(-c.measurement())) {
		s |= bme280Measuring
	}
	if now.Before(c.copied) {
		s |= bme280Updating
	}
	return s
}

func (c *bme280) write(now time.Time, n, v byte) {
	switch n {
	case bme280Reset:
		if v == bme280ResetWord {
			c.PowerOn(now)
		}
	case bme280CtrlHum:
		c.ctrlHum = v & 7
	case bme280Config:
		if c.ctrlMeas&3 != bme280Normal { // in normal mode such writes may be ignored (section 5.4.6)
			c.config = v &^ 2
		}
	case bme280CtrlMeas:
		before := c.ctrlMeas
		c.ctrlMeas, c.hum = v, c.ctrlHum
		switch v & 3 {
		case bme280Sleep:
			c.work = conversions{}
		case bme280Normal:
			if before != v {
				c.work = conversions{next: now.Add(c.measurement()), period: c.measurement() + c.standby()}
			}
		default: // forced, 01 and 10 alike
			c.work = conversions{next: now.Add(c.measurement())}
		}
	}
}

// The trimming parameters: temperature and pressure are those of the worked example in Bosch's data
// sheet of the BMP280 (section 3.12), which has the same compensation.
const (
	digT1, digT2, digT3                                           = 27504, 26435, -1000
	digP1, digP2, digP3, digP4, digP5, digP6, digP7, digP8, digP9 = 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000
	digH1, digH2, digH3, digH4, digH5, digH6                      = 75, 370, 0, 313, 50, 30
)

// bme280TrimLow returns registers 0x88 to 0xA1 (table 16).
func bme280TrimLow() (b [26]byte) {
	for i, v := range [...]int{digT1, digT2, digT3, digP1, digP2, digP3, digP4, digP5, digP6, digP7, digP8, digP9} {
		b[2*i], b[2*i+1] = byte(v), byte(v>>8)
	}
	b[25] = digH1
	return b
}

// bme280TrimHigh returns registers 0xE1 to 0xE7 (table 16).
func bme280TrimHigh() [7]byte {
	return [7]byte{digH2 & 0xFF, digH2 >> 8, digH3, digH4 >> 4, digH4&0xF | digH5&0xF<<4, digH5 >> 4, digH6}
}

// The compensation of section 4.2.3 as the functions of the raw value that they are. The chip looks for
// the raw value that they take to what is sensed, so that a driver, which does the same, finds it.

// bme280Fine returns the temperature as the other two compensations take it, 5120 to the degree.
func bme280Fine(adc float64) float64 {
	x := adc/16384 - digT1/1024.0
	y := adc/131072 - digT1/8192.0
	return x*digT2 + y*y*digT3
}

func bme280Celsius(fine float64) float64 { return fine / 5120 }

// bme280Pascal falls with the raw value.
func bme280Pascal(adc, fine float64) float64 {
	t := fine/2 - 64000
	offset := t*t*digP6/32768 + t*digP5*2
	offset = offset/4 + digP4*65536
	gain := (digP3*t*t/524288 + digP2*t) / 524288
	gain = (1 + gain/32768) * digP1
	p := (1048576 - adc - offset/4096) * 6250 / gain
	return p + (digP9*p*p/2147483648+p*digP8/32768+digP7)/16
}

func bme280Humidity(adc, fine float64) float64 {
	t := fine - 76800
	h := (adc - (digH4*64 + digH5/16384.0*t)) * (digH2 / 65536.0 * (1 + digH6/67108864.0*t*(1+digH3/67108864.0*t)))
	return h * (1 - digH1*h/524288)
}
