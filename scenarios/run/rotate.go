package run

import "github.com/twinrig/twinrig/scenarios/lang"

// rotate changes the broker's certificate. Without a handshake before the next rotation, or the end, nothing
// was tested.
func (r *runner) rotate(a *lang.BrokerAction) *Failure {
	if failures := r.faults.end("broker", "rotate"); len(failures) > 0 {
		failures[0].At = r.now()
		return &failures[0]
	}
	certificate, err := r.plan.TLS.Next(a.Rotate)
	if err != nil { // the file changed since it was checked
		return &Failure{Pos: a.Pos, Step: r.current.Path, At: r.now(), Verdict: Infra, Message: err.Error()}
	}
	shown, err := r.bench.broker.Rotate(certificate)
	if err != nil {
		return &Failure{Pos: a.Pos, Step: r.current.Path, At: r.now(), Verdict: Infra, Message: err.Error()}
	}
	r.faults.begin(&fault{verb: "broker", subject: "rotate", pos: a.Pos, path: r.current.Path, what: "broker rotate",
		nothing: "no device made a TLS handshake afterwards", touched: shown})
	return nil
}
