package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"usher/internal/store"
)

// errMissing says that there is no PostgreSQL to run.
var errMissing = errors.New("PostgreSQL or flock is not installed: install the packages postgresql and util-linux, or set USHER_TEST_POSTGRES to the URL of a server")

// postgresURL makes a database from the template.
func postgresURL(t testing.TB) string {
	t.Helper()
	s, err := postgres()
	if errors.Is(err, errMissing) && os.Getenv("USHER_TEST_ALL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := "usher_test_" + strings.ToLower(rand.Text())
	if err := s.exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+s.template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("dropping the database: %v", err)
		}
	})
	return s.url(name)
}

// server is a running PostgreSQL with a migrated template database.
type server struct {
	base     string // URL of its database "postgres"
	template string
	users    *os.File // locked as long as this process uses the server

	mu    sync.Mutex
	admin *pgx.Conn
}

func (s *server) url(database string) string {
	u, err := url.Parse(s.base)
	if err != nil {
		return s.base // connecting says what is wrong
	}
	u.Path = "/" + database
	return u.String()
}

// exec runs a statement outside a transaction.
func (s *server) exec(ctx context.Context, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin == nil || s.admin.IsClosed() {
		conn, err := pgx.Connect(ctx, s.base)
		if err != nil {
			return err
		}
		s.admin = conn
	}
	_, err := s.admin.Exec(ctx, text)
	return err
}

// names lists the databases with a prefix.
func (s *server) names(ctx context.Context, prefix string) ([]string, error) {
	if err := s.exec(ctx, "SELECT 1"); err != nil { // connects
		return nil, err
	}
	rows, err := s.admin.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// postgres finds or starts the server, once a process.
var postgres = sync.OnceValues(func() (*server, error) {
	// The first test may be over while others still need the server.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	dir := filepath.Join(os.TempDir(), fmt.Sprintf("usher-storetest-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	// One process at a time starts the server and makes the template.
	start, err := lock(filepath.Join(dir, "start.lock"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer start.Close()

	s := &server{base: os.Getenv("USHER_TEST_POSTGRES")}
	if s.base == "" {
		if err := s.share(ctx, dir); err != nil {
			return nil, err
		}
	}
	return s, s.prepare(ctx)
})

// share uses the server of the other test processes or starts one for them.
func (s *server) share(ctx context.Context, dir string) error {
	programs, err := findPrograms()
	if err != nil {
		return err
	}
	socket := filepath.Join(dir, "socket")
	s.base = "postgres:///postgres?user=postgres&host=" + url.QueryEscape(socket)

	// The server's keeper waits for an exclusive lock on this file: it gets it
	// when the last test process has ended, however that ended. If it has it
	// just now, the server is stopping, and we wait.
	s.users, err = lock(filepath.Join(dir, "users.lock"), syscall.LOCK_SH)
	if err != nil {
		return err
	}
	if s.exec(ctx, "SELECT 1") == nil {
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := s.start(ctx, programs, dir, data, socket); err == nil {
		return s.dropLeftovers(ctx)
	}
	// Without fsync a crash of the machine may have damaged it. Once more, anew.
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	return s.start(ctx, programs, dir, data, socket)
}

// keeper runs the server until no test process is left. It is a shell script
// because it must outlive whoever starts it. $1 is the postgres program, $2 the
// data, $3 the socket's folder, $4 the lock.
const keeper = `
"$1" -D "$2" -k "$3" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
	-c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB -c max_wal_size=256MB \
	-c autovacuum=off -c jit=off -c log_min_messages=fatal -c unix_socket_permissions=0777 &
server=$!
exec 9<"$4"
flock -x 9
kill -INT $server
wait $server
`

// start makes the data folder if it isn't there, starts the server and waits
// until it answers.
func (s *server) start(ctx context.Context, programs, dir, data, socket string) error {
	user, err := serverUser()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(socket, 0o755); err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	if user != nil {
		for _, path := range []string{socket, data} {
			if err := os.Chown(path, int(user.Uid), int(user.Gid)); err != nil {
				return err
			}
		}
	}
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
		initdb := exec.CommandContext(ctx, filepath.Join(programs, "initdb"), "-D", data, "-U", "postgres",
			"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
		initdb.Dir = "/"
		initdb.SysProcAttr = &syscall.SysProcAttr{Credential: user}
		if out, err := initdb.CombinedOutput(); err != nil {
			return fmt.Errorf("initdb: %w\n%s", err, out)
		}
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	//nolint:noctx // it outlives every test process
	sh := exec.Command("/bin/sh", "-c", keeper, "keeper",
		filepath.Join(programs, "postgres"), data, socket, s.users.Name())
	sh.Dir, sh.Stdout, sh.Stderr = "/", log, log
	sh.SysProcAttr = &syscall.SysProcAttr{Credential: user, Setsid: true}
	if err := sh.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- sh.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = s.exec(ctx, "SELECT 1"); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		case <-ended:
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("PostgreSQL ended at once:\n%s", said)
		}
	}
}

// dropLeftovers removes the databases of test processes that were killed. Nobody
// else uses the server yet.
func (s *server) dropLeftovers(ctx context.Context) error {
	names, err := s.names(ctx, "usher_test_")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.exec(ctx, "DROP DATABASE "+name); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the template database, named by the content of the migrations.
func (s *server) prepare(ctx context.Context) error {
	sum, err := store.SchemaSum()
	if err != nil {
		return err
	}
	s.template = "usher_template_" + sum
	found, err := s.names(ctx, s.template)
	if err != nil || len(found) > 0 {
		return err
	}
	unfinished := "usher_test_template_" + sum
	if err := s.exec(ctx, "DROP DATABASE IF EXISTS "+unfinished); err != nil {
		return err
	}
	if err := s.exec(ctx, "CREATE DATABASE "+unfinished); err != nil {
		return err
	}
	if err := migrate(s.url(unfinished)); err != nil {
		return err
	}
	return s.exec(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+s.template)
}

func migrate(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := store.Open(ctx, store.Options{URL: url, Keys: Keys()})
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx, migratedAt), db.Close())
}

// findPrograms returns the folder of PostgreSQL's programs.
func findPrograms() (string, error) {
	if _, err := exec.LookPath("flock"); err != nil { // for keeper
		return "", errMissing
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian's place
	if err != nil || len(found) == 0 {
		return "", errMissing
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// serverUser is whom the server runs as: PostgreSQL refuses root. Nil: ourselves.
func serverUser() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	const nobody = 65534
	return &syscall.Credential{Uid: nobody, Gid: nobody}, nil
}

// lock opens a file and waits for a lock on it, which ends when it is closed.
func lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
