// Package trial is what scenarios.Run and the adapter for ginkgo share: the runs of a scenario, doing one of them
// inside a test, and what is said and kept of it. It decides no test's verdict and starts no test.
package trial
