"""Formulas as MathML, made when the site is built: a reader needs no script and no network."""

import html
import re
from typing import Any
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor


class Apart(Preprocessor):
    """Puts blank lines round a displayed formula: within a paragraph it would be an inline one."""

    def run(self, lines: list[str]) -> list[str]:
        """Goes through the source of a page or a docstring."""
        text = re.sub(r"^(\$\$.+?\$\$)[ \t]*$", r"\n\1\n", "\n".join(lines), flags=re.M | re.S)
        return text.split("\n")


class Formulas(Treeprocessor):
    """Puts MathML in the place of what `pymdownx.arithmatex` has marked."""

    def run(self, root: Element) -> None:
        """Goes through a page."""
        for parent in root.iter():
            for place, child in enumerate(parent):
                if "arithmatex" in child.get("class", ""):
                    parent[place] = made(child)


def made(marked: Element) -> Element:
    r"""The formula of an element whose text is \(…\) or \[…\]."""
    text = html.unescape(marked.text or "").strip()
    display = "block" if text.startswith("\\[") else "inline"
    formula = convert_to_element(text[2:-2].strip(), display=display)
    formula.tail = marked.tail
    if display == "inline":
        return formula
    frame = Element("div", {"class": "formula"})
    frame.append(formula)
    frame.tail = formula.tail
    formula.tail = None
    return frame


class MathML(Extension):
    """The extension; `pymdownx.arithmatex` with `generic` comes before it."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Registers both: before all blocks, and after all inline patterns."""
        md.preprocessors.register(Apart(md), "mathml", 20)
        md.treeprocessors.register(Formulas(md), "mathml", 1)


def makeExtension(**how: Any) -> MathML:
    """Makes the extension, as Markdown asks for it by the name of this module."""
    return MathML(**how)
