"""The pages of this repository: their code blocks, tables, headings and links."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted(ROOT.glob("**/*.md"))
         if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)}
ALL = "\n".join(PAGES.values())


def blocks(kind: str, text: str = ALL) -> list[str]:
    """The code blocks of a kind: the words after the opening, such as 'sh node'."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.S | re.M)


def lines(kind: str) -> list[str]:
    """The lines of all code blocks of a kind."""
    return [line for block in blocks(kind) for line in block.splitlines()]


def kinds(text: str) -> list[str]:
    """The kind of each code block."""
    return re.findall(r"^```(.*)$", text, re.M)[::2]


def prose(text: str) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one that is not below it."""
    level = heading.split(" ")[0]
    rest = PAGES[page].split(f"{heading}\n")[1]
    return re.split(rf"^#{{1,{len(level)}}} ", rest, flags=re.M)[0]


def code(text: str) -> list[str]:
    """The words that are marked as code in running text and tables."""
    return re.findall(r"`([^`\n]+)`", prose(text))


def anchors(text: str) -> set[str]:
    """The names of a page's headings in links, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text: str) -> list[str]:
    """Where the links of a page lead."""
    return re.findall(r"\]\(([^)]+)\)", prose(text))
