// Package tidegate has the options of franz-go for the gate, written by `tidegate kafka-config` for @WHO@ at @PLACE@.
//
//	options, err := tidegate.Options()
//	client, err := kgo.NewClient(append(options, kgo.ConsumeTopics("topic"))...)
//
// No secret is in here. Each login takes a new token from `tidegate token`, which has to be in the PATH, and needs `tidegate login`
// first.
package tidegate

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
)

const (
	bootstrap = @BOOTSTRAP@
	gate      = @GATE@
	useTLS    = @TLS@
	caFile    = @CA_FILE@
)

// Options are what a client needs to log in.
func Options() ([]kgo.Opt, error) {
	options := []kgo.Opt{kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.SASL(oauth.Oauth(login))}
	if useTLS {
		config, err := tlsConfig()
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	return options, nil
}

func login(ctx context.Context) (oauth.Auth, error) {
	token, err := token(ctx)
	return oauth.Auth{Token: token}, err
}

func token(ctx context.Context) (string, error) {
	var said bytes.Buffer
	command := exec.CommandContext(ctx, "tidegate", "token", "--gate", gate)
	command.Stderr = &said
	token, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("tidegate token: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(string(token)), nil
}

func tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no PEM certificate", caFile)
		}
	}
	return config, nil
}
