"""Values of settings, right and wrong ones of each kind, for a comparison of the schema with the program."""

LABEL = "a" * 63
NAMES = ["example.com", "a.b", "A.Example.COM", "example.com.", "example", "example..com", "-a.example", "a-.example", "a_b.example",
         "exa mple.com", "example.com\n", "", ".", "1.2.3.4", "a.1", "a.1a", "a.1.", f"{LABEL}.example", f"{LABEL}a.example",
         ".".join([LABEL] * 3 + ["b" * 61]), ".".join([LABEL] * 3 + ["b" * 62]), "bücher.example", "*.example.com"]
NETWORKS = ["10.0.0.0/8", "10.0.0.0/16", "10.0.0.1/16", "10.0.1.0/16", "10.0.1.0/24", "10.0.1.128/25", "10.0.1.64/25", "0.0.0.0/0",
            "128.0.0.0/1", "64.0.0.0/1", "10.0.0.1", "10.0.0.1/32", "10.0.0.2/31", "10.0.0.3/31", "10.0.0.0/33", "10.0.0.0/",
            "10.0.0.0/08", "10.0.0.0/0008", "010.0.0.0/8", "256.0.0.0/8", "10.0.0/8", "10.0.0.0/8 ", "2001:db8::/32", "2001:db8::1/32",
            "2001:db8:1::/32", "2001:db8::", "2001:db8::1", "2001:db8::1/128", "::/0", "::1", "::1/0", "2001:db8:0:0:0:0:0:0/32",
            "2001:db8:0:0:0:0:0:1/32", "2001:db8::/129", "2001:db8::/064", "fd00::/8", "1::2::3", "12345::/16", "::ffff:10.0.0.1",
            "2001:db8:1:2:3:4:5:6:7/128", "fe80::1%eth0", "vpc", "subnet", "VPC", "everything", "a.example"]
TIMES = ["1s", "30s", "5m", "4h", "100d", "101d", "14w", "15w", "0s", "00005d", "5", "5 d", "d", "-1d", "1.5h", "8640000s", "8640001s",
         "144000m", "144001m", "1D", "1y", "5d\n"]
DURATIONS = [1, 0, -1, 86400, 86401, True, "90s", "90", "5m", "1h", "24h", "25h", "1440m", "1441m", "86400s", "86401s", "0s", "0", "007s", "1d", "s",
             "", " 5m", "5M", "1.5h", ["5m"]]
PATHS = ["/etc/x", "/a/b+c@d.e_f-g", "etc/x", "/", "/etc/", "/etc/a b", "/etc/ä", "", "/etc/x\n", "/" + "a" * 1023, "/" + "a" * 1024, "//x", "/$x"]
HOPS = ["[mx.internal]:25", "[mx.internal.example]:25", "mail.example", "mail.example:587", "[10.0.0.7]", "[10.0.0.7]:25", "10.0.0.7",
        "[ipv6:fd00::1]:25", "[IPv6:fd00::1]", "[fd00::1]:25", "[mx.example", "mx.example]", "mx.example:0", "mx.example:65536", "mx.example:",
        "mx.example:65535", "[ipv6:10.0.0.1]", "x y", "", "localhost", "[127.0.0.1]:25", "[0.0.0.0]", "[localhost.localdomain]", "[ipv6:::1]",
        "[localhost.localdomain6.]", "[LOCALHOST.localdomain]:25", "[127.example.com]"]
PORTS = [80, 1, 65535, 0, -1, 65536, 25, 465, 587, 8008, 8080, 10025, "80", True, [80]]
ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay/0123abcd"
FLAGS = [True, False, "true", 1, "yes", []]


def numbers(least: int, most: int) -> list:
    return [least, least - 1, most, most + 1, "1", True, []]


def words(*right: str) -> list:
    return [*right, right[0].upper(), right[0] + " ", "", "nothing", 1, [right[0]]]


def texts(values: list) -> list:
    """For a setting of one text."""
    return [*values, 5, True, values[:1]]


def lists(values: list) -> list:
    """For a setting of several texts."""
    return [[], values[:1], *([value] for value in values), [values[0], 5], [[values[0]]], values[0], 5]


LEVELS = ("none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify", "secure")
RATES = ["1/s", "2/s", "60/m", "61/m", "0/m", "030/m", "3600/h", "3601/h", "86400/d", "86401/d", "5", "5/w", "/m", "5/", "5/m/m", "5 /m", "5/m\n", "",
         "-1/m", "5/M"]
HOOKS = ["relay-launching", "a/b_c", "a" * 255, "a" * 256, "", "a b", "a.b"]
PARAMETERS = ["/relay/password", "relay", "a.b_c-d", "arn:aws:ssm:eu-central-1:123456789012:parameter/relay", "", "a b", "a" * 2048, "a" * 2049, "ä"]
SENDERS = ["example.com", ".example.com", "a@example.com", "A.b+c_d-e@Example.com", "*", "", ".", "@example.com", "a b@example.com", "a@b@c.example",
           "..example.com", "a@.example.com", "a" * 64 + "@b.example", "a" * 65 + "@b.example", "example", "a@b", "a=b@c.example", "a:b.example", "a.example\n"]
SELECTORS = ["s", "relay2026", "a.b", "S-1", "-a", "a-", "a_b", "", "a..b", "a.", "a b", "ä", "s\n", "a" * 63, "a" * 64, "a=b", "a/b",
             ".".join(["a" * 49] * 4), ".".join(["a" * 50] * 4)]

SAMPLES = {
    "role": words("relay"),
    "mail.domain": texts(NAMES),
    "mail.hostname": texts(NAMES),
    "mail.destinations": lists(NAMES),
    "mail.networks": lists(NETWORKS),
    "mail.allow_public_networks": lists(NETWORKS),
    "mail.allow_private_networks": lists(NETWORKS),
    "mail.network_table": words("auto", "always", "never"),
    "mail.transport": [[], *([{"domain": "example.com", "nexthop": hop}] for hop in HOPS),
                       *([{"domain": name, "nexthop": "[mx.internal.example]:25"}] for name in NAMES),
                       *([f"example.com={hop}"] for hop in HOPS), ["example.com"], [{"domain": "example.com"}], [5], "example.com=a.b",
                       [{"domain": "example.com", "nexthop": "a.b", "more": "c"}], [{"domain": "example.com", "nexthop": 25}]],
    "mail.destination": [[], *([{"domain": name, "concurrency": 5}] for name in NAMES),
                         *([{"domain": "a.example", "concurrency": number}] for number in numbers(1, 100)),
                         *([{"domain": "a.example", "rate": rate}] for rate in [*RATES, 5]),
                         *([{"domain": "a.example", "tls": level}] for level in [*words(*LEVELS), "may;tls:may"]),
                         *([f"{name}=concurrency:5"] for name in NAMES), *([f"a.example=rate:{rate}"] for rate in RATES),
                         *([f"a.example=concurrency:{number}"] for number in ("1", "0", "007", "100", "101", "-1", "")),
                         *([f"a.example=rate:1/s;tls:{level}"] for level in LEVELS), ["a.example=tls:may;rate:1/s"],
                         ["a.example=rate:1/s;concurrency:5"], ["a.example=tls:may;tls:may"], ["a.example="], ["a.example"], [5],
                         ["a.example=concurrency:5;"], "a.example=tls:may", [{"domain": "a.example"}], [{"tls": "may"}],
                         [{"domain": "a.example", "concurrency": 5, "rate": "1/s"}], [{"domain": 5, "tls": "may"}],
                         [{"domain": "a.example", "rate": "1/s", "tls": "none"}], [{"domain": "a.example", "tls": "may", "more": 1}]],
    # A long domain leaves no room for the name of the key's record, which only the program sees.
    "mail.dkim": [[], *([{"domain": "example.com", "selector": selector, "key_file": "/k"}] for selector in SELECTORS),
                  *([{"domain": name, "selector": "s", "key_parameter": "/k"}] for name in NAMES if len(name) < 200),
                  *([{"domain": "a.example", "selector": "s", "key_file": path}] for path in PATHS),
                  *([{"domain": "a.example", "selector": "s", "key_parameter": name}] for name in PARAMETERS),
                  *([f"example.com={selector}:/k"] for selector in SELECTORS), *([f"{name}=s:ssm:/k"] for name in NAMES if len(name) < 200),
                  *([f"a.example=s:{path}"] for path in PATHS), *([f"a.example=s:ssm:{name}"] for name in PARAMETERS),
                  ["example.com"], ["example.com=s"], [5], "example.com=s:/k", [{"domain": "a.example", "selector": "s"}],
                  [{"domain": "a.example", "key_file": "/k"}], [{"selector": "s", "key_file": "/k"}],
                  [{"domain": "a.example", "selector": "s", "key_file": "/k", "key_parameter": "/k"}],
                  [{"domain": "a.example", "selector": "s", "key_file": 5}],
                  [{"domain": "a.example", "selector": "s", "key_file": "/k", "more": "c"}]],
    "mail.dkim_required": FLAGS,
    "mail.allow_unpublished_dkim": FLAGS,
    "mail.senders": lists(SENDERS),
    "mail.senders_mode": words("enforce", "warn"),
    "mail.client": [[], *([{"network": network, "senders": ["example.com"]}] for network in NETWORKS if network not in ("vpc", "subnet")),
                    *([{"network": "10.0.1.0/24", "senders": [sender]}] for sender in SENDERS),
                    *([{"network": "10.0.1.0/24", "senders": sender}] for sender in SENDERS),
                    *([f"10.0.1.0/24={sender}"] for sender in SENDERS), ["10.0.1.0/24=example.com:.a.example"], ["10.0.1.0/24"],
                    [{"network": "10.0.1.0/24"}], [{"network": "10.0.1.0/24", "senders": []}], [5], "10.0.1.0/24=example.com",
                    [{"network": "10.0.1.0/24", "senders": ["a.example", "b@c.example"]}], [{"network": "10.0.1.0/24", "senders": [5]}],
                    [{"network": "10.0.1.0/24", "senders": ["a.example"], "more": "c"}]],
    "mail.rewrite.masquerade": lists(NAMES),
    "mail.rewrite.map": [[], *([{"from": sender, "to": "a@example.org"}] for sender in SENDERS),
                         *([{"from": "a.example", "to": to}] for to in ("a@b.example", "a", "a.example", "A+b_c.d-e@b.example", "a@b", "", "a%b@c.example",
                                                                         "a" * 64 + "@b.example", "a" * 65 + "@b.example", "a@b.example\n")),
                         *([f"{sender}=a@example.org"] for sender in SENDERS), ["a.example"], [{"from": "a.example"}], [5], "a.example=a@b.example",
                         [{"from": "a.example", "to": "a@b.example", "more": "c"}], [{"from": "a.example", "to": 5}]],
    "mail.upstream.host": texts(NAMES),
    "mail.upstream.port": numbers(1, 65535),
    "mail.upstream.username": texts(["relay", "a" * 300, "user@example.com", "a:b", "a b", "", "ä", "~!", "relay\n"]),
    "mail.upstream.password_file": texts(PATHS),
    "mail.upstream.password_parameter": texts(PARAMETERS),
    "mail.message_size_limit": numbers(0, 2147483647),
    "mail.maximal_queue_lifetime": texts(TIMES),
    "mail.bounce_queue_lifetime": texts(TIMES),
    "mail.default_destination_concurrency_limit": numbers(0, 10000),
    "mail.default_destination_rate_delay": texts(TIMES),
    "mail.hide_internal_headers": FLAGS,
    "mail.submission": FLAGS,
    "mail.proxy_protocol": FLAGS,
    "mail.tls.certificate": texts(PATHS),
    "mail.tls.key": texts(PATHS),
    "mail.tls.outbound_level": words(*LEVELS),
    **{f"mail.limits.{name}": numbers(1, 1000000)
       for name in ("messages_per_minute", "recipients_per_minute", "connections_per_minute", "connections")},
    "mail.limits.exempt": lists(NETWORKS),
    "postfix": [{}, {"smtpd_banner": "mx.example.com ESMTP"}, {"x": "a b"}, {"x": ""}, {"x": " a"}, {"x": "a "}, {"x": "a\nb"}, {"x": "a\u0085"},
                {"x": 5}, {"x": True}, {"x": ["a", 5, False]}, {"x": []}, {"x": [""]}, {"x": ["a "]}, {"x": [["a"]]}, {"x": [{"a": 1}]},
                {"x": {"y": 1}}, {"x": "a" * 4096}, {"x": "a" * 4097}, {"a" * 128: 1}, {"a" * 129: 1}, {"a-b_C9": 1}, {"mynetworks": "0.0.0.0/0"},
                {"smtpd_relay_restrictions": "permit"}, {"inet_interfaces": "all"}, {"evacuation_destination_rate_delay": "1s"},
                {"master_service_disable": "smtp.inet"}, {"queue_directory": "/x"}, {"message_size_limit": 1}, {"smtp_helo_name": "a.b"},
                {"biff": True}, {"relayhost": "[a.example]"}, [], "x=y", 5, ["x=y"]],
    "sender.relayhost": texts(HOPS),
    "sender.outbound_level": words(*LEVELS),
    "health.port": PORTS,
    "health.proxy_port": PORTS,
    "health.path": texts(["/health", "/a/b", "/a.b/c_d-e", "/metrics", "/metrics2", "/a/metrics", "health", "/", "/a/", "//a", "/.a", "/a/.b", "/a..b",
                          "/a b", "", "/" + "a" * 127, "/" + "a" * 128, "/ä", "/health\n"]),
    "load_balancer.classic": lists(["smtp-relay", "a", "a" * 32, "a" * 33, "-a", "a-", "a_b", "", "a.b"]),
    "load_balancer.target_groups": lists([ARN, ARN.replace("aws:", "aws-cn:"), ARN.replace("arn", "ARN"), ARN.replace("relay", "a" * 33),
                                          ARN.replace("123456789012", "12345678901"), ARN.replace("eu-central-1", "eu"), ARN + "/x",
                                          ARN.replace("0123abcd", ""), ARN.replace("eu-central-1", ""), "relay-25", ""]),
    "load_balancer.allow_open_to_world": FLAGS,
    "load_balancer.timeout": DURATIONS,
    "metadata.imdsv1": FLAGS,
    "metadata.timeout": DURATIONS,
    "fleet.settings": texts(["ssm:/smtp-relay/config", "ssm:config", "ssm:", "ssm:a b", "s3://bucket/key", "s3://my.bucket/a/b.toml", "s3://bu/key",
                             "s3://Bucket/key", "s3://bucket", "s3://bucket/", "s3://bucket//a", "s3://bucket/../a", "s3://bucket/a..b",
                             "s3://bucket/a/./b", "s3://bucket/a/", "s3://-bucket/a", "s3://a..b/a", "https://bucket/key", "/etc/x", "",
                             "s3://bucket/a b", "s3://" + "a" * 63 + "/k", "s3://" + "a" * 64 + "/k", "S3://bucket/key", "s3://bucket/ä"]),
    "fleet.interval": DURATIONS,
    "packages.timeout": DURATIONS,
    "reconcile.resident": FLAGS,
    "reconcile.interval": DURATIONS,
    "reconcile.jitter": DURATIONS,
    "shutdown.drain_timeout": DURATIONS,
    "shutdown.evacuate_queue": FLAGS,
    "shutdown.drain_on_rebalance": FLAGS,
    "bootstrap.timeout": DURATIONS,
    "auto_scaling.launch_hook": texts(HOOKS),
    "auto_scaling.termination_hook": texts(HOOKS),
    "cloudwatch.logs": texts(["/smtp-relay/mail", "a", "A.b_c-d#e/f", "a" * 512, "a" * 513, "", "a b", "a:b", "aws/x", "/aws/x", "ü", "a\n"]),
    "cloudwatch.metrics": texts(["SMTPRelay", "a/b", "a" * 255, "a" * 256, "", "AWS/EC2", "AWS", "a b", "a:b", "a\n"]),
    "cloudwatch.addresses": texts(["whole", "hashed", "masked", "Whole", "plain", ""]),
    "cloudformation.stack": texts(["relay", "r", "1relay", "a" * 128, "a" * 129, "a_b", "",
                                   "arn:aws:cloudformation:eu-central-1:123456789012:stack/relay/0123", "arn:aws:cloudformation:x:1:change/relay",
                                   "arn:aws:ec2:eu-central-1:123456789012:stack/relay", "arn:aws:cloudformation:a:b:c:stack/x", "relay\n"]),
    "cloudformation.resource": texts(["RelayNodes", "a1", "a" * 255, "a" * 256, "", "a-b", "a_b"]),
}

# Other settings that a value needs beside it, so that the value alone is judged.
SENDER = {"role": "sender", "sender": {"relayhost": "[a.example]"}}
BESIDE = {
    "mail.upstream.username": {"mail": {"domain": "a.example", "upstream": {"host": "a.example", "password_file": "/p"}}},
    "mail.upstream.password_file": {"mail": {"domain": "a.example", "upstream": {"host": "a.example", "username": "u"}}},
    "mail.upstream.password_parameter": {"mail": {"domain": "a.example", "upstream": {"host": "a.example", "username": "u"}}},
    "mail.tls.certificate": {"mail": {"domain": "a.example", "tls": {"key": "/k"}}},
    "mail.tls.key": {"mail": {"domain": "a.example", "tls": {"certificate": "/c"}}},
    "mail.limits.exempt": {"mail": {"domain": "a.example", "limits": {"connections": 5}}},
    "sender.relayhost": SENDER,
    "sender.outbound_level": SENDER,
    "cloudformation.stack": {"cloudformation": {"resource": "R"}},
    "cloudformation.resource": {"cloudformation": {"stack": "s"}},
}


def document(key: str, value) -> dict:
    """Settings of which this value alone may be wrong."""
    settings = {"mail": {"domain": "example.org"}} | BESIDE.get(key, {})
    *sections, last = key.split(".")
    place = settings
    for section in sections:
        place[section] = dict(place.get(section, {}))
        place = place[section]
    place[last] = value
    if settings.get("role") == "sender" and key != "role":
        del settings["mail"]
    return settings


def toml(settings: dict) -> str:
    """The settings as TOML, in dotted keys and inline tables."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in settings.items())


def _value(value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return '"' + "".join(_character(character) for character in value) + '"'
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
    raise TypeError(value)


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return f"\\u{ord(character):04x}" if ord(character) < 0x20 else character
