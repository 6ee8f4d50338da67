"""CloudFormation, as far as an instance speaks to it: SignalResource. What was signalled is in the API's record."""

from .query import QueryError, answer

_XML = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


def signal(form: dict[str, str]) -> str:
    """SignalResource: any stack and resource will do."""
    missing = [name for name in ("StackName", "LogicalResourceId", "UniqueId", "Status") if not form.get(name)]
    if missing:
        raise QueryError("ValidationError", f"1 validation error detected: Value null at '{missing[0]}'")
    if form["Status"] not in ("SUCCESS", "FAILURE"):
        raise QueryError("ValidationError", f"1 validation error detected: Value '{form['Status']}' at 'status'")
    return answer("SignalResource", _XML)
