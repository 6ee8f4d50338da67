#!/bin/sh
# User-data for an SMTP relay node: fetch the agent, check it, and let it do the rest.
# Fill in where the binary lies and its SHA-256, and the settings below. The log is /var/log/cloud-init-output.log.
set -eu

url=https://example.com/smtp-relay-agent
sha256=SHA256_OF_THE_BINARY

mkdir -p /etc/smtp-relay-agent
cat >/etc/smtp-relay-agent/config.toml <<'SETTINGS'
[mail]
domain = "example.com"

[load_balancer]
classic = ["smtp-relay"]
SETTINGS

# The network may still be coming up. --retry-connrefused and --retry alone leave out failed name look-ups.
download=$(mktemp)
for attempt in 1 2 3 4 5 6; do
    curl -fsS --connect-timeout 10 --max-time 300 -o "$download" "$url" && break
    [ "$attempt" -lt 6 ] || exit 1
    sleep $((attempt * 2))
done
echo "$sha256  $download" | sha256sum -c - >/dev/null || {
    echo "the agent from $url is not the one with SHA-256 $sha256: not run" >&2
    exit 1
}
install -m 755 "$download" /usr/local/bin/smtp-relay-agent
rm -f "$download"

exec /usr/local/bin/smtp-relay-agent bootstrap
