"""What every extractor does to a reply before it looks for an answer.

`prepare` leaves what the model says to its reader, `segments` cuts hallucinated continuations, `unwrap` takes markup
off, `is_refusal` tells a refusal from a reply without an answer. All take any string, never raise, and run in time
linear in its length.
"""

from __future__ import annotations

import json
import re
import string
import unicodedata


def _character_table() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    # Letters of the symbol blocks only: NFKC over everything would turn 10² into 102 and ½ into 1⁄2.
    table |= {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x1D400, 0x1D800)}
    for first, letters in (
        (0x24B6, string.ascii_uppercase + string.ascii_lowercase),  # circled
        (0x1F130, string.ascii_uppercase),  # squared
        (0x1F150, string.ascii_uppercase),  # negative circled
        (0x1F170, string.ascii_uppercase),  # negative squared
        (0x1F1E6, string.ascii_uppercase),  # regional indicators
    ):
        table |= {first + offset: letter for offset, letter in enumerate(letters)}
    table |= {0x249C + offset: f"({letter})" for offset, letter in enumerate(string.ascii_lowercase)}
    table |= {0x1F110 + offset: f"({letter})" for offset, letter in enumerate(string.ascii_uppercase)}
    table |= dict.fromkeys(
        map(ord, "\u00a0\u1680\u202f\u205f\u3000\t\v\f" + "".join(map(chr, range(0x2000, 0x200B)))), " "
    )
    table |= dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f"), None)
    table |= dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], None)
    table |= dict.fromkeys(map(ord, "“”„‟″「」『』«»"), '"')
    table |= dict.fromkeys(map(ord, "‘’‛′"), "'")
    table |= dict.fromkeys(map(ord, "\r\u2028\u2029\x85"), "\n")
    table |= {ord("【"): "[", ord("】"): "]", ord("。"): ". ", ord("｡"): ". ", ord("、"): ", "}
    return table


_CHARACTERS = _character_table()

_TAG_NAMES = r"think|thinking|thoughts?|reasoning|analysis|reflection|scratchpad|seed:think"
_BLOCK_TAG = re.compile(
    rf"<(?P<close>/?)(?:{_TAG_NAMES})>|\[(?P<bracket>/?)THINK\]|◁(?P<kimi>/?)think▷"
    r"|<\|(?P<word>begin|end)_of_thought\|>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(
    r"(?:<\|start\|>[ \n]*assistant[ \n]*)?<\|channel\|>[ \n]*(analysis|commentary|final)[^<]{0,40}<\|message\|>"
)
_CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>")
_PLAIN_CHANNEL = re.compile(r"\A\s{0,20}analysis(?=[A-Z\s\"'])")
_FINAL_STATEMENT = re.compile(
    r"\bfinal (?:answer|decision|label|classification|verdict)\b"
    r"|\b(?:the|my|correct|best|right) (?:answer|option|choice|label)\s{1,4}(?:is|would be|must be|should be|:)"
    r"|\banswer[*_]{0,2}\s{0,4}:|\\boxed\s{0,3}\{|<answer>",
    re.IGNORECASE,
)
_DELIBERATION = re.compile(
    r"\b(?:wait|hmm+|let me|let's|but|maybe|perhaps|alternatively|not sure|actually|double.check|or (?:is"
    r"|should|could))\b|\?",
    re.IGNORECASE,
)


def prepare(output: str, *, dressed: bool = False) -> str:
    """Normalise the characters of a reply and drop its reasoning blocks.

    Full-width and symbol letters become ASCII, all quotes straight, all spaces plain; U+2212 and dashes stay, for the
    numbers. Of a reasoning block that never closes only the final answer that it states is kept.

    Args:
        output: The reply as the model gave it.
        dressed: Whether rules, pleasantries and the like stay, as for the question whether the format was kept.

    Returns:
        The text outside reasoning blocks, stripped; empty if there is none.
    """
    text = output.replace("\r\n", "\n").translate(_CHARACTERS)
    text = _without_blocks(_without_channels(text))
    return (text if dressed else _without_dress(text)).strip()


_RULE = re.compile(r"^[ ]{0,8}(?:-{3,}|(?:-[ ]){2,}-|\*{3,}|(?:\*[ ]){2,}\*|_{3,}|={3,}|—{2,})[ ]*$", re.MULTILINE)
_OPENING = re.compile(
    r"\A\s{0,9}(?:(?:sure(?: thing)?|certainly|of course|absolutely|ok(?:ay)?|alright|all right|hello|hi(?: there)?"
    r"|(?:that's (?:a )?)?(?:great|good|interesting|excellent) question|thank(?:s| you)(?: for [^.!\n]{1,60})?"
    r"|i'?d be happy to help|happy to help)[!.,]{0,3}[ ]?){0,2}"
    r"(?:(?:let's|let us|let me|i'll|i will)(?![^\n]{0,80}\b(?:options?|choices?|each"
    r"|one by one)\b)[ ](?:think|work|walk|break|analy[sz]e|solve|reason|go (?:through|over)"
    r"|take a look|look at|start|help)\b[^\n:.!?]{0,80}[.:!]?)?[ ]*\n(?=\s{0,9}\S)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"[*_>( ]{0,4}(?:(?:please )?let me know\b|(?:please )?feel free\b|(?:i )?hope (?:this|that|it)\b"
    r"|if (?:you (?:have|need|want|would|'d)|there(?:'s| is| are) any)\b|would you like\b|do you (?:want|need)\b"
    r"|is there any|(?:i'?m )?happy to\b|thank(?:s| you)\b|have a (?:nice|great|good)\b|good luck\b"
    r"|(?:my )?confidence(?: level| score)?[*_]{0,2}[ ]?[:=]|disclaimer\b)",
    re.IGNORECASE,
)


def _without_dress(text: str) -> str:
    """Drop what frames a reply: rules, a quoting mark before every line, an opening pleasantry and closing ones."""
    if text.lstrip().startswith(">") and all(line.startswith(">") for line in text.split("\n") if line.strip()):
        text = re.sub(r"^[ ]{0,3}>[ ]?", "", text, flags=re.MULTILINE)
    text = _OPENING.sub("", _RULE.sub("", text), count=1)
    for _ in range(3):
        head, _, last = text.rstrip().rpartition("\n")
        if not head.strip() or not _CLOSING.match(last):
            break
        text = head
    return text


def _stated_final(block: str) -> str:
    """The end of an unclosed block from its last final statement on; empty where it states none or goes on thinking."""
    last = _FINAL_STATEMENT.search(block)
    item = _ROLE.search(block, last.end()) if last else None
    block = block[: item.start()] if item else block
    for last in _FINAL_STATEMENT.finditer(block):  # noqa: B007 - the last one counts
        pass
    if last is None:
        return ""
    tail = block[last.start() :]
    return "" if _DELIBERATION.search(tail) else "\n" + tail


def _without_channels(text: str) -> str:
    if "<|channel|>" in text:
        kept: list[str] = []
        closed = ""
        position, channel = 0, "final"
        for header in [*_CHANNEL.finditer(text), None]:
            end = header.start() if header else len(text)
            body = text[position:end]
            if channel == "final":
                kept.append(body)
                closed = ""
            else:
                ending = _CHANNEL_END.search(body)
                closed = "" if ending else body
            if header:
                position, channel = header.end(), header[1]
                if channel == "final":
                    kept.clear()
        return "".join(kept) + _stated_final(closed)
    if _PLAIN_CHANNEL.match(text):  # the same with the special tokens taken out by the decoder
        marker = text.rfind("assistantfinal")
        if marker >= 0:
            return text[marker + len("assistantfinal") :]
    return text


def _without_blocks(text: str) -> str:
    kept: list[str] = []
    position, opened, closes = 0, -1, 0
    content_end = len(text.rstrip())
    for tag in _BLOCK_TAG.finditer(text):
        closing = "/" in (tag["close"] or "", tag["bracket"] or "", tag["kimi"] or "") or tag["word"] == "end"
        if opened < 0:
            kept.append(text[position : tag.start()])
            if not closing:
                opened = tag.end()
            elif closes == 0 or tag.end() < content_end:
                kept.clear()  # a lone closing tag: the block began with the reply
            closes += closing
            position = tag.end()
        elif closing:
            opened, position = -1, tag.end()
            closes += 1
            kept.append("\n")
    if opened < 0:
        return "".join(kept) + text[position:]
    return "".join(kept) + _stated_final(text[opened:])


_ROLE = re.compile(
    r"<\|im_start\|>[ ]?(?P<im>\w{0,12})|<\|start_header_id\|>\s{0,3}(?P<header>\w{0,12})\s{0,3}<\|end_header_id\|>"
    r"|<start_of_turn>[ ]?(?P<gemma>\w{0,12})|<\|(?P<bar>user|assistant|system|human)\|>"
    r"|(?P<inst>\[INST\])|(?P<endinst>\[/INST\])"
    r"|(?P<eos><\|(?:im_end|eot_id|end_of_text|endoftext|end|return|begin_of_text|end▁of▁sentence|begin▁of▁sentence)\|>"
    r"|<end_of_turn>|</?s>|<eos>|<bos>)"
    r"|^[ >*#_-]{0,8}(?P<person>Human|User|Assistant)[*_]{0,2}[ ]?:"
    r"|^[ >*#_-]{0,8}(?P<item>Questions?|Q|Text|Sentence|Context|Tweet|Headline|Passage|Article|Problem"
    r"|Exercise|Instructions?|Input)"
    r"[ ]?(?:[#(]?\d{1,4}[).]?)?[*_]{0,2}[ ]?:"
    r"|^[ >*#_-]{0,8}(?P<heading>Question|Problem|Exercise)[ ][#(]?\d{1,4}[).]?[*_]{0,2}[ ]*$"
    r"|(?<=[\s.!?)\]])(?P<inline>(?-i:Question|Q|Text|Sentence|Context|Tweet)[ ]?\d{0,4}:)"
    r"|(?<=[\s.!?)\]])(?P<inlineperson>(?-i:Human|User|Assistant):)",
    re.IGNORECASE | re.MULTILINE,
)
_A_LINE = re.compile(r"^[ *_]{0,4}A[*_]{0,2}[ ]?:", re.MULTILINE)
_QUOTED_TAIL = re.compile(r"[ ]?\"")


_HTML_STRUCK = re.compile(r"<s>[^<\n]{1,300}</s>(?=[ ]?\S)", re.IGNORECASE)


def segments(text: str) -> list[str]:
    """Cut a reply where a new item or a new speaker begins.

    A reader takes the first segment that holds an answer: what follows it is a continuation the model made up. What
    stands in a user's or system's turn is left out, and the "A:" that goes with a "Q:" is written "Answer:".

    Args:
        text: A prepared reply.

    Returns:
        The non-empty segments in order; the first is the whole reply if nothing is to be cut.
    """
    text = _HTML_STRUCK.sub(" ", text) if "</s>" in text else text
    pieces: list[str] = []
    position, listener, question = 0, False, False
    for mark in [*_ROLE.finditer(text), None]:
        piece = text[position : mark.start() if mark else len(text)]
        if not listener and piece.strip():
            pieces.append(_A_LINE.sub("Answer:", piece).strip() if question else piece.strip())
        if mark is None:
            break
        position = mark.end()
        role = (
            mark["im"] or mark["header"] or mark["gemma"] or mark["bar"] or mark["person"] or mark["inlineperson"] or ""
        ).lower()
        question = (mark["item"] or mark["inline"] or "").lower().startswith("q")
        listener = role.rstrip(":") in {"user", "human", "system"} or bool(mark["inst"])
    return pieces


_ANSWER_KEYS = ("final_answer", "answer", "choice", "label", "sentiment", "response", "output", "prediction", "result")
_ANSWER_HEAD = re.compile(
    r"^[ ]{0,8}[*_]{0,3}(?:(?:final |my )?answer|response|output|result)[*_]{0,3}[ ]?:[*_]{0,3}\s{1,9}(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)


def inner_reply(segment: str) -> str | None:
    """The reply within a reply: the text under the answer's key of a JSON object, or what follows an opening "Answer:".

    Args:
        segment: A segment of a prepared reply.

    Returns:
        A text of several words to be read on its own; None if there is none.
    """
    head = _ANSWER_HEAD.search(segment)
    if (
        head
        and (segment[: head.start()].rstrip() or "?").endswith("?")
        and not _ANSWER_HEAD.search(segment, head.end())
    ):
        rest = segment[head.end() :]
        return rest if len(rest.split(maxsplit=2)) > 1 else None
    body = _FENCE.sub("", segment).strip() if "`" in segment[:20] else segment
    if not body.startswith("{") or len(body) > 20_000:
        return None
    try:
        item = json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(item, dict):
        return None
    keys = {str(key).strip().lower().replace(" ", "_"): key for key in item}
    value = next((item[keys[key]] for key in _ANSWER_KEYS if key in keys), None)
    return value if isinstance(value, str) and len(value) > 1 else None


_STRUCK = re.compile(
    r"~~[^~\n]{1,300}~~|(?<![~\w])~[^\W\d](?:[^~\n]{0,80}[^~\s])?~(?![~\w])|<(del|s|strike)>[^<\n]{0,300}</\1>",
    re.IGNORECASE,
)
_TICKED = re.compile(r"^([ ]{0,8}[-*+]?[ ]?)\[[xX✓✔]\][ ]", re.MULTILINE)
_UNTICKED = re.compile(r"^[ ]{0,8}[-*+]?[ ]?\[[ ]?\][ ][^\n]{0,400}$", re.MULTILINE)
_UNMARKED = re.compile(r"^[ ]{0,8}[-*+]?[ ]?(?:\([ ]?\)|[○◯⚪☐⬜])[ ]?\S[^\n]{0,400}$", re.MULTILINE)
_MARKED = re.compile(r"^([ ]{0,8}[-*+]?[ ]?)(?:\([xX✓✔•●*]\)|[◉●⦿⚫🔘☑☒])[ ]?(?=\S)", re.MULTILINE)
_ANSWER_TAG = re.compile(r"<(?:final_?)?answer>|\[(?:FINAL_?)?ANSWER\]|<\|answer\|>", re.IGNORECASE)
_ANSWER_TAG_END = re.compile(r"</(?:final_?)?answer>|\[/(?:FINAL_?)?ANSWER\]", re.IGNORECASE)
_ANGLE = re.compile(r"<([A-Zc-h])>(?=[*_]{0,3}[ ]{0,4}(?:$|\.))", re.MULTILINE)
_HTML = re.compile(
    r"</?(?:b|i|em|strong|u|p|br|span|div|code|pre|mark|center|h\d|li|ul|ol|td|tr|th|table|sub"
    r"|sup)(?:\s[^<>]{0,80})?/?>",
    re.IGNORECASE,
)
_LATEX_SPAN = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mathcal|bf|rm|emph|underline"
    r"|operatorname)[ ]?\{([^{}\n]{0,200})\}"
)
_LATEX_SWITCH = re.compile(r"\\(?:displaystyle|bf|rm|it|left|right|quad|qquad|[,;!:])(?![a-zA-Z])")
_LATEX_MATH = re.compile(r"\$\$?([^$\n\d]{1,80})\$?\$|\\[(\[]\s{0,3}([^\n\\]{0,200}?)\s{0,3}\\[)\]]")
_FENCE = re.compile(r"^[ ]{0,8}(?:```|~~~)[\w+-]{0,20}[ ]{0,4}$|```(?:json|text|plaintext|markdown)?", re.MULTILINE)
_HEADING = re.compile(r"^[ ]{0,8}(?:#{1,6}[ ]{1,4}|>[ ]?)+", re.MULTILINE)
_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)|`+")
_JSON_KEY = re.compile(r"[{,]?\s{0,8}[\"']([A-Za-z][\w -]{0,40})[\"'][ ]{0,4}:[ ]{0,4}")
_ESCAPED = re.compile(r"\\([_&%#$*\[\](){}\"])")


def boxed(text: str) -> list[str]:
    r"""The contents of all `\boxed{...}` in order, braces matched; an unclosed one counts to the end of its line."""
    return [text[start:end] for _, start, end, _ in _boxes(text)]


def _boxes(text: str) -> list[tuple[int, int, int, int]]:
    """Each box as (its start, start of the content, end of the content, its end)."""
    found: list[tuple[int, int, int, int]] = []
    done = 0
    for opening in re.finditer(r"\\(?:boxed|fbox)\s{0,3}\{", text):
        if opening.start() < done:
            continue
        depth, position, limit = 1, opening.end(), min(len(text), opening.end() + 500)
        while position < limit and depth and text[position] != "\n":
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
        found.append((opening.start(), opening.end(), position - (depth == 0), position))
        done = position
    return found


def unwrap(text: str) -> str:
    r"""Take markup off: strikethrough with its content, boxes, answer tags, HTML, LaTeX, fences, emphasis, JSON keys.

    `\boxed{X}` and `<answer>X</answer>` become a line "Final answer: X"; a JSON key becomes the head of a line.

    Args:
        text: A prepared reply or a segment of one.

    Returns:
        The text as its reader would see it. Quotes, brackets, list bullets and currency signs stay.
    """
    text = _STRUCK.sub(" ", text).replace("{,}", ",")
    if _TICKED.search(text):
        text = _TICKED.sub(r"\1", _UNTICKED.sub("", text))
    if _UNMARKED.search(text) and _MARKED.search(text):
        text = _MARKED.sub(r"\1", _UNMARKED.sub("", text))
    pieces: list[str] = []
    position = 0
    for start, inner, inner_end, end in _boxes(text):
        pieces += [text[position:start], "\nFinal answer: ", text[inner:inner_end], "\n"]
        position = end
    text = "".join(pieces) + text[position:]
    text = _ANSWER_TAG_END.sub("\n", _ANSWER_TAG.sub("\nFinal answer: ", text))
    text = _HTML.sub(" ", _ANGLE.sub(r"(\1)", text))
    for _ in range(2):  # spans nest: \textbf{\text{B}}
        text = _LATEX_SPAN.sub(r"\1", text)
    text = _LATEX_MATH.sub(lambda math: math[1] or math[2] or "", _LATEX_SWITCH.sub(" ", text))
    text = _ESCAPED.sub(r"\1", text)
    text = _HEADING.sub("", _FENCE.sub("\n", text))
    text = _JSON_KEY.sub(r"\n\1: ", text)
    return _EMPHASIS.sub("", text)


_REFUSAL = re.compile(
    r"\b(?:i|we)(?: a|')m (?:sorry|afraid|unable|not able|not (?:allowed|permitted|comfortable|qualified))\b"
    r"|\b(?:i|we) (?:can ?not|can't|won't|will not|could not|couldn't|am unable to|must decline"
    r"|have to decline|decline)\b"
    r"|\b(?:i|we) (?:do not|don't) (?:have (?:access|enough|sufficient)|provide|give|offer|feel comfortable)\b"
    r"|\bas an? (?:ai|artificial|large language|language) ?(?:model|assistant|intelligence)?\b"
    r"|\b(?:unable|not possible) to (?:answer|assist|help|provide|determine|classify|comply|give)\b"
    r"|\bi apologi[sz]e\b|\bunfortunately, i\b",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Whether a reply without an answer declines to give one; asks nothing about replies that answer."""
    return bool(_REFUSAL.search(text))
