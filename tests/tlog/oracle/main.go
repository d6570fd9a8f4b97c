// SPDX-License-Identifier: MIT

// Reads a log, its checkpoint and a policy by torchwood, the toolkit of the C2SP specifications' authors.
//
// usage: oracle URL POLICY [TOKEN]
//
// The checkpoint must have the policy's signature and quorum; the tree, read tile by tile, must lead to its root; with a
// token every record is read and held to the tree too. Exit status 1 where any of it does not hold.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

type withToken struct{ token string }

func (t withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+t.token)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func run() error {
	if len(os.Args) < 3 {
		return fmt.Errorf("usage: oracle URL POLICY [TOKEN]")
	}
	token := ""
	if len(os.Args) > 3 {
		token = os.Args[3]
	}
	ctx := context.Background()
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		return err
	}
	policy, err := torchwood.ParsePolicy(text)
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	fetcher, err := torchwood.NewTileFetcher(strings.TrimSuffix(os.Args[1], "/")+"/",
		torchwood.WithHTTPClient(&http.Client{Transport: withToken{token}}))
	if err != nil {
		return err
	}
	signed, err := fetcher.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return err
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	hashes := torchwood.TileHashReaderWithContext(ctx, checkpoint.Tree, fetcher)
	root, err := tlog.TreeHash(checkpoint.N, hashes)
	if err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	if root != checkpoint.Hash {
		return fmt.Errorf("tiles: root %v, signed %v", root, checkpoint.Hash)
	}
	// A proof between each few sizes, as a monitor would make it.
	for older := int64(1); older < checkpoint.N; older += 1 + checkpoint.N/17 {
		proof, err := tlog.ProveTree(checkpoint.N, older, hashes)
		if err != nil {
			return fmt.Errorf("proof from %d: %w", older, err)
		}
		before, err := tlog.TreeHash(older, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, checkpoint.N, root, older, before); err != nil {
			return fmt.Errorf("proof from %d: %w", older, err)
		}
	}
	records := int64(0)
	if token != "" {
		client, err := torchwood.NewClient(fetcher)
		if err != nil {
			return err
		}
		for i := range client.AllEntries(ctx, checkpoint.Tree, 0) {
			if i != records {
				return fmt.Errorf("record %d comes after %d", i, records)
			}
			records++
		}
		if client.Err() != nil {
			return fmt.Errorf("records: %w", client.Err())
		}
		if records != checkpoint.N {
			return fmt.Errorf("%d of %d records", records, checkpoint.N)
		}
	}
	fmt.Printf("%s: %d records, %d read\n", checkpoint.Origin, checkpoint.N, records)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}
