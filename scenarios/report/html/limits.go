package html

// What a report keeps, whatever the length of a trace. They bound its size (some megabytes), the memory that
// making it takes (a hundred megabytes) and the time that a browser needs to open it.
const (
	maxItems     = 250_000 // things on the tracks; beyond, those of one kind that are close together are merged into one
	chunkLines   = 2_048   // texts of events in a chunk
	maxChunks    = 200     // kept; beyond, those in the middle of the run are left out
	maxText      = 400     // runes of one text
	maxDevices   = 40      // with lanes of their own
	fleetMembers = 20      // more devices with one name and a number are a fleet: a heat map instead of lanes
	namedMembers = 6       // members of fleets with lanes because a failure names them
	maxPoints    = 4_000   // intervals of a plot, of which each keeps its lowest and highest value
	maxFields    = 6       // numbers in the messages of a device that are plotted
	maxPlots     = 24
	heatColumns  = 240 // of a heat map, at most
	heatRows     = 240
	maxPatterns  = 40     // topic patterns with latencies
	maxPending   = 50_000 // messages that wait for being delivered
	maxSource    = 1 << 20
)
