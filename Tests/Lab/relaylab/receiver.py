"""Judges a message as its receiver does: pyspf says of SPF, dkimpy of DKIM and dmarc of DMARC whether it passes.

Run as a program in a host's namespace, with the envelope as JSON in its argument and the message, byte by byte as characters
of ISO 8859-1, on its standard input. It asks the name server of /etc/resolv.conf, and prints the results as JSON.
"""

import json
import sys
from email import message_from_bytes
from email.utils import parseaddr

import dkim
import dns.resolver
import dmarc
import spf


def _domain(address: str) -> str:
    return parseaddr(address)[1].rpartition("@")[2]


def _spf(client: str, helo: str, sender: str) -> dmarc.SPF:
    result, _ = spf.check2(i=client, s=sender, h=helo)
    return dmarc.SPF(domain=_domain(sender), result=dmarc.SPFResult.PASS if result == "pass" else dmarc.SPFResult.FAIL)


def _dkim(message: bytes) -> list[dmarc.DKIM]:
    verifier = dkim.DKIM(message)
    results = []
    for index in range(len(message_from_bytes(message).get_all("DKIM-Signature", []))):
        try:
            passes = verifier.verify(index)
        except dkim.DKIMException:
            passes = False
        result = dmarc.DKIMResult.PASS if passes else dmarc.DKIMResult.FAIL
        results.append(dmarc.DKIM(domain=verifier.domain.decode(), result=result))
    return results


def judge(client: str, helo: str, sender: str, message: bytes) -> dict[str, bool]:
    """Whether each passes."""
    by_spf, by_dkim = _spf(client, helo, sender), _dkim(message)
    domain = _domain(message_from_bytes(message)["From"])
    text = "".join(part.decode() for part in dns.resolver.resolve(f"_dmarc.{domain}", "TXT")[0].strings)
    try:
        dmarc.DMARCPolicy(text, domain).verify(auth_results=[by_spf, *by_dkim])
        passes = True
    except dmarc.PolicyError:
        passes = False
    return {"spf": by_spf.result is dmarc.SPFResult.PASS, "dmarc": passes,
            "dkim": any(result.result is dmarc.DKIMResult.PASS for result in by_dkim)}


if __name__ == "__main__":
    print(json.dumps(judge(**json.loads(sys.argv[1]), message=sys.stdin.buffer.read())))
