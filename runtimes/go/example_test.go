package foundation_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"foundation/cli"
	"foundation/config"
	"foundation/errors"
	"foundation/files"
	"foundation/httpclient"
	"foundation/logging"
	"foundation/process"
	"foundation/resilience"
)

var ctx = context.Background()

func fetch(context.Context) error { return &errors.NetworkError{Message: "inventory refused"} }

func Example_retry() {
	err := resilience.Retry(ctx, func(ctx context.Context) error {
		return fetch(ctx)
	}, resilience.WithMaxAttempts(3), resilience.WithBaseDelay(time.Millisecond))
	var exceeded *errors.MaxRetriesExceeded
	if errors.As(err, &exceeded) {
		fmt.Println(exceeded)
	}
	// Output:
	// gave up after 3 attempts: inventory refused
}

func Example_circuitBreaker() {
	breaker := resilience.NewCircuitBreaker("inventory", resilience.WithFailureThreshold(1), resilience.WithRecoveryTimeout(30*time.Second))
	_ = breaker.Call(ctx, fetch)
	err := breaker.Call(ctx, fetch)
	fmt.Println(errors.Is(err, errors.ErrCircuitOpen), breaker.State())
	// Output:
	// true open
}

func Example_rateLimiter() {
	limiter := resilience.NewRateLimiter(10, time.Hour, resilience.WithBurst(2))
	fmt.Println(limiter.Allow(), limiter.Allow(), limiter.Allow())
	err := limiter.Acquire(1)
	fmt.Println(errors.Is(err, errors.ErrRateLimitExceeded))
	// Output:
	// true true false
	// true
}

func Example_errorBoundary() {
	log := logging.New("shop", logging.WithTimestamps(false), logging.WithWriter(os.Stdout))
	stock, err := errors.BoundaryValue(ctx, -1, func(ctx context.Context) (int, error) {
		return 0, fetch(ctx)
	}, errors.WithReraise(false), errors.WithContext("order", 7), errors.WithLogger(log))
	fmt.Println(stock, err)
	// Output:
	// {"level":"error","logger":"shop","message":"error caught","boundary":"foundation_test.Example_errorBoundary","error":"NetworkError","error_message":"inventory refused","context":{"order":7}}
	// -1 <nil>
}

func Example_logging() {
	orders := logging.New("shop.orders", logging.WithLevel(logging.Info), logging.WithFormat(logging.JSON),
		logging.WithTimestamps(false), logging.WithWriter(os.Stdout))
	orders.Info("order placed", "order_id", 7, "card", map[string]any{"cardNumber": "4111"})
	// Output:
	// {"level":"info","logger":"shop.orders","message":"order placed","order_id":7,"card":{"cardNumber":"[REDACTED]"}}
}

func Example_configuration() {
	os.Setenv("APP_DATABASE__URL", "postgres://db")
	defer os.Unsetenv("APP_DATABASE__URL")
	var cfg struct {
		Port     int `default:"8080"`
		Database struct{ URL string }
	}
	err := config.Load(&cfg, config.WithEnvPrefix("APP"))
	fmt.Println(cfg.Port, cfg.Database.URL, err)
	// Output:
	// 8080 postgres://db <nil>
}

func Example_httpClient() {
	inventory := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `["book"]`) }))
	defer inventory.Close()
	client := httpclient.New(httpclient.WithBaseURL(inventory.URL), httpclient.WithTimeout(5*time.Second), httpclient.WithMaxAttempts(3))
	response, err := client.Get(ctx, "/items", httpclient.WithParam("page", "1"))
	fmt.Println(response.Status, string(response.Body), err)
	// Output:
	// 200 ["book"] <nil>
}

func Example_cli() {
	app := cli.NewApp("shop", "1.0")
	app.RegisterCommand("db.migrate", func(ctx context.Context, args cli.Args) error {
		fmt.Println("migrating to", args.String("target"), "dry run:", args.Bool("dry_run"))
		return nil
	}, cli.WithDescription("Apply pending migrations"), cli.WithAliases("m"),
		cli.WithArgument("target", config.String), cli.WithOption("dry_run", config.Boolean))
	code := app.Run(ctx, []string{"db", "migrate", "v2", "--dry-run"})
	fmt.Println(code)
	// Output:
	// migrating to v2 dry run: true
	// 0
}

func Example_process() {
	result, err := process.Run(ctx, []string{"printf", "%s", "hello"}, process.WithTimeout(30*time.Second), process.WithCheck(true))
	fmt.Println(result.StdoutText(), err)
	// Output:
	// hello <nil>
}

func Example_files() {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("foundation-example-%d.json", os.Getpid()))
	defer os.Remove(path)
	err := files.AtomicWrite(path, []byte("{}"), files.WithBackup(true), files.WithMode(0o600))
	content, _ := os.ReadFile(path)
	fmt.Println(string(content), err)
	// Output:
	// {} <nil>
}
