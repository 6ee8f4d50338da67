#!/bin/sh
# User-data for an SMTP relay node, as a shell script: fetch the agent, check it, and let it do the rest.
# Fill in the settings, where the binary lies, and its SHA-256. The log is /var/log/cloud-init-output.log.
set -eu

mkdir -p /etc/smtp-relay-agent
cat >/etc/smtp-relay-agent/config.toml <<'SETTINGS'
[mail]
domain = "example.com"

[load_balancer]
classic = ["smtp-relay"]
SETTINGS

# https://..., or s3://BUCKET/KEY; from a private bucket, the AWS command line fetches it with the instance's role.
url='https://example.com/smtp-relay-agent'
sha256='SHA256_OF_THE_BINARY'
# Where the way out is a proxy: http://HOST:PORT. yum and the agent take it as well.
proxy=''

if [ -n "$proxy" ]; then
    export http_proxy="$proxy" https_proxy="$proxy" no_proxy=169.254.169.254,localhost,127.0.0.1
    export HTTP_PROXY="$http_proxy" HTTPS_PROXY="$https_proxy" NO_PROXY="$no_proxy"
fi

fetch() {
    address=$url
    case $url in
    s3://*)
        if command -v aws >/dev/null; then
            aws s3 cp --only-show-errors --cli-connect-timeout 10 --cli-read-timeout 60 "$url" "$download"
            return
        fi
        address=https://$(echo "$url" | cut -d/ -f3).s3.amazonaws.com/$(echo "$url" | cut -d/ -f4-)
        ;;
    esac
    curl -fsSL --connect-timeout 10 --max-time 300 -o "$download" "$address"
}

# The network, DNS and the role's credentials may still be coming up. Of these, curl's own --retry takes none.
download=$(mktemp)
trap 'rm -f "$download"' EXIT
attempt=1
until fetch; do
    if [ "$attempt" -eq 8 ]; then
        echo "the agent can't be fetched from $url: $attempt attempts failed, the last as said above" >&2
        exit 1
    fi
    sleep $((attempt * 2))
    attempt=$((attempt + 1))
done
if ! echo "$sha256  $download" | sha256sum -c - >/dev/null; then
    echo "the agent from $url is not the one with SHA-256 $sha256: not installed" >&2
    exit 1
fi
install -m 755 "$download" /usr/local/bin/smtp-relay-agent
rm -f "$download"

exec /usr/local/bin/smtp-relay-agent bootstrap
