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

# https://..., or s3://BUCKET/KEY in the instance's region. The role has to allow s3:GetObject.
url='https://example.com/smtp-relay-agent'
sha256='SHA256_OF_THE_BINARY'
# The proxy, as http://HOST:PORT, and the hosts and domains that need none, such as VPC endpoints. yum and the agent use both.
proxy=''
direct=''
# The instance's region and the domain of its AWS endpoints. Metadata knows both.
region=''
domain=''

if [ -n "$proxy" ]; then
    export http_proxy="$proxy" https_proxy="$proxy"
    export no_proxy="169.254.169.254,fd00:ec2::254,localhost,127.0.0.1${direct:+,$direct}"
    export HTTP_PROXY="$http_proxy" HTTPS_PROXY="$https_proxy" NO_PROXY="$no_proxy"
fi

has() { command -v "$1" >/dev/null 2>&1; }

imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}/latest
metadata() {
    token=$(curl -fsS --noproxy '*' --max-time 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$imds/api/token") &&
        curl -fsS --noproxy '*' --max-time 5 -H "X-aws-ec2-metadata-token: $token" "$imds/meta-data/$1"
}

locate() {
    region=${region:-$(metadata placement/region)} && domain=${domain:-$(metadata services/domain)} &&
        export AWS_DEFAULT_REGION="$region"
}

# Older versions of curl do not sign the session token, or do not sign at all.
can_sign() { has curl && curl --version | awk '{ split($2, v, "."); exit !(v[1] > 7 || v[1] == 7 && v[2] >= 88) }'; }

key() { echo "$keys" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

# signed SERVICE ARGUMENT...: curl with the role's keys, which other users must not see as arguments.
signed() {
    service=$1 && shift && locate && role=$(metadata iam/security-credentials/) &&
        keys=$(metadata "iam/security-credentials/$role") || return
    curl -fsSL --connect-timeout 10 --max-time 300 --aws-sigv4 "aws:amz:$region:$service" -K - "$@" <<KEYS
user = "$(key AccessKeyId):$(key SecretAccessKey)"
header = "x-amz-security-token: $(key Token)"
KEYS
}

# query SERVICE VERSION ACTION FIELD=VALUE...: a call of an AWS API.
query() {
    api=$1 form="Version=$2&Action=$3"
    shift 3
    for field; do form="$form&$field"; done
    signed "$api" -d "$form" "https://$api.$region.$domain/"
}

setting() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" /etc/smtp-relay-agent/config.toml; }

# Tells the stack and the launch hook that this node will not come into service. Without this they wait for their time-outs.
tell() {
    instance=$(cat /var/lib/cloud/data/instance-id) && stack=$(setting stack) && hook=$(setting launch_hook) || return
    resource=$(setting resource)
    if has aws; then
        locate 2>/dev/null || true
        [ -z "$stack" ] || aws cloudformation signal-resource --stack-name "$stack" --logical-resource-id "$resource" \
            --unique-id "$instance" --status FAILURE
        [ -n "$hook" ] || return 0
        group=$(aws autoscaling describe-auto-scaling-instances --instance-ids "$instance" --output text \
            --query 'AutoScalingInstances[0].AutoScalingGroupName')
        aws autoscaling complete-lifecycle-action --lifecycle-hook-name "$hook" --auto-scaling-group-name "$group" \
            --instance-id "$instance" --lifecycle-action-result ABANDON
    elif can_sign; then
        locate || return
        [ -z "$stack" ] || query cloudformation 2010-05-15 SignalResource "StackName=$stack" "LogicalResourceId=$resource" \
            "UniqueId=$instance" Status=FAILURE
        [ -n "$hook" ] || return 0
        group=$(query autoscaling 2011-01-01 DescribeAutoScalingInstances "InstanceIds.member.1=$instance" |
            sed -n 's/.*<AutoScalingGroupName>\(.*\)<\/AutoScalingGroupName>.*/\1/p')
        query autoscaling 2011-01-01 CompleteLifecycleAction "LifecycleHookName=$hook" "AutoScalingGroupName=$group" \
            "InstanceId=$instance" LifecycleActionResult=ABANDON
    fi
}

# The seconds by which the clock is wrong, judged by the time in metadata's answer.
drift() {
    now=$(curl -s --noproxy '*' --max-time 5 -o /dev/null -D - "$imds/" | sed -n 's/^[Dd]ate: \(.*GMT\).*/\1/p')
    now=$(date -d "${now:-now}" +%s) && echo $(($(date +%s) - now)) | tr -d -
}

fail() {
    tell >/dev/null 2>&1 || true
    echo "$1" >&2
    exit 1
}

fetch() {
    case $url in
    s3://*)
        if has aws; then
            # Version 2 finds the region without this.
            locate 2>/dev/null || true
            aws s3 cp --only-show-errors --cli-connect-timeout 10 --cli-read-timeout 60 "$url" "$download"
        else
            # The bucket is in the path, as a certificate does not cover the dots in its name.
            locate && signed s3 -H x-amz-content-sha256:UNSIGNED-PAYLOAD -o "$download" "https://s3.$region.$domain/${url#s3://}"
        fi
        ;;
    *) curl -fsSL --connect-timeout 10 --max-time 300 -o "$download" "$url" ;;
    esac
}

case $(uname -m) in
x86_64 | aarch64) ;;
*) fail "the agent does not run on $(uname -m): launch an instance type for x86_64 or arm64" ;;
esac
case $url in
s3://*) has aws || can_sign ||
    fail "$url needs the AWS command line, or curl 7.88 or later: install one in the image, or give an https:// address" ;;
*) has curl || fail "there is no curl to fetch $url: install it in the image" ;;
esac

# The network, DNS and the role's credentials may still be coming up. curl's own --retry retries none of these failures.
download=$(mktemp)
said=$(mktemp)
trap 'rm -f "$download" "$said"' EXIT
attempt=1
until fetch 2>"$said"; do
    cat "$said" >&2
    if [ "$attempt" -eq 8 ]; then
        [ "$(drift 2>/dev/null || echo 0)" -le 300 ] ||
            fail "this machine's clock is wrong, it says $(date -u): set it, for example with 'chronyc makestep'"
        case $(cat "$said") in
        *"not yet valid"* | *"xpired"* | *"RequestTimeTooSkewed"*)
            fail "$url is not valid at $(date -u), this machine's time: set the clock, or renew the server's certificate" ;;
        *"(77)"* | *"local issuer"* | *"issuer is not recognized"* | *"CA cert"*)
            fail "no CA certificate here proves the server of $url: install the package ca-certificates in the image" ;;
        *"(35)"* | *"protocol version"*)
            fail "curl has no TLS in common with the server of $url: install a newer curl in the image" ;;
        esac
        fail "the agent can't be fetched from $url: $attempt attempts failed, the last as said above"
    fi
    sleep $((attempt * 2))
    attempt=$((attempt + 1))
done
cat "$said" >&2
echo "$sha256  $download" | sha256sum -c - >/dev/null 2>&1 ||
    fail "the agent from $url is not the one with SHA-256 $sha256: not installed"
install -m 755 "$download" /usr/local/bin/smtp-relay-agent
rm -f "$download" "$said"
/usr/local/bin/smtp-relay-agent --version >/dev/null 2>&1 ||
    fail "the agent from $url does not run on this $(uname -m) machine: give the address of the binary for it"

exec /usr/local/bin/smtp-relay-agent bootstrap
