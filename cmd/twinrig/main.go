// Command twinrig runs device scenarios; see package scenarios/cli.
package main

import "github.com/twinrig/twinrig/scenarios/cli"

func main() { cli.Main(nil) }
