package need

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Mosquitto starts Debian's broker on a free loopback port, with a password for each user and the topics of
// each (devices/USER/#; the user backend may use all), and returns its port; it ends with the test.
func Mosquitto(t testing.TB, passwords map[string]string) (port int) {
	return MosquittoWith(t, passwords, "")
}

// MosquittoWith is Mosquitto with further lines of its listener's configuration, such as cafile.
func MosquittoWith(t testing.TB, passwords map[string]string, more string) (port int) {
	program := Program(t, "mosquitto")
	dir := t.TempDir()
	users := filepath.Join(dir, "users")
	require.NoError(t, os.WriteFile(users, nil, 0o600))
	for user, password := range passwords {
		out, err := exec.Command(Program(t, "mosquitto_passwd"), "-b", users, user, password).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	acl := filepath.Join(dir, "acl")
	require.NoError(t, os.WriteFile(acl, []byte("pattern readwrite devices/%u/#\nuser backend\ntopic readwrite #\n"), 0o600))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port = ln.Addr().(*net.TCPAddr).Port
	require.NoError(t, ln.Close())
	conf := filepath.Join(dir, "mosquitto.conf")
	text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous false\npassword_file %s\nacl_file %s\nuser root\npersistence false\n", port, users, acl) + more // else it would change to a user that cannot read the files
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o600))
	cmd := exec.Command(program, "-c", conf)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may be gone
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) { // a process takes its time
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			require.NoError(t, c.Close())
			return port
		}
		require.Less(t, time.Since(begun), 10*time.Second, "mosquitto does not listen")
	}
}
