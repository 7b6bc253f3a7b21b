package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// load reads settings from the arguments, the variables, and a file with the
// given text unless it is empty.
func load(t *testing.T, args []string, env map[string]string, file string) (config.Server, error) {
	t.Helper()
	if file != "" {
		path := filepath.Join(t.TempDir(), "assent.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(flags, func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
}

// mustLoad is load of settings that are right.
func mustLoad(t *testing.T, args []string, env map[string]string, file string) config.Server {
	t.Helper()
	s, err := load(t, args, env, file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLoad_Nothing_GivesDefaults(t *testing.T) {
	got := mustLoad(t, nil, nil, "")
	want := config.Server{
		DatabaseURL: config.NewSecret("sqlite:assent.db"),
		GRPCAddress: "127.0.0.1:50051",
		HTTPAddress: "127.0.0.1:8080",
		Keys:        "assent.db.keys",
		LogLevel:    slog.LevelInfo,
		LogFormat:   config.LogText,

		CheckpointInterval: time.Hour, FeedKeeps: period.Months(12), ImportMaxBytes: 4 << 30,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_FlagOverVariableOverFileOverDefault(t *testing.T) {
	const file = "log_level: debug\n"
	env := map[string]string{"ASSENT_LOG_LEVEL": "warn"}
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		file string
		want slog.Level
	}{
		{"flag", []string{"--log-level", "error"}, env, file, slog.LevelError},
		{"variable", nil, env, file, slog.LevelWarn},
		{"empty variable is none", nil, map[string]string{"ASSENT_LOG_LEVEL": ""}, file, slog.LevelDebug},
		{"file", nil, nil, file, slog.LevelDebug},
		{"null in the file is none", nil, nil, "log_level:\n", slog.LevelInfo},
		{"default", nil, nil, "", slog.LevelInfo},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mustLoad(t, c.args, c.env, c.file).LogLevel; got != c.want {
				t.Errorf("log level %v, want %v", got, c.want)
			}
		})
	}
}

func TestLoad_NewlineAtTheEndOfAVariable_IsNoPartOfIt(t *testing.T) {
	got := mustLoad(t, nil, map[string]string{"ASSENT_DATABASE_URL": "postgres://h/d\r\n", "ASSENT_CATALOG": "c.yaml\n", "ASSENT_KEYS": "k\n"}, "")
	if got.DatabaseURL.Reveal() != "postgres://h/d" || got.Catalog != "c.yaml" || got.Keys != "k" {
		t.Errorf("URL %q, catalog %q, keys %q", got.DatabaseURL.Reveal(), got.Catalog, got.Keys)
	}
}

func TestLoad_LinkSettingsThatCannotBeUsed_AreRefused(t *testing.T) {
	for _, arg := range []string{
		"--public-url=http://consent.example", "--public-url=https://", "--public-url=consent.example", "--public-url=https://consent.example/path",
		"--public-url=https://u:p@consent.example", "--public-url=https://consent.example?x=1", "--public-url=ftp://consent.example",
		"--bounce-address=bounce", "--bounce-address=@mail.example", "--bounce-address=a+b@mail.example", "--bounce-address=bounce@localhost",
		"--bounce-address=" + strings.Repeat("b", 36) + "@mail.example",
		"--unsubscribe-address=leave", "--unsubscribe-address=a>b@acme.example", "--unsubscribe-address=ä@acme.example", "--unsubscribe-address=@acme.example",
	} {
		if _, err := load(t, []string{arg}, nil, ""); err == nil {
			t.Errorf("%s was taken", arg)
		}
	}
}

func TestLoad_EverySetting_CanComeFromEachPlace(t *testing.T) {
	values := map[string]string{
		"database_url": "postgres://u:p@db/assent", "grpc_address": "[::1]:1", "http_address": "localhost:0", "catalog": "c.yaml",
		"keys": "k", "migrate": "true", "tls_cert": "cert.pem", "tls_key": "key.pem", "insecure_listen": "true",
		"log_level": "error", "log_format": "json",
		"checkpoint_dir": "kept", "checkpoint_interval": "15m", "witness_key": "w1+1+a,w2+2+b",
		"max_connections": "500", "import_max_bytes": "1000",
		"allowed_hosts":  "Assent.example, backend.",
		"public_url":     "https://Consent.example:8443/",
		"bounce_address": "bounce@Mail.example",
	}
	want := config.Server{
		DatabaseURL: config.NewSecret("postgres://u:p@db/assent"), GRPCAddress: "[::1]:1", HTTPAddress: "localhost:0",
		Catalog: "c.yaml", Keys: "k", Migrate: true, TLSCert: "cert.pem", TLSKey: "key.pem", InsecureListen: true,
		LogLevel: slog.LevelError, LogFormat: config.LogJSON, CheckpointDir: "kept", CheckpointInterval: 15 * time.Minute,
		FeedKeeps:   period.Months(12),
		WitnessKeys: []string{"w1+1+a", "w2+2+b"}, MaxConnections: 500, ImportMaxBytes: 1000, AllowedHosts: []string{"assent.example", "backend"},
		PublicURL: "https://consent.example:8443", BounceLocal: "bounce", BounceDomain: "mail.example",
	}
	var args []string
	env := map[string]string{}
	var file strings.Builder
	for key, value := range values {
		args = append(args, "--"+strings.ReplaceAll(key, "_", "-")+"="+value)
		env["ASSENT_"+strings.ToUpper(key)] = value
		fmt.Fprintf(&file, "%s: %q\n", key, value)
	}
	for name, got := range map[string]config.Server{
		"flags": mustLoad(t, args, nil, ""), "environment": mustLoad(t, nil, env, ""), "file": mustLoad(t, nil, nil, file.String()),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestLoad_ListFlag_MayBeGivenSeveralTimes(t *testing.T) {
	got := mustLoad(t, []string{"--witness-key", "a+1+x", "--witness-key=b+2+y,c+3+z"}, map[string]string{"ASSENT_WITNESS_KEY": "d"}, "")
	if diff := cmp.Diff([]string{"a+1+x", "b+2+y", "c+3+z"}, got.WitnessKeys); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_CheckpointInterval_OfLessThanASecondOrNone_IsRefused(t *testing.T) {
	for _, value := range []string{"0", "-1h", "999ms", "hourly", "60"} {
		if _, err := load(t, []string{"--checkpoint-interval", value}, nil, ""); err == nil {
			t.Errorf("%q was accepted", value)
		}
	}
}

func TestLoad_FileByVariable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(path, []byte("# one\nmigrate: yes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := load(t, nil, map[string]string{"ASSENT_CONFIG": path}, "")
	if err == nil || err.Error() != path+":2: migrate: it must be true or false" {
		t.Errorf("error %v", err)
	}
}

func TestLoad_WrongFile_IsRefusedWithItsLine(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"unknown key":       {"log_level: info\nlog_levle: debug\n", ":2: log_levle: unknown key"},
		"open is no key":    {"open: true\n", ":1: open: unknown key"},
		"key twice":         {"keys: a\nkeys: b\n", ":2: keys: the key is set twice"},
		"list":              {"keys: [a]\n", ":1: keys: it must be a string"},
		"no mapping":        {"keys\n", "it must be a mapping"},
		"two documents":     {"keys: a\n---\nkeys: b\n", "more than one document"},
		"no YAML":           {"keys: a\n\"database_url: s3cret\n", ":2: it is not valid YAML"},
		"wrong value":       {"\ngrpc_address: here\n", ":2: grpc_address: it must be host:port"},
		"port out of range": {"http_address: 127.0.0.1:70000\n", ":1: http_address: the port must be"},
		"port by name":      {"http_address: 127.0.0.1:http\n", ":1: http_address: the port must be"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, nil, nil, c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q in it", err, c.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %q shows what is in the file", err)
			}
		})
	}
}

func TestLoad_ValuesOfTheFileThatNeedNoQuotes_AreTakenAsTheyAreWritten(t *testing.T) {
	for file, want := range map[string]func(config.Server) bool{
		"max_connections: 2000\n":               func(s config.Server) bool { return s.MaxConnections == 2000 },
		"max_connections: 0\n":                  func(s config.Server) bool { return s.MaxConnections == 0 },
		"index_max_bytes: 4294967296 # bytes\n": func(s config.Server) bool { return s.IndexMaxBytes == 4294967296 },
		"import_max_bytes: 1048576\n":           func(s config.Server) bool { return s.ImportMaxBytes == 1<<20 },
		"verify_sample: 0.01\n":                 func(s config.Server) bool { return s.VerifySample == 0.01 },
		"verify_sample: 1\n":                    func(s config.Server) bool { return s.VerifySample == 1 },
		"verify_sample: .5\n":                   func(s config.Server) bool { return s.VerifySample == 0.5 },
		"catalog: 2026\n":                       func(s config.Server) bool { return s.Catalog == "2026" },
		"catalog: 1.10\n":                       func(s config.Server) bool { return s.Catalog == "1.10" },
		"checkpoint_dir: 0x1F\n":                func(s config.Server) bool { return s.CheckpointDir == "0x1F" },
		"migrate: true\n":                       func(s config.Server) bool { return s.Migrate },
		"catalog: >\n  c.yaml\n":                func(s config.Server) bool { return s.Catalog == "c.yaml" },
	} {
		s, err := load(t, nil, nil, file)
		if err != nil || !want(s) {
			t.Errorf("%q: error %v, settings %+v", file, err, s)
		}
	}
}

func TestLoad_NumberOfTheFileOutOfRange_IsRefusedWithItsLine(t *testing.T) {
	for file, want := range map[string]string{
		"max_connections: -1\n":   ":1: max_connections: it must be a number of connections",
		"max_connections: 0.5\n":  ":1: max_connections: it must be a number of connections",
		"verify_sample: 1.5\n":    ":1: verify_sample: ",
		"verify_sample: .nan\n":   ":1: verify_sample: it must be a string, a number, true or false",
		"import_max_bytes: 0\n":   "import_max_bytes: it must be a number of bytes",
		"import_max_bytes: 4G\n":  "import_max_bytes: it must be a number of bytes",
		"index_max_bytes: .inf\n": ":1: index_max_bytes: it must be a string, a number, true or false",
	} {
		if _, err := load(t, nil, nil, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q in it", file, err, want)
		}
	}
}

func TestLoad_CommentsOnly_IsAnEmptyFile(t *testing.T) {
	mustLoad(t, nil, nil, "# nothing yet\n")
}

func TestLoad_MissingFile_IsAnError(t *testing.T) {
	if _, err := load(t, []string{"--config", "no/such.yaml"}, nil, ""); err == nil || !strings.Contains(err.Error(), "no/such.yaml") {
		t.Errorf("error %v", err)
	}
}

func TestLoad_WrongDatabaseURL_IsRefusedWithoutShowingIt(t *testing.T) {
	for _, url := range []string{"", "mysql://u:s3cret@h/d", "postgres:s3cret", "postgres://u:s3%cret@h/d", "sqlite:", "sqlite:s3cret?mode=ro"} {
		_, err := load(t, []string{"--database-url", url}, nil, "")
		if err == nil || !strings.HasPrefix(err.Error(), "--database-url: ") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v", url, err)
		}
	}
}

func TestLoad_ListeningBeyondLoopback_NeedsTLSOrAWord(t *testing.T) {
	for _, address := range []string{"0.0.0.0:1", ":1", "192.0.2.1:1", "example.com:1", "[::]:1"} {
		for _, key := range []string{"--grpc-address", "--http-address"} {
			if _, err := load(t, []string{key, address}, nil, ""); err == nil || !strings.Contains(err.Error(), "insecure_listen") {
				t.Errorf("%s %s: error %v", key, address, err)
			}
			mustLoad(t, []string{key, address, "--insecure-listen"}, nil, "")
			mustLoad(t, []string{key, address, "--tls-cert", "a", "--tls-key", "b"}, nil, "")
		}
	}
	if _, err := load(t, []string{"--tls-cert", "a"}, nil, ""); err == nil || !strings.Contains(err.Error(), "tls_key") {
		t.Errorf("certificate without key: error %v", err)
	}
}

func TestLoad_PprofBeyondLoopback_IsRefused(t *testing.T) {
	for _, address := range []string{"0.0.0.0:1", ":1", "192.0.2.1:1", "example.com:1", "[::]:1"} {
		args := []string{"--pprof-address", address, "--insecure-listen", "--tls-cert", "a", "--tls-key", "b"}
		if _, err := load(t, args, nil, ""); err == nil || !strings.Contains(err.Error(), "pprof_address must be on loopback") {
			t.Errorf("%s: error %v", address, err)
		}
	}
	for _, address := range []string{"127.0.0.1:6060", "[::1]:6060", "localhost:0"} {
		if s := mustLoad(t, []string{"--pprof-address", address}, nil, ""); s.PprofAddress != address {
			t.Errorf("%s: got %q", address, s.PprofAddress)
		}
	}
	if s := mustLoad(t, nil, nil, ""); s.PprofAddress != "" {
		t.Errorf("without being asked: %q", s.PprofAddress)
	}
}

func TestValidate_OpenServerBeyondLoopback_IsRefused(t *testing.T) {
	s := mustLoad(t, []string{"--insecure-listen"}, nil, "")
	s.Open = true
	if err := s.Validate(); err != nil {
		t.Errorf("on loopback: %v", err)
	}
	s.GRPCAddress = "0.0.0.0:1"
	if err := s.Validate(); err == nil {
		t.Error("an open server may listen on all addresses")
	}
}

func TestKeyFile_DefaultsBesideSQLiteOnly(t *testing.T) {
	for url, want := range map[string]string{"sqlite:a.db": "a.db.keys", "sqlite:///v/a.db": "/v/a.db.keys", "sqlite:/v/a.db": "/v/a.db.keys"} {
		if got, err := mustLoad(t, []string{"--database-url", url}, nil, "").KeyFile(); got != want || err != nil {
			t.Errorf("%s: key file %q, %v, want %q", url, got, err, want)
		}
	}
	if _, err := mustLoad(t, []string{"--database-url", "postgres://h/d"}, nil, "").KeyFile(); err == nil {
		t.Error("PostgreSQL has a key file by default")
	}
}

func TestAddFlags_WithKeys_AddsOnlyThose(t *testing.T) {
	flags := pflag.NewFlagSet("migrate", pflag.ContinueOnError)
	config.AddFlags(flags, "database_url")
	var names []string
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if diff := cmp.Diff([]string{"config", "database-url"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestSecret_NothingPrintsIt(t *testing.T) {
	s := config.Server{DatabaseURL: config.NewSecret("s3cret")}
	hidden := struct{ server config.Server }{s}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("start", slog.Any("config", s), slog.Any("url", s.DatabaseURL))
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := s.DatabaseURL.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{
		logged.String(), string(encoded), string(plain),
		fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%s %q %x", s.DatabaseURL, s.DatabaseURL, s.DatabaseURL),
		fmt.Sprintf("%v %+v %#v", hidden, hidden, hidden),
	}
	for _, text := range printed {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "733363726574") {
			t.Errorf("it shows in %s", text)
		}
	}
	if !strings.Contains(string(encoded), "[redacted]") {
		t.Errorf("nothing says that something is left out of %s", encoded)
	}
	if got := (config.Secret{}).String(); got != "" {
		t.Errorf("the empty secret prints as %q", got)
	}
}

func TestDatabaseURL_SignThatIsNotEncoded_IsRefusedWithoutItsText(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://assent:S3cret@Tail77@127.0.0.1:1/assent", "postgres://assent:S3cret@127.0.0.1/ass@Tail77",
		"postgres://assent:12#Tail77@127.0.0.1/assent", "postgres://assent:12?Tail77@127.0.0.1/assent", "postgres://assent:12/Tail77@127.0.0.1/assent",
		"postgres://assent:S3cret%Tail77@127.0.0.1/assent", "postgres://as@Tail77:S3cret@127.0.0.1/assent",
		"postgres://127.0.0.1/assent?password=S3cret@Tail77", "postgres://assent:S3cret[Tail77@127.0.0.1/assent",
	} {
		_, err := config.Load(pflag.NewFlagSet("", pflag.ContinueOnError), func(name string) (string, bool) {
			return url, name == "ASSENT_DATABASE_URL"
		})
		if err == nil || !strings.Contains(err.Error(), "percent-encoded") {
			t.Errorf("%s: got %v", url, err)
			continue
		}
		if text := err.Error(); strings.Contains(text, "S3cret") || strings.Contains(text, "Tail77") {
			t.Errorf("%s: the error holds a part of the password: %s", url, text)
		}
	}
}

func TestLoad_SecretFromAFile_IsTakenWithoutItsLastNewline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(path, []byte("postgres://u:p@db/assent\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := mustLoad(t, nil, map[string]string{"ASSENT_DATABASE_URL_FILE": path}, "database_url: sqlite:other.db\n")
	if got.DatabaseURL.Reveal() != "postgres://u:p@db/assent" {
		t.Errorf("got %q", got.DatabaseURL.Reveal())
	}
	flag := mustLoad(t, []string{"--database-url", "sqlite:flag.db"}, map[string]string{"ASSENT_DATABASE_URL_FILE": path}, "")
	if flag.DatabaseURL.Reveal() != "sqlite:flag.db" {
		t.Errorf("a flag does not go over it: %q", flag.DatabaseURL.Reveal())
	}
}

func TestLoad_BlanksAfterAURL_AreIgnored(t *testing.T) {
	const want = "postgres://u:p@db/assent"
	for _, blanks := range []string{"\n", " ", "\r\n", "\t\n", " \n \n"} {
		path := filepath.Join(t.TempDir(), "url")
		if err := os.WriteFile(path, []byte(want+blanks), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, env := range []map[string]string{{"ASSENT_DATABASE_URL": want + blanks}, {"ASSENT_DATABASE_URL_FILE": path}} {
			if got := mustLoad(t, nil, env, "").DatabaseURL.Reveal(); got != want {
				t.Errorf("%q after the URL, %v: got %q", blanks, env, got)
			}
		}
	}
}

func TestLoad_SecretFromAFileThatIsNotRight_NamesTheVariableAndNotTheSecret(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "\n", "wrong": "mysql://u:geheim@db/assent"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, env := range map[string]map[string]string{
		"empty file":   {"ASSENT_DATABASE_URL_FILE": filepath.Join(dir, "empty")},
		"no file":      {"ASSENT_DATABASE_URL_FILE": filepath.Join(dir, "missing")},
		"no such URL":  {"ASSENT_DATABASE_URL_FILE": filepath.Join(dir, "wrong")},
		"both are set": {"ASSENT_DATABASE_URL_FILE": filepath.Join(dir, "wrong"), "ASSENT_DATABASE_URL": "sqlite:geheim.db"},
	} {
		_, err := load(t, nil, env, "")
		if err == nil || !strings.Contains(err.Error(), "ASSENT_DATABASE_URL_FILE") || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
}
