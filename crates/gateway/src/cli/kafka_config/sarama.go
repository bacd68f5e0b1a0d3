// Package tidegate has the configuration of sarama for the gate, written by `tidegate kafka-config` for @WHO@ at @PLACE@.
//
//	config, err := tidegate.Config()
//	producer, err := sarama.NewSyncProducer(tidegate.Brokers(), config)
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
	"time"

	"github.com/IBM/sarama"
)

const (
	bootstrap = @BOOTSTRAP@
	gate      = @GATE@
	useTLS    = @TLS@
	caFile    = @CA_FILE@
)

// Brokers are the addresses to begin with.
func Brokers() []string {
	return strings.Split(bootstrap, ",")
}

// Config is what a client needs to log in. Set more in it as you like.
func Config() (*sarama.Config, error) {
	config := sarama.NewConfig()
	config.Version = sarama.V3_6_0_0
	config.Producer.Return.Successes = true
	config.Net.SASL.Enable = true
	config.Net.SASL.Mechanism = sarama.SASLTypeOAuth
	config.Net.SASL.TokenProvider = tokens{}
	if useTLS {
		tls, err := tlsConfig()
		if err != nil {
			return nil, err
		}
		config.Net.TLS.Enable = true
		config.Net.TLS.Config = tls
	}
	return config, nil
}

type tokens struct{}

// Token takes a new token for every login.
func (tokens) Token() (*sarama.AccessToken, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var said bytes.Buffer
	command := exec.CommandContext(ctx, "tidegate", "token", "--gate", gate)
	command.Stderr = &said
	token, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("tidegate token: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return &sarama.AccessToken{Token: strings.TrimSpace(string(token))}, nil
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
