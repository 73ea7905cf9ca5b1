// Package opsctl is a tool for operators: versions, services, clean-up.
package opsctl

import (
	"context"
	stderrors "errors"
	"fmt"
	"strings"
	"time"

	"foundation/cli"
	"foundation/config"
	"foundation/errors"
	"foundation/process"
)

// Services are what the tool knows.
var Services = []string{"api", "worker", "mailer"}

// Revision is the commit that is checked out, shortened.
func Revision(ctx context.Context) (string, error) {
	result, err := process.Run(ctx, []string{"git", "rev-parse", "HEAD"}, process.WithTimeout(10*time.Second))
	if err != nil {
		return "", err
	}
	revision := strings.TrimSpace(result.StdoutText())
	if len(revision) > 8 {
		revision = revision[:8]
	}
	return revision, nil
}

// Running lists the services that the init system reports as active.
func Running(ctx context.Context) ([]string, error) {
	var active []string
	for _, service := range Services {
		result, err := process.Run(ctx, []string{"systemctl", "is-active", service}, process.WithCheck(false))
		if err != nil {
			return nil, err
		}
		if result.ExitCode == 0 && strings.TrimSpace(result.StdoutText()) == "active" {
			active = append(active, service)
		}
	}
	return active, nil
}

// Restart restarts a service and says how it went.
func Restart(ctx context.Context, service string) string {
	_, err := process.Run(ctx, []string{"systemctl", "restart", service}, process.WithTimeout(time.Minute))
	var failed *errors.ProcessError
	if stderrors.As(err, &failed) {
		return fmt.Sprintf("%s failed with %d", service, failed.ExitCode)
	}
	if err != nil {
		return "unknown"
	}
	return service + " restarted"
}

func runRestart(ctx context.Context, args cli.Args) error {
	service := args.String("service")
	for _, known := range Services {
		if known == service {
			fmt.Println(Restart(ctx, service))
			return nil
		}
	}
	fmt.Printf("no service %q\n", service)
	return cli.Exit(3)
}

func runScale(_ context.Context, args cli.Args) error {
	count := args.Int("count")
	if count < 0 {
		return &errors.ValidationError{Message: "count below zero"}
	}
	suffix := ""
	if args.Bool("dry_run") {
		suffix = " (dry run)"
	}
	fmt.Printf("%s x %d%s\n", args.String("service"), count, suffix)
	return nil
}

// Run runs the tool; the exit code.
func Run(ctx context.Context, argv []string) int {
	app := cli.NewApp("opsctl", "1.2")
	app.RegisterCommand("service.restart", runRestart, cli.WithDescription("Restart a service"), cli.WithArgument("service", config.String))
	app.RegisterCommand("service.scale", runScale, cli.WithDescription("Set the number of instances"), cli.WithAliases("sc"),
		cli.WithArgument("service", config.String), cli.WithOption("count", config.Integer, cli.Default(1)), cli.WithOption("dry_run", config.Boolean))
	return app.Run(ctx, argv)
}

// Prune prints what a clean-up would remove.
//
// @registerCommand(name="prune", description="Remove old releases")
func Prune(releases []string, keep int) error {
	if keep < 1 {
		return &errors.ValidationError{Message: "keep at least one"}
	}
	for i, release := range releases {
		if i < len(releases)-keep {
			fmt.Println("remove", release)
		}
	}
	return nil
}
