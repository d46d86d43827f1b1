"""Numbers in sentences of other languages, rewritten so that the rules for English ones read them."""

from __future__ import annotations

import re

_SCRIPT = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_ANY = re.compile(f"[{_SCRIPT}]")
_PERCENT = re.compile(r"百分之\s?(\d[\d.,]{0,20})")
_COUNTED = re.compile(
    r"(?<=\d)[ ]{0,2}(?:余|多|约)?(?P<scale>万亿|萬億|兆|조|[亿億억]|百万|百萬|백만|[万萬만]|千(?!克|米))?[ ]?"
    r"(?:(?P<points>个?百分点|個?百分點|パーセント|ポイント|퍼센트|프로)"
    r"|(?P<money>美元|人民币|人民幣|日元|欧元|歐元|港元|港币|英镑|ドル|ユーロ|円|元|달러|원))?"
)
_SCALES = {
    "千": (1, "thousand"), "万": (10, "thousand"), "萬": (10, "thousand"), "만": (10, "thousand"),
    "百万": (1, "million"), "百萬": (1, "million"), "백만": (1, "million"),
    "亿": (100, "million"), "億": (100, "million"), "억": (100, "million"),
    "万亿": (1000, "billion"), "萬億": (1000, "billion"), "兆": (1000, "billion"), "조": (1000, "billion"),
}  # fmt: skip
_FACTORED = re.compile(r"(\d[\d,]{0,20}(?:\.\d{1,12})?)\ue00c(\d{1,4})\ue00c")
_WORDS = (
    (re.compile(r"(?:不是|而非|并非|不为|ではなく)"), " not "),
    (re.compile(r"(?:从|由|자|(?<=\s)から)(?=\s?[$€£¥]?\d)"), " from "),
    (re.compile(r"(?:下降|减少|減少|降低|下跌|下滑|减小|缩减|低下|감소|하락)(?:了|到)?"), " decreased "),
    (re.compile(r"(?:增长|增長|增加|上升|上涨|提高|上昇|증가|상승)(?:了)?"), " increased "),
    (re.compile(r"(?:所以|因此|故|因而|综上|したがって|よって|따라서)[，,]?"), " therefore "),
    (re.compile(r"(?:等于|等於|是|为|為|达到|達到|达|約|约为|约|はおよそ|는|은)(?=\s?[-−+]?[$€£¥]?\s?\d)"), " is "),
    (re.compile(r"は(?=\s?[-−+]?[$€£¥]?\s?\d)"), " is "),
    (re.compile(r"年"), " "),
)


_EUROPEAN = re.compile(
    r"(?<=\d)\s{0,2}(?:(?P<thousand>Tausend|mila|miles|mille|тыс(?:яч\w*)?\.?|tys\.?)"
    r"|(?P<million>Mio\.?|Millionen|millones|mill[oó]n|milh(?:ões|oes|ão)|milion[ie]|млн\.?|миллион\w*|miljoen|miljoner)"
    r"|(?P<billion>Mrd\.?|Mld\.?|Milliarden?|milliards?|miliard[ioóy]?|mil millones|bilh(?:ões|ão)|млрд\.?"
    r"|миллиард\w*|miljard(?:er)?)"
    r"|(?P<percent>Prozent(?:punkte)?|por ?cento|por ciento|pour ?cent|per cento|procent|процент\w*"
    r"|points? de pourcentage|puntos porcentuales|pontos percentuais|punti percentuali))(?!\w)"
    r"(?: (?:de |di |d')(?=\w))?",
    re.IGNORECASE,
)
_EUROPEAN_WORDS = (
    (
        re.compile(
            r"\b(?:gesunken|sank|gefallen|zurückgegangen|verringert\w*|(?:dis)?minuyó|cayó|bajó|descendió|reducción"
            r"|diminué|baissé|reculé|baisse|diminution|diminuit[oa]|calat[oa]|diminuzione|caiu|diminuiu|queda|снизил\w*"
            r"|упал\w*|сократил\w*|Rückgang)\b",
            re.IGNORECASE,
        ),
        "decreased",
    ),
    (
        re.compile(
            r"\b(?:gestiegen|stieg|erhöht\w*|Anstieg|aumentó|creció|subió|aumento|augmenté|progressé|hausse|augmentation"
            r"|aumentat[oa]|cresciut[oa]|aumentou|cresceu|вырос\w*|увеличил\w*)\b",
            re.IGNORECASE,
        ),
        "increased",
    ),
)


def spell_out(text: str) -> str:
    """Write the scale words, units and verbs around numbers in English; text without them is left alone.

    亿 becomes 100 million, 万 ten thousand, 百分之 a percent sign, "Mrd." billion; "下降" stands for a decrease.
    """
    text = _EUROPEAN.sub(_european, text)
    for pattern, word in _EUROPEAN_WORDS:
        text = pattern.sub(word, text)
    if text.isascii() or not _ANY.search(text):
        return text
    text = _PERCENT.sub(r"\1%", text)
    text = _FACTORED.sub(_multiply, _COUNTED.sub(_unit, text))
    for pattern, word in _WORDS:
        text = pattern.sub(word, text)
    return re.sub(rf"(?<=[{_SCRIPT}])(?=[-−$€£¥(]{{0,2}}\d)|(?<=[A-Za-z0-9%])(?=[{_SCRIPT}])", " ", text)


def _european(found: re.Match[str]) -> str:
    return "%" if found.lastgroup == "percent" else f" {found.lastgroup} "


def _unit(found: re.Match[str]) -> str:
    scale, points, money = found["scale"], found["points"], found["money"]
    if not (scale or points or money):
        return found[0]
    factor, word = _SCALES.get(scale or "", (1, ""))
    tail = "%" if points else " dollars" if money and not scale else ""
    return (f"\ue00c{factor}\ue00c" if factor > 1 else "") + (f" {word}" if word else "") + tail + " "


def _multiply(found: re.Match[str]) -> str:
    digits = found[1].replace(",", "")
    places = len(digits.partition(".")[2])
    value = f"{int(digits.replace('.', '')) * int(found[2]):d}".rjust(places + 1, "0")
    value = f"{value[:-places]}.{value[-places:]}" if places else value
    return value.rstrip("0").rstrip(".") if places else value
