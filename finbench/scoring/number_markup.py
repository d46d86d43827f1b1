r"""Plain text for the reading of numbers: LaTeX, HTML, markdown and special characters resolved.

A file of its own beside `text.unwrap`, because numbers need what words do not: `2 * 3` keeps its sign of
multiplication, `$5$` is mathematics and `$5` is money, 10⁶ is a power and 12.5¹ a footnote, `{,}` groups thousands.
"""

from __future__ import annotations

import html
import re
import unicodedata

from finbench.scoring.number_languages import spell_out

_EMOJI = re.compile(
    "^[ ]{0,3}[\u2600-\u2714\u2718-\u2794\u27a2-\u27bf\u2b50-\u2b55\U0001f300-\U0001faff]{1,3}[ ]{1,2}", re.MULTILINE
)
_PRIVATE = re.compile("[\ue000-\ue00f]")  # marks of this module
_POWER = re.compile(r"(?<=10)([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})")
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻†‡§]+")
_FROM_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_VULGAR = str.maketrans({
    "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3", "⅕": " 1/5", "⅖": " 2/5", "⅗": " 3/5",
    "⅘": " 4/5", "⅙": " 1/6", "⅚": " 5/6", "⅛": " 1/8", "⅜": " 3/8", "⅝": " 5/8", "⅞": " 7/8", "⁄": "/", "∕": "/",
    "∶": ":", "‐": "-", "‑": "-", "‒": "-", "﹣": "-", "－": "-", "٪": "%", "﹪": "%", "✕": "×", "✖": "×", "⋅": "·",
    "∙": "·", "≃": "≈", "≅": "≈", "≒": "≈", "⇒": "→", "➡": "→", "⟹": "→", "⟶": "→", "＄": "$", "￡": "£", "￥": "¥",
})  # fmt: skip

_DELETED = re.compile(
    r"~~[^~\n]{1,300}~~|<(del|s|strike)>[^<\n]{0,300}</\1>|\\(?:cancel|sout|st)\{[^{}\n]{0,200}\}"
    r"|<<[^<>\n]{0,200}>>|<sup>[^<\n]{0,40}</sup>|\[\^\w{1,8}\]|\[\d{1,3}†[^\]\n]{0,60}\]",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br ?/?>|</(?:p|div|li|tr|h\d)>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:b|i|em|strong|u|p|span|div|code|pre|mark|center|font|h\d|li|ul|ol|td|tr|th|table|sub|small|big)"
    r"(?:\s[^<>\n]{0,80})?/?>",
    re.IGNORECASE,
)
_ANSWER_TAG = re.compile(r"<(?:final_?)?answer>|\[(?:FINAL_?)?ANSWER\]|<\|answer\|>", re.IGNORECASE)
_ANSWER_TAG_END = re.compile(r"</(?:final_?)?answer>|\[/(?:FINAL_?)?ANSWER\]", re.IGNORECASE)
_LINK = re.compile(r"\[([^\[\]\n]{1,100})\]\((?:https?:|#)[^()\s]{0,200}\)")
_FRACTION = re.compile(r"\\[dtc]?frac\s?\{([^{}\n]{0,200})\}\s?\{([^{}\n]{0,200})\}")
_SHORT_FRACTION = re.compile(r"\\[dtc]?frac\s?(\d)\s?(\d)(?!\d)")
_LATEX_WORDS = re.compile(
    r"\\(?:text|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|mathsf|operatorname|emph|underline|mbox|bf)"
    r"\s?\{([^{}\n]{0,300})\}"
)
_LATEX_SIGNS = (
    (re.compile(r"\\(?:times|ast)(?![a-zA-Z])"), "×"),
    (re.compile(r"\\cdot(?![a-zA-Z])"), "·"),
    (re.compile(r"\\div(?![a-zA-Z])"), "÷"),
    (re.compile(r"\\(?:approx|simeq|sim|cong|doteq)(?![a-zA-Z])"), "≈"),
    (re.compile(r"\\pm(?![a-zA-Z])"), "±"),
    (re.compile(r"\\(?:to|rightarrow|Rightarrow|implies|longrightarrow|Longrightarrow)(?![a-zA-Z])"), "→"),
    (re.compile(r"\\(?:pounds|textsterling)(?![a-zA-Z])"), "£"),
    (re.compile(r"\\(?:euro|texteuro)(?![a-zA-Z])"), "€"),
    (re.compile(r"\\textdollar(?![a-zA-Z])"), "\ue002"),
    (re.compile(r"\\percent(?![a-zA-Z])"), "%"),
    (re.compile(r"(?<=\d)\\[,;: !](?=\d)"), ","),
    (re.compile(r"\\[,;:! ]|\\q?quad(?![a-zA-Z])"), " "),
    (re.compile(r"\\(?:left|right|displaystyle|big|Big|bigg)(?![a-zA-Z])"), ""),
    (re.compile(r"\\(?:begin|end)\{[a-z*]{0,20}\}"), " "),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\\$"), "\ue002"),
    (re.compile(r"\\[\[\]]|\\\\|\\n"), "\n"),
    (re.compile(r"\\[()]"), " "),
    (re.compile(r"\\([_&#{}*\"'~-])"), r"\1"),
    (re.compile(r"&\s?(?==|≈)"), " "),
)
_DISPLAY = re.compile(r"\$\$([^$\n]{1,400})\$\$")
# As in pandoc: the opening sign stands before, the closing one after something that is no blank, and no digit follows.
_INLINE = re.compile(r"(?<![\w$])\$(?=[^\s$])([^$\n]{1,200}?)(?<=[^\s])\$(?![\d\w$])")
_SUBSCRIPT = re.compile(r"_\{[^{}\n]{0,60}\}|(?<=[A-Za-z])_\d{1,4}")
_BRACED_POWER = re.compile(r"\^\s?\{\s?([-+−]?\d{1,4})\s?\}|\^\{\s?\\circ\s?\}")
_COMMAND = re.compile(r"\\[a-zA-Z]{1,30}")
_FENCE = re.compile(r"^[ ]{0,8}(?:```|~~~)[\w+-]{0,20}[ ]{0,4}$|```(?:json|text|plaintext|markdown)?", re.MULTILINE)
_HEADING = re.compile(r"^[ ]{0,8}(?:>[ ]?){0,4}(?:#{1,3}|#{5,6})[ ]{1,4}|^[ ]{0,8}(?:>[ ]?){1,4}", re.MULTILINE)
_EMPHASIS = (
    (re.compile(r"(?<![\w)*])\*{2,3}(?=\S)([^*\n]{1,400}?)\*{2,3}"), r"\1"),
    (re.compile(r"(?<![\w)*])\*{2,3}|\*{2,3}(?![\w(*])"), ""),
    (re.compile(r"(?<!\w)__(?=\S)|(?<=\S)__(?!\w)"), ""),
    (re.compile(r"(?<![\w*)])\*(?=[^\s*])([^*\n]{1,300}?)(?<=\S)\*(?![\w*(])"), r"\1"),
    (re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]{1,300}?)(?<=\S)_(?![\w_])"), r"\1"),
    (re.compile(r"`+"), ""),
    (re.compile(r"(?<!=)==(?=[^\s=])([^=\n]{1,100})(?<=\S)==(?!=)"), r"\1"),
)
_GLUED_REFERENCE = re.compile(r"(?<=[\w%.)])\[\d{1,2}(?:[,-]\s?\d{1,2}){0,5}\]")
_PROGRAM = re.compile(
    r"```\w{0,12}\n(?=[^`]{0,4000}(?:\bprint\([^)\d]|\bdef \w|\breturn\b|\bimport \w))[^`]{0,4000}```"
)
_BLANKS = re.compile(r" {2,}")
_BOX_OPENING = re.compile(r"\\(?:boxed|fbox|framebox)\s{0,3}\{")
_BOX = re.compile("[\ue000\ue001]")


def plain(text: str) -> tuple[str, list[tuple[int, int]]]:
    r"""Resolve the markup of a prepared reply.

    Args:
        text: A reply or a part of it, as `text.prepare` leaves it.

    Returns:
        The text, and the places in it that stood in `\boxed{}` as (start, end).
    """
    if not text.isascii():
        text = _EMOJI.sub("", text)
        text = _resolve_characters(_PRIVATE.sub(" ", text))
    if "&" in text and ";" in text:
        text = html.unescape(text)
    text = _PROGRAM.sub("\n", text) if "```" in text else text
    text = _DELETED.sub(" ", text) if any(sign in text for sign in ("~~", "<", "\\", "[")) else text
    if "boxed" in text or "fbox" in text:
        text = _mark_boxes(text)
    if "<" in text or "[" in text:
        text = _ANSWER_TAG_END.sub("\n", _ANSWER_TAG.sub("\nFinal answer: ", text))
        text = _TAG.sub("", _BREAK.sub("\n", text))
        text = _GLUED_REFERENCE.sub("", _LINK.sub(r"\1", text))
    text = _resolve_latex(text)
    text = _HEADING.sub("", _FENCE.sub("\n", text))
    for pattern, replacement in _EMPHASIS:
        text = pattern.sub(replacement, text)
    return _collect_boxes(_BLANKS.sub(" ", spell_out(text.replace("\ue002", "$"))))


def _resolve_characters(text: str) -> str:
    text = _POWER.sub(lambda power: "^" + power[1].translate(_FROM_SUPERSCRIPT), text)
    text = _SUPERSCRIPT.sub("", text).translate(_VULGAR)
    others = {char for char in set(text) if char.isdecimal() and not char.isascii()}
    return text.translate({ord(char): str(unicodedata.decimal(char)) for char in others}) if others else text


def _resolve_latex(text: str) -> str:
    text = text.replace("{,}", ",")
    if "\\" in text:
        text = _SHORT_FRACTION.sub(r"\1/\2", text)
        for _ in range(3):  # both nest
            text = _LATEX_WORDS.sub(r"\1", text)
            text = _FRACTION.sub(_fraction, text)
        for pattern, replacement in _LATEX_SIGNS:
            text = pattern.sub(replacement, text)
    text = _BRACED_POWER.sub(lambda power: f"^{power[1]}" if power[1] else "", text)
    if "$" in text:
        text = _INLINE.sub(r"\1", _DISPLAY.sub(r"\n\1\n", text)).replace("$$", "$")
    return _COMMAND.sub(" ", _SUBSCRIPT.sub("", text)) if "\\" in text or "_" in text else text


def _fraction(match: re.Match[str]) -> str:
    parts = [part.strip() for part in match.groups()]
    return "/".join(part if re.fullmatch(r"[\d.,]{1,40}", part) else f"({part})" for part in parts)


def _mark_boxes(text: str) -> str:
    """Put marks around the content of each box; one that never closes counts to the end of its line."""
    pieces: list[str] = []
    done = 0
    for opening in _BOX_OPENING.finditer(text):
        if opening.start() < done:
            continue
        depth, position, limit = 1, opening.end(), min(len(text), opening.end() + 400)
        while position < limit and depth and text[position] != "\n":
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
        pieces += [text[done : opening.start()], "\ue000", text[opening.end() : position - (depth == 0)], "\ue001"]
        done = position
    return "".join(pieces) + text[done:]


def _collect_boxes(text: str) -> tuple[str, list[tuple[int, int]]]:
    if "\ue000" not in text:
        return text, []
    pieces: list[str] = []
    boxes: list[tuple[int, int]] = []
    position = length = opened = 0
    for mark in _BOX.finditer(text):
        pieces.append(text[position : mark.start()])
        length += len(pieces[-1])
        position = mark.end()
        if mark[0] == "\ue000":
            opened = length
        else:
            boxes.append((opened, length))
    return "".join(pieces) + text[position:], boxes
