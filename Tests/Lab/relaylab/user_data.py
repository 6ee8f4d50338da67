"""The user-data of cloud-init/, with the two values that everyone has to fill in."""

from . import paths

URL = "http://artifacts.lab.internal/smtp-relay-agent"
_LAST_SETTING = 'classic = ["smtp-relay"]'


def cloud_config(sha256: str, settings: str = "") -> str:
    """With more settings, where a test wants them, at the end of the settings' file."""
    return _filled("user-data.yaml", sha256, settings)


def shell_script(sha256: str, settings: str = "") -> str:
    """The same as a script."""
    return _filled("user-data.sh", sha256, settings)


def multipart(sha256: str, settings: str = "") -> str:
    """The same as multipart MIME."""
    return _filled("user-data.mime", sha256, settings)


def _filled(name: str, sha256: str, settings: str) -> str:
    text = (paths.REPOSITORY / "cloud-init" / name).read_text()
    for placeholder, value in (("https://example.com/smtp-relay-agent", URL), ("SHA256_OF_THE_BINARY", sha256)):
        if text.count(placeholder) != 1:
            raise ValueError(f"cloud-init/{name} should have {placeholder} once")
        text = text.replace(placeholder, value)
    before, after = text.split(_LAST_SETTING)
    indentation = before.rsplit("\n", 1)[1]
    return before + f"\n{indentation}".join([_LAST_SETTING, *settings.splitlines()]) + after
