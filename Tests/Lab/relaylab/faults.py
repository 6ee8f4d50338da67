"""The faults that a test puts into the AWS APIs, read from a file at each request."""

import calendar
import time
from pathlib import Path

from . import jsonfile
from .query import QueryError


class Faults:
    """The fault that a test has ordered, if any."""

    def __init__(self, folder: Path):
        self.path = folder / "faults.json"

    def skew(self) -> float:
        """By how many seconds the server's clock is wrong."""
        return self._ordered().get("skew", 0)

    def strike(self, service: str, action: str, signed: str, authorization: str = "") -> None:
        """Fail a call as ordered. 'signed' is the time that it was signed at, as its header says it."""
        fault = self._ordered()
        if fault.get("of", service) != service:
            return
        for key, code in fault.get("keys", {}).items():
            if f"Credential={key}/" in authorization:
                raise QueryError(code, "The security token included in the request is invalid", "403 Forbidden")
        if fault.get("hang"):
            time.sleep(fault["hang"])
        if fault.get("unavailable"):
            raise QueryError("ServiceUnavailable", "try later", "503 Service Unavailable")
        if action in fault.get("denied", []):
            reason = fault.get("reason") or f"not authorized to perform {action}"
            raise QueryError("AccessDenied", reason, "403 Forbidden")
        if fault.get("throttle", 0) > 0:
            fault["throttle"] -= 1
            jsonfile.write(self.path, fault)
            raise QueryError("Throttling", "Rate exceeded")
        if fault.get("skew"):
            apart = time.time() + fault["skew"] - calendar.timegm(time.strptime(signed, "%Y%m%dT%H%M%SZ"))
            if abs(apart) > 300:
                raise QueryError("SignatureDoesNotMatch", "Signature expired", "403 Forbidden")

    def _ordered(self) -> dict:
        return jsonfile.read(self.path)
