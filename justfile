# Every command of this repository. `.ci/run` runs these and nothing else.

set shell := ["bash", "-euo", "pipefail", "-c"]

# tools that are not installed otherwise: `just tools`
export PATH := justfile_directory() / "target/tools/bin" + ":" + env("PATH")

# list the recipes
default:
    @just --list --unsorted

# start claimsd on a database of its own
run *args:
    cargo run -- {{ args }}

# run the tests, or those of one crate: just test -p schema
test *args:
    cargo test {{ args }}

# isolation, rights and migrations on the newest PostgreSQL that npm has
test-newest-postgres:
    .ci/newest-postgres

# format the Rust and proto sources
fmt:
    cargo fmt --all
    buf format -w proto

# fail on anything that `just fmt` would change
fmt-check:
    cargo fmt --all --check

# clippy with the workspace's lints and the doors of .clippy.toml
lint *args="--workspace":
    cargo clippy {{ args }} --all-targets --all-features -- -D warnings

# the API documentation of everything, private items included
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --document-private-items

# style, comments and formatting of the protos
proto-lint:
    buf lint proto
    buf format proto --diff --exit-code

# what would break a client built from the protos of another commit
proto-breaking base="":
    .ci/proto-breaking {{ base }}

# crates: banned ones, licences, sources
deny:
    cargo deny --workspace check --hide-inclusion-graph bans licenses sources

# crates: known vulnerabilities; fetches the advisory database
advisories:
    cargo deny --workspace check --hide-inclusion-graph advisories

# everything that CI checks
ci:
    .ci/run

# install the tools of these recipes into target/tools
tools:
    .ci/tools

# workloads a, c and f for seconds each, beside pgbench on the same database; with `--only h` claim files, with `--only i` the answers to them
bench-smoke *args:
    cargo run --release -p bench -- smoke {{ args }}

# the audit log by itself: entries per second beside pgbench, and what waiting for an entry adds to a read
bench-audit *args:
    cargo run --release -p bench -- audit {{ args }}

# entries per second that `claimsd audit verify` gets through in an archive
bench-verify *args:
    cargo run --release -p notary --example verification -- {{ args }}
