"""The JSON Schema of the settings judges as the program does, and is the one in cloud-init/."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from jsonschema import Draft202012Validator

import schema_samples
from relaylab import paths

FOLDER = paths.REPOSITORY / "cloud-init"


@pytest.fixture(scope="module")
def schema(binary) -> dict:
    text = subprocess.run([binary, "config", "schema"], capture_output=True, text=True, check=True).stdout
    assert (FOLDER / "config.schema.json").read_text() == text, "write it again, as Sources/README.md says"
    return json.loads(text)


def settings(table: dict, prefix: str = "") -> dict[str, dict]:
    """Each setting of the schema by its whole name."""
    found = {}
    for name, inner in table["properties"].items():
        found |= settings(inner, f"{prefix}{name}.") if "properties" in inner else {prefix + name: inner}
    return found


def shown(binary, *options: str) -> dict[str, str]:
    """Each setting that the program shows, with its default."""
    text = subprocess.run([binary, "config", "show", "--no-tags", *options], capture_output=True, text=True, check=True).stdout
    return dict(re.fullmatch(r"(\S+) = (.*?) +# .*", line).groups() for line in text.splitlines())


def test_it_is_a_schema_of_2020_12(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_it_has_every_setting_and_no_other(binary, schema):
    relay = shown(binary, "--set", "mail.domain=example.com")
    sender = shown(binary, "--set", "role=sender", "--set", "sender.relayhost=[relay.example.com]")
    assert set(settings(schema)) == set(relay) | set(sender) == set(schema_samples.SAMPLES)


def test_each_setting_has_its_meaning_and_its_default(binary, schema):
    relay = shown(binary, "--set", "mail.domain=example.com")
    for name, setting in settings(schema).items():
        assert setting["description"].endswith(".")
        if name in relay and name != "mail.domain":
            written = json.dumps(setting["default"]) if "default" in setting else "(not set)"
            assert written == relay[name], name


@pytest.mark.parametrize("key", schema_samples.SAMPLES)
def test_it_judges_a_value_as_config_check_does(binary, schema, key, tmp_path):
    validator = Draft202012Validator(schema)

    def judge(numbered) -> tuple:
        number, value = numbered
        document = schema_samples.document(key, value)
        path = tmp_path / f"{number}.toml"
        path.write_text(schema_samples.toml(document))
        result = subprocess.run([binary, "config", "check", "--config", path], capture_output=True, text=True)
        return value, result.returncode == 0, validator.is_valid(document), result.stdout + result.stderr

    with ThreadPoolExecutor(4) as pool:
        judged = list(pool.map(judge, enumerate(schema_samples.SAMPLES[key])))
    apart = [(value, said) for value, is_right, is_valid, said in judged if is_right != is_valid]
    assert apart == []
    # Both kinds are among them.
    assert {is_right for _, is_right, _, _ in judged} == {True, False}


@pytest.mark.parametrize("document", [{"mial": {}}, {"mail": {"domian": "a.b"}}, {"mail": {"tls": {"x": 1}}}, {"mail": 1}])
def test_it_refuses_what_nobody_knows(schema, document):
    assert not Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize("name", ["config.minimal.toml", "config.full.toml"])
def test_the_examples_name_it_for_editors(name):
    first = (FOLDER / name).read_text().splitlines()[0]
    place = re.fullmatch(r"#:schema (\S+)", first).group(1)
    assert (FOLDER / place).resolve() == FOLDER / "config.schema.json"
