"""AWS's query protocol as a server speaks it: fields of a form in, XML out."""

from urllib.parse import parse_qs
from xml.sax.saxutils import escape


class QueryError(Exception):
    """An error that the API answers with."""

    def __init__(self, code: str, message: str, status: str = "400 Bad Request"):
        super().__init__(message)
        self.code = code
        self.status = status

    def xml(self) -> str:
        error = {"Type": "Sender", "Code": self.code, "Message": str(self)}
        return _element("ErrorResponse", {"Error": error, "RequestId": "lab"})


def fields(body: bytes) -> dict[str, str]:
    """A form's fields, each once."""
    return {key: values[0] for key, values in parse_qs(body.decode(errors="replace"), keep_blank_values=True).items()}


def members(form: dict[str, str], name: str) -> list[dict[str, str]]:
    """The members of a list in a form, each a dictionary of its own fields; a plain value's key is ''."""
    found: dict[int, dict[str, str]] = {}
    for key, value in form.items():
        if key.startswith(f"{name}.member."):
            number, _, rest = key.removeprefix(f"{name}.member.").partition(".")
            found.setdefault(int(number), {})[rest] = value
    return [found[number] for number in sorted(found)]


def answer(action: str, namespace: str, result: dict | None = None) -> str:
    """An action's answer. A list in it becomes 'member' elements; None is an answer that has no result at all."""
    content = {} if result is None else {f"{action}Result": result}
    return _element(f"{action}Response", {**content, "ResponseMetadata": {"RequestId": "lab"}}, f' xmlns="{namespace}"')


def _element(name: str, value, attributes: str = "") -> str:
    if isinstance(value, dict):
        inner = "".join(_element(key, content) for key, content in value.items())
    elif isinstance(value, list):
        inner = "".join(_element("member", content) for content in value)
    else:
        inner = escape(str(value))
    return f"<{name}{attributes}>{inner}</{name}>"
