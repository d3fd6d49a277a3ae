"""Links public names in the text, `qb.charge` or `qb.merit.ergotropy(rho, H)`, to the reference.

The reference says which names there are: what each `:::` of docs/api and docs/batteries shows, and
by which heading.
"""

import html
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor
from markdown.util import HTML_PLACEHOLDER_RE

DOCS = Path(__file__).parents[1]
APART = {"a", "autoref", "pre", *(f"h{level}" for level in range(1, 7))}
"""Elements in which no link is put."""


def known() -> dict[str, str]:
    """Public name to the place where it is defined, which is its anchor."""
    found = {}
    for page in DOCS.glob("api/*.md"):
        shown = re.findall(r"^::: (\S+)\n.*\n +heading: (qb\.\S+)$", page.read_text("utf-8"), re.M)
        found |= {heading: place for place, heading in shown}
    for page in DOCS.glob("batteries/*.md"):
        for place in re.findall(r"^::: (qbjax\.batteries\.\S+\.[A-Z]\w+)$", page.read_text(), re.M):
            found[f"qb.batteries.{place.rpartition('.')[2]}"] = place
    return found


class Names(Treeprocessor):
    """Wraps code that begins with a known name; what the reference lacks stays as it is."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self._known = known()

    def run(self, root: Element) -> None:
        """Goes through a page or a docstring."""
        if root.tag in APART:
            return
        for place, child in enumerate(root):
            if child.tag == "code" and (target := self._target(child)):
                link = Element("autoref", {"identifier": target, "optional": ""})
                link.tail, child.tail = child.tail, None
                link.append(child)
                root[place] = link
            else:
                self.run(child)

    def _target(self, code: Element) -> str | None:
        text = "".join(code.itertext())
        if kept := HTML_PLACEHOLDER_RE.fullmatch(text):
            text = re.sub(r"<[^>]*>", "", str(self.md.htmlStash.rawHtmlBlocks[int(kept[1])]))
        name = re.match(r"qb(\.\w+)+(?=$|\()", html.unescape(text))
        return self._known.get(name[0]) if name else None


class Linked(Extension):
    """The extension."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Registers it after all inline patterns."""
        md.treeprocessors.register(Names(md), "names", 2)


def makeExtension(**how: Any) -> Linked:
    """Makes the extension, as Markdown asks for it by the name of this module."""
    return Linked(**how)
