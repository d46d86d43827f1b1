"""The words by which replies state, reject, draft, correct and conclude answers.

Data for `finbench.scoring.statements`: sets of lower-case tokens, and expressions that are anchored or bounded, so that
matching stays linear. "Before" expressions end at a mention, "after" expressions begin behind one.
"""

from __future__ import annotations

import re


def word_set(text: str) -> frozenset[str]:
    """The set of the words in a text."""
    return frozenset(text.split())


COPULAS = word_set(
    "is are was were be been being : = → > | seems appears remains looks sounds feels reads leans would as "
    "equals equal gives yields becomes became amounts comes remained remain stays stayed seemed appeared ≈ lautet "
    "sería seria será es ist est è é är jest は 是 为 "
    "이다 это هي هو to_ dir"
)
"""Tokens that tie a head noun to its answer."""

MODALS = word_set("will to would likely should may might could expected going shall")

DEGREES = word_set(
    "mostly slightly somewhat very rather quite more moderately mildly strongly fairly generally largely "
    "predominantly primarily mainly essentially broadly relatively highly extremely clearly definitely likely "
    "probably most simply just obviously overall still also really certainly indeed actually therefore thus "
    "only purely entirely marginally cautiously overwhelmingly basically arguably perhaps possibly maybe best "
    "about approximately roughly nearly around considered deemed weakly bit little tad net solid clear firm "
    "strong mild slight moderate somewhat_"
)

FILLERS = (
    COPULAS
    | MODALS
    | DEGREES
    | word_set(
        "the a an that option options choice letter label class category it its this these they there has have "
        "had can must not_ it's that's of_ el la le die der das o os opción opção option opzione letra lettre "
        "lettera buchstabe вариант réponse reponse respuesta antwort risposta resposta correcta correcte richtige "
        "correta corretta one number by alternative alternativa so_ "
        "itself in_ being either both between called"
    )
)
"""Tokens that may stand between a head and its answer."""

HEAD_FILLERS = FILLERS | word_set(
    "unfortunately fortunately sadly yeah absolutely honestly "
    "so well yes sure okay ok 100 % , . : ; - – — ( [ \" ' * | > but rather ! and then"
)

NEGATORS = word_set(
    "not isn't aren't wasn't doesn't don't cannot can't won't wouldn't couldn't shouldn't never nor neither "
    "without non no_ unlike hardly non- didn't nothing nobody nicht kein keine keinen pas não nao niet non_ не "
    "不 "
    "不是 并非 ikke inte"
)

PARTIAL = word_set(
    "first second third part partly half initial initially short long term short-term long-term near-term "
    "sentence1 revenue costs aspects signals although while though despite"
)
"""Words that mark a verdict about a part, unless the answer slot holds it."""

_FILL = (
    r"(?:\s+(?:a|an|the|option|choice|be|been|it|this|that|call|called|necessarily|really|clearly|purely"
    r"|exactly|strictly|either|answer|letter|label|considered|classified|as|to|any|labels|likely|options|choices"
    r"|answers|ones|are|particularly|overly|very|just|simply|entirely|both|of|is|are)\b|[\s:\"'(\[-])*+"
)

REJECTED_BEFORE = re.compile(
    r"(?:\b(?:not|isn't|aren't|wasn't|doesn't|cannot|can't|won't|wouldn't|couldn't|shouldn't|never|nor"
    r"|neither|without|non|unlike"
    r"|no longer|rather than|instead of|as opposed to|rules? out|ruled out|ruling out|eliminat(?:e|es|ed|ing)"
    r"|exclud(?:e|es|ed|ing)"
    r"|reject(?:s|ed|ing)?|discard(?:s|ed|ing)?|dismiss(?:es|ed|ing)?|incorrect|wrong|cross(?:es|ed"
    r"|ing)? out|over|against|than|less|none of)\b"
    + _FILL
    + r"|\b(?:not|doesn't|don't|didn't|isn't|without|nor|never|neither) (?:(?:really|clearly|explicitly"
    r"|necessarily|appear to|seem to) )?"
    r"(?:express|show|convey|contain|indicat|suggest|hav|exhibit|reflect|impl|carr|display|present|provid"
    r"|includ|lean|us)(?:e|es|s|ing|y|ed)?"
    r"(?: (?:any|an|a|clear|clearly|strong|explicit|overtly|particularly|overall|either|the|towards?))*[\s\"']*"
    r"|\b(?:no (?:indications?|signs?|evidence|hints?|mention|trace|expression)|lack(?:s|ing|ed)?|absence"
    r"|devoid|far|anything but|by no means|not at all|least of all)"
    r"(?: (?:of|any|a|an|from|clear|either|explicit|being))*[\s\"']*"
    r"|\bno (?:clear |particular |strong |explicit |obvious |overtly |real )?)\Z",
    re.IGNORECASE,
)
REJECTED_AFTER = re.compile(
    r"[)\]][\"']?\s+(?:is|are|was|were|would be)\s+(?:\w+ly\s+|also\s+|both\s+|therefore\s+|thus\s+){0,2}"
    r"(?:wrong|incorrect|false|inaccurate|not (?:correct|right|true|the)\b|ruled out|eliminated|invalid|untrue)"
    r"|[\"']?\s*(?:(?:option|answer|and so|as such)\s+)?(?:"
    r"(?:is|are|was|were|would be|can be|could be|may be|should be|must be|seems|appears|looks"
    r"|being)\s+(?:\w+ly\s+|also\s+|both\s+|all\s+|just\s+|too\s+){0,2}"
    r"(?:(?:an?|the|only|just|one)\s+){0,2}(?:not\b|n't|(?:common|tempting|partially|partly|plausible"
    r"|typical)\b|wrong|incorrect|false|out\b|ruled out|eliminated|excluded|rejected|discarded|invalid"
    r"|unlikely|inaccurate|irrelevant|untrue|inappropriate|unrelated|too\b|implausible|off\b|distractors?)"
    r"|(?:isn't|aren't|wasn't|doesn't|does not|do not|don't|cannot|can't|can not|won't|wouldn't|would not"
    r"|could not|couldn't|fails?\b|contradicts?\b|gets it wrong)"
    r"|(?:[-=]>|[:=|(\[,–—→-])\s*(?:(?:this|that|it|option|statement|the|an?|is|are|which|clearly|also"
    r"|answer)\s+){0,4}(?:wrong|incorrect|false\b|no(?=\s*(?:[.;|)\]]|\Z))|inaccurate|untrue|eliminated"
    r"|ruled out|not (?:correct|true|right)|too\b|❌|✗|✘|×|✖)"
    r"|[.)]+\s*(?:false|wrong|incorrect)(?=\s*(?:[.,;|]|:\s*[^\s]|\Z|because|since|as))"
    r"|(?:ist|sind|est|sont|es|son|è|sono|é|são|está|is|zijn) (?:also |daher |donc |aussi |por tanto "
    r"|quindi |onjuist|fout|verkeerd)?"
    r"(?:falsch|nicht|inkorrekt|fauss?e?s?\b|incorrecte?|incorrecta|falsa?\b|errata|sbagliata|errada"
    r"|incorreta|inexacte?)"
    r"|n'est pas|ne (?:convient|correspond) pas|no (?:es|son)\b|não (?:é|está)\b|non è\b"
    r"|(?:[)\]] ?)?(?:\s?(?:选项|選項))?(?:也|都|则|就)?(?:是|为)?(?:错误|錯誤|不正确|不正確"
    r"|不对|错的|不符合|不成立|不选|排除)"
    r"|[はがも]\s?(?:間違|誤り|不正解|正しくな|不適切)|[은는이가]\s?(?:틀|잘못|오답))",
    re.IGNORECASE,
)
UNDECIDED_BEFORE = re.compile(
    r"(?<!answer to )\b(?:whether|if|unsure|not sure|consider(?:ing)?|suppose|assum(?:e|ing)"
    r"|had it been|unless)\b[^.,;:]{0,60}\Z",
    re.IGNORECASE,
)

DRAFT = re.compile(
    r"\b(?:at first|first glance|initially|my (?:first|initial) (?:thought|instinct|guess|impression"
    r"|answer)|might (?:seem|appear|look|think)"
    r"|(?:could|might|may|can) (?:also )?be (?:read|seen|interpreted|taken|construed|viewed"
    r"|considered|regarded|perceived)"
    r"|may (?:seem|appear|look)|could (?:seem|argue|appear)|one (?:might|could|may)|tempt(?:ing|ed)"
    r"|i (?:first|originally|almost) |many|some|students|people|others|mistake|trap|incorrectly|wrongly"
    r"|beginners|on the surface|superficially|at a glance|i thought|draft)\b",
    re.IGNORECASE,
)

CORRECTION = re.compile(
    r"\b(?:wait|actually|sorry(?!,?\.? (?:but )?i(?:'m| am| can| do)(?: ?not|'t|n't))"
    r"|edit(?:ed)?|scratch that|strike that|correction|corrected|i (?:meant|mean"
    r"|misread|misspoke|was wrong|made (?:a|an) (?:mistake|error)|take (?:that|it) back|stand corrected)"
    r"|on (?:second thoughts?|reflection|closer|further|reconsideration|re-?reading)|hmm+|my (?:mistake"
    r"|bad|apologies)|apologies|oops|upd(?:ate)?\b|revis(?:ed|ing|ion)|reconsider(?:ing)?"
    r"|re-?think(?:ing)?|re-?evaluat(?:e|ing)"
    r"|let me (?:correct|fix|change|revise)|that(?:'s| is| was) (?:wrong|incorrect|not right|a mistake)"
    r"|make that|changed? my (?:mind|answer)|no)\b(?=[\s,.:;!?*—–-]|\Z)",
    re.IGNORECASE,
)
"""Words that may withdraw what stands before; they do only if another answer follows, or as `WITHDRAWAL` alone."""

WITHDRAWAL = re.compile(
    r"(?:(?:wait|hmm+|actually|sorry|oops)[\s,.!—–-]{0,4}(?:no\b|i mis(?:read|understood)"
    r"|that(?:'s| is) (?:wrong|incorrect"
    r"|not right)|scratch that|i (?:was|am) wrong)"
    r"|scratch that|strike that|i take (?:that|it) back|i was wrong|that(?:'s| is| was) (?:wrong|incorrect"
    r"|not right|a mistake))(?!\w)",
    re.IGNORECASE,
)
CORRECTING_BEFORE = re.compile(
    r"(?:\b(?:wait|actually|sorry|edit(?:ed)?|scratch that|correction|corrected|meant|i mean|make that"
    r"|make it|no|reflection|thoughts?|oops|hmm+|update|revised|rather|change(?: it)? to|my mistake"
    r"|mistake)\b)"
    r"(?:[\s,.:;—–\"'(-]|\b(?:it|it's|is|should|would|must|be|to|the|that|that's|answer|option|actually|a"
    r"|say|was|yes|still|i'd|say)\b)*+\Z",
    re.IGNORECASE,
)
CHOOSING_BEFORE = re.compile(
    r"\b(?:(?:choos|pick|select)(?:e|es|ing|s)?|chose|picked|selected|go(?:ing)?(?: with| for)"
    r"|went (?:with|for)|opt(?:ing|ed)? for|vote for|settle(?:d)? (?:on|for)|(?:i|i'd|i'll|would|to"
    r"|must) (?:say|answer)"
    r"|arriv(?:e|ed|ing) at|end(?:ed|ing)? up with|land(?:ed|ing)? on|stick(?:ing)? with|lean(?:s"
    r"|ing)?(?: more)?(?: towards?| to)?|inclin(?:ed|ing) (?:to|towards?)|favou?r(?:s|ing)?"
    r"|guess(?:ing)?(?: is| would be)?|bet(?: is| on)?|tend(?:s|ing)? (?:to|towards?)|print|return"
    r"|(?:leads?|brings?|takes?|points?) (?:me|us|one) to|corresponds? to|(?:closest|nearest) to|points? to|anticipate"
    r"|choice is|conclude[sd]?(?: (?:that|with))?"
    r"|(?:classif(?:y|ied|ies)|categori[sz]ed?|labell?(?:ed)?|rate[sd]?|describe[sd]?|tag(?:ged)?"
    r"|mark(?:ed)?|view(?:ed)?|interpret(?:ed)?|regard(?:ed)?|characteri[sz]ed?|see|identif(?:y|ied)"
    r"|treat(?:ed)?|assess(?:ed)?|judge[sd]?|read)(?: [^.!?,;:]{1,60})?? as"
    r"|(?:falls?|belongs?|fits?|goes)(?: best)? (?:under|into|to|in|within)|relat(?:es|ed|ing) (?:most "
    r"|primarily |mainly |directly |closely )*to|(?:predict|expect|forecast|believe|think|call it"
    r"|call this|(?:label|rate|mark|tag|classify|consider|deem|grade|judge) (?:it|this|that|the \w+)"
    r"|answer with|respond with|assign(?:ed)?|is about|concerns|match(?:es)?(?: with)?))"
    r"(?:\s+(?:a|an|the|that|it|it's|is|will|would|this|to|be|for|option|answer|label|category|class"
    r"|choice|letter|issue|of|having|being|probably|likely|most|clearly|here|mostly|slightly|somewhat|definitely)\b"
    r"|[\s:\"'(\[-])*+\Z",
    re.IGNORECASE,
)
OVERALL_BEFORE = re.compile(
    r"\b(?:overall|on balance|in (?:sum|summary|total|conclusion|short|the end|general)|to (?:sum up"
    r"|conclude|summari[sz]e)|all in all|taken together|net(?=[,:-])|ultimately|on the whole|in aggregate"
    r"|altogether)\b[^.!?;]{0,80}\Z|[:,;—–] net \Z",
    re.IGNORECASE,
)
CONCLUDING_BEFORE = re.compile(
    r"(?:\b(?:so|therefore|thus|hence|consequently|accordingly|as a result|in conclusion|finally|namely|must be"
    r"|has to be|should be|leaves?|leaving|left with|remaining (?:option|choice|answer|one)(?: is)?"
    r"|which (?:is|makes it|means)|resta(?:no)?|rimane|queda(?:ndo)?|reste|bleibt|fica|making it"
    r"|mak(?:es|e|ing)(?: (?:it|this|the \w+))?|it is|ergo)\b|[∴⇒])"
    r"(?:[\s,:\"'(\[—–-]|\b(?:the|a|an|la|le|el|il|die|nur|solo|só|it|it's|is|be|this|that|that's|they|would|must|should|we|get|have"
    r"|us|with|only|option|options|answer|choice|i|say|i'd|go|mostly|slightly|somewhat|clearly|most|likely"
    r"|probably|just|sentiment|tone|stance|label|statement|news|overall|stays?|of|one|stock|price"
    r"|will)\b)*+\Z",
    re.IGNORECASE,
)
PRONOUN_BEFORE = re.compile(
    r"(?:^|[\s,;:(\"'—–-])(?:it|this|that|here)(?:'s| is| was| seems| appears| looks| sounds| reads| feels"
    r"| remains|(?: would| could| should| can| might| may| must)(?: likely| probably)? be"
    r"|(?: [a-z]+){1,2} (?:is|seems|appears|sounds|looks|reads))"
    r"(?:[\s\"'(\[:-]|\b(?:a|an|the|to|be|in|being|considered|as|more|most|very|quite|rather|mostly"
    r"|slightly|somewhat|clearly|likely|probably|moderately|generally|largely|just|only|simply|option"
    r"|fairly|broadly|mildly|strongly|bit|still|both|either|therefore|thus|definitely|indeed"
    r"|overall)\b)*+\Z"
    r"|(?:^|[\s,;:(\"'—–-])(?:i think|i believe|i guess|i'd guess|in my (?:view|opinion)|probably"
    r"|most likely|likely|maybe|perhaps|presumably|possibly|seems|certainly|definitely|i suppose"
    r"|my guess)[\s,:\"'(\[-]*+(?:(?:a|an|the|it|it's|is|this|that|that's|be|option)[\s\"'(\[-]+)*+\Z",
    re.IGNORECASE,
)
EXPRESSING_BEFORE = re.compile(
    r"\b(?:express|convey|show|indicat|suggest|reflect|ha[sv]|carr|display|exhibit|signal|impl|communicat"
    r"|contain|present|demonstrat|take|adopt|strik|is|of|with|overall|a|an)(?:e|es|s|ed|ing|y|ies)?"
    r"(?: (?:a|an|the|very|mostly|slightly|somewhat|clearly|overall|rather|quite|generally|moderately"
    r"|strongly|more|predominantly|largely|mildly))*[\s\"'(]*\Z",
    re.IGNORECASE,
)
CJK_HEAD = re.compile(
    r"(?:答案|答え|回答|正解|解答|选择|選擇|应选|應選|选(?!项|項)|應為|应为|정답|답|選択肢|情感|情绪|情緒|分类|标签"
    r"|立场)[^\s.!?]{0,8}\s{0,2}[:=]?\s{0,2}[\"'(\[]{0,2}\Z"
)

OTHER_LANGUAGES_HEAD = re.compile(
    r"(?:คำตอบ(?:ที่ถูก(?:ต้อง)?)?(?:คือ)?|उत्तर|الإجابة|الجواب|جواب|התשובה(?: הנכונה)?(?: היא)?"
    r"|\b(?:odpověď je|odpoveď je|odgovor je|отговор(?:ът)? е|vastaus on|vastus on|svarið er|răspunsul(?: corect)? este"
    r"|jawaban(?:nya)?(?: yang (?:benar|tepat))? (?:adalah|ialah)|đáp án(?: đúng)?(?: là)?|câu trả lời(?: đúng)? là"
    r"|jibu(?: sahihi)? ni|ang (?:tamang )?sagot ay|atsakymas yra|atbilde ir|helyes válasz(?: a)?))"
    r"[^\S\n]{0,2}[:=]?[^\S\n]{0,2}[\"'(\[]{0,2}\Z",
    re.IGNORECASE,
)
CONTENT_CLAUSE = re.compile(r"\s+(?:(?:is|was)\s+)?that\b", re.IGNORECASE)
LIKEWISE_BEFORE = re.compile(r"\b(?:and so|as) (?:is|are|was|were|does|do)(?: the| option)*[\s\"'(]*\Z", re.IGNORECASE)
DASHES = word_set("— – -")
ARTICLES = word_set("the a an this")
HYPOTHETICAL_AFTER = re.compile(
    r"[)\]\"']?(?:\s+\w+)?\s+(?:would|could)\s+(?:only\s+)?(?:be|have been|apply|fit|hold|suggest|mean|require|imply"
    r"|indicate|signal)\b(?:[^.!?;\n]{0,60}\bif\b|\s+(?!the|my|correct|right|it|best)\w+)",
    re.IGNORECASE,
)
AFFIRMED_AFTER = re.compile(
    r"[.!–—;:✔-]\s*(?:this|that|which|it)(?:'s| is)?\s+(?:therefore |thus |exactly |the |also |clearly |best ){0,2}"
    r"(?:match(?:es)?|fits|answers|correct|right|true|what (?:the|we)|answer)\b(?! for| if| when)"
    r"|[.!–—;:✔-]\s*(?:this|that) (?:is|one is) it(?=\s*(?:[.!]|\Z))",
    re.IGNORECASE,
)
REASON_BEFORE = re.compile(r"[\"')\s]*,?\s*(?:as|because|since|with|given)\b(?!.*\bbut\b)", re.IGNORECASE)
NAMED_CHOICE_BEFORE = re.compile(r"\((?:answer|option|choice|letter)(?: choice)?\s\Z", re.IGNORECASE)
OTHERS_BEFORE = re.compile(
    r"\b(?:some|many|most|other|students|people|others|textbooks|beginners|candidates|readers)\b[^.!?;]{0,40}"
    r"\b(?:would|might|may|could|say|said|think|answer|choose|pick)\b",
    re.IGNORECASE,
)
COUNTERFACTUAL_BEFORE = re.compile(r"\b(?:would|could|might) have been\b[^.!?;,]{0,30}\Z", re.IGNORECASE)
SCORED_AFTER = re.compile(r"[\s:=(]{0,4}(?:0?\.\d+|\d{1,3}(?:\.\d+)?\s?%|[01](?![\d.]))")
SENTENCE_END_AFTER = re.compile(r"\s*(?:[.!]|\Z)")
FINAL_BEFORE = re.compile(r"\bfinal(?:ly)?\b[^.!?\n]{0,30}(?:[:=]|\bis)\s*\Z", re.IGNORECASE)
DASHED_OPTION_BEFORE = re.compile(r"(?:[–—]|\s-)\s(?:option|choice|answer)\s\Z", re.IGNORECASE)
UNSURE = word_set("may might could")
ALSO_POSSIBLE_BEFORE = re.compile(
    r"\b(?:could|might|may)(?P<also> also| equally| just as well)? be(?: option)?[\s\"'(]*\Z", re.IGNORECASE
)
TOO_AFTER = re.compile(r"[)\"']?\s(?:as well|too)\b", re.IGNORECASE)
PARTIAL_AFTER = re.compile(
    r"\s+(?:in|over|for) the (?:short|near|long|immediate)(?:er)?[ -](?:term|run)\b", re.IGNORECASE
)
ABOUT_BEFORE = re.compile(r"\b(?:is about|concerns|relat(?:es|ed|ing) to)\s\Z", re.IGNORECASE)
BESIDE_BEFORE = re.compile(r"\b(?:which|that|also|and) (?:also )?(?:concerns|relat(?:es|ed) to)\s\Z", re.IGNORECASE)
RESULT_BEFORE = re.compile(r"[=≈]\s{0,2}\Z")
GIVEN_BEFORE = re.compile(
    r"\b(?:gives?|giving|yields?|yielding|gets?|obtains?|leaves|leaving|results? in|makes|totals|produces?)\s"
    r"(?:(?:us|a|an|the|total|net|final|you)\s){0,3}(?:[a-z]+\sof\s)?\Z",
    re.IGNORECASE,
)
WEAK_TOPIC_AFTER = re.compile(
    r"\s+(?:impacts?|effects?|developments?|news|signals?|implications?|risks?|messages?|opinions?|views?|positions?)"
    r"\s(?:of|on|from|in|to|about|by)\b",
    re.IGNORECASE,
)
SUPERLATIVE_AFTER = re.compile(
    r"\s+(?:is|are|has|have|offers?|provides?|carries|bears|gives|shows|yields?|produces?|results? in"
    r"|leads? to)\sthe\s(?:most|least|best|worst|only|[a-z]{3,12}est)\b"
)
CUT_AFTER = re.compile(
    r"[)\"']?\s+(?:might|may|could|would|should|can|seems?|looks|appears|is|was|has|does)(?:\s(?:be|to))?\s*\Z"
)
WOULD_BEFORE = re.compile(
    r"\b(?:would|could|might)\s(?:only\s)?(?:be|have been)\s(?:an?\s|the\s|more\s)?[\"']?\Z", re.IGNORECASE
)
IF_AFTER = re.compile(r"[\"']?\s+(?:only\s+)?(?:if|had|were)\b", re.IGNORECASE)
ENCLOSED_AFTER = re.compile(r"\)\s{0,2}(?:[.!]|\Z)")
INFERRED_BEFORE = re.compile(r"\b(?:so|thus|therefore|hence|consequently)\b[^.!?;]{0,120}\(\Z", re.IGNORECASE)

IS_AFTER = re.compile(r"\s+(?:is|are|would|was|were|has|have)\b", re.IGNORECASE)
HEAD_AFTER = re.compile(
    r"\s*(?:[.):,;!\]–—=(\[\"'|-]|(?:أي|لأن|因为|因為|потому|porque|parce que|perché"
    r"|weil|omdat|çünkü|pois)|\s(?:because|since|as|due|rather|instead|not|than|given|for|considering"
    r"|owing|based|with|is my|was my|while|although|though|overall|on balance|on the whole)\b)",
    re.IGNORECASE,
)
PREDICATE_AFTER = re.compile(
    r"\s*(?:\Z|[.,;:!?()\]\"'|–—-]|\s(?:because|since|as|for|in|due|given|by|when|after|on|at|with|from|and"
    r"|but|while|to|toward|towards|overall|about|regarding|last|yesterday|already|here|now|credit|risk"
    r"|customer|client|candidate|borrower|applicant|today|tomorrow|this|next)\b)",
    re.IGNORECASE,
)
VERB_AFTER = re.compile(
    r"\s*(?:\Z|[.,;:!?)\]\"'–—-]|\s(?:because|since|as|for|in|due|given|by|when|after|on|at|with|from|and"
    r"|but|while|to|over|during|next|tomorrow|today|this|further|again|slightly|sharply|based|following"
    r"|or)\b)",
    re.IGNORECASE,
)
CORRECT_AFTER = re.compile(
    r"[\"')\]]{0,2}\s*(?:option\s+)?(?:(?:[-=]>|[:=|(\[,–—→-])\s*"
    r"|,?\s*\b(?:which\s+)?(?:is|are|would be|must be|seems(?: to be)?"
    r"|appears(?: to be)?|looks(?: to be)?|to be|as|being|was|should be|has to be)\s+)"
    r"(?:(?:this|that|it|is|the|a|an|option|statement|most|more|only|clearly|definitely|therefore|thus"
    r"|indeed|obviously|best|one|also|probably|likely|my|final|single|logically|hence|then)\s+){0,5}"
    r"(?:correct\b|right\b(?!ly|s)|true\b|accurate\b|(?:[\w-]+\s+)?answer\b|choice\b|strong(?:er|est)\b"
    r"|superior\b|preferable\b|preferred\b|complete (?:answer|option)|appropriate\b|suitable\b|better\b"
    r"|best\b|fitting\b|valid\b|the one(?! (?:of|that))\b|gets? (?:it|this|that) (?:exactly )?right\b"
    r"|what (?:i|we|remains|is left)\b(?!(?:'d| would) have)"
    r"|yes(?=\s*(?:[.;|)\]]|\Z))"
    r"|(?:match(?:es)?|fits|agrees with) (?:with )?(?:our|the|my) (?:\w+ )?(?:calculat|comput|result"
    r"|answer|definition|description)"
    r"|what the (?:text|textbook|book|question|rule|definition|standard|passage)\b"
    r"|remaining\b|closest\b|✅|✓|✔|☑)"
    r"|[.)]+\s*(?:true|right|correct)\b|[:=|(\[.)]*\s*[✅✓✔☑]"
    r"|\s+(?:is|seems|would be) the (?:most|least) (?:appropriate|likely|accurate|suitable|relevant"
    r"|plausible|consistent)"
    r"(?: (?:one|option|choice|answer|statement))?\s*(?:[.!]|\Z)"
    r"|\s+(?:is|does|was)\s*[.!]|\s+gets? (?:it|this|that) (?:exactly )?right\b"
    r"|\s+it is\b(?!\s+(?:not|the|a)\b)"
    r"|\s?(?:选项|選項|选项)?(?:才)?(?:是|为|最)?(?:正确|正確|对的|合适|合適|符合)|[がは]\s?(?:正し|正解|適切|妥当)"
    r"|[이가은는]\s?(?:정답|맞|옳|올바)"
    r"|\s+(?:richtig|korrekt)\b|\s+(?:şıkkı|seçeneği)(?:dır|dir)?\b|\s+(?:ist|est|es|è|é"
    r"|está) (?:richtig|korrekt|correct[eao]?"
    r"|corrett[oa]|corret[oa])\b",
    re.IGNORECASE,
)
INSTRUCTION = re.compile(
    r"\b(?:please (?:answer|choose|select|classify|respond)|(?:answer|respond|reply) (?:only )?(?:with|in"
    r"|yes|positive)|should return|return only|only return|your (?:response|output|answer) should"
    r"|choose (?:one|from|between|the)|select (?:one|from|the)|the (?:options|choices|labels"
    r"|categories) are|options:|choices:|labels:|one of)\b",
    re.IGNORECASE,
)
ONLY_BEFORE = re.compile(
    r"(?:\A\s*|[,;:]\s|\b(?:but|and|so|that)\s)only (?:option |choice |answer |letter )?[(\"']?\Z", re.IGNORECASE
)
VERB_FOLLOWS = re.compile(r"[)\"']?\s(?!if\b|when\b|or\b|and\b|to\b|could\b|might\b|may\b)[a-z]{2,}")
BRACKET_AFTER = re.compile(
    r"[)\"']?\s?\((?!(?:\w+ )?(?:correct|incorrect|wrong|right|true|false|yes|no|not|answer)\b)[^()]{1,100}\)",
    re.IGNORECASE,
)
"""A remark in brackets behind a mention, with no verdict of its own: "Option B ($1,018.59): correct"."""
DRAFT_AFTER = re.compile(r"\s*(?:at first|initially|at first glance|on the surface)\b", re.IGNORECASE)
CROSS_AFTER = re.compile(r"\s*[:=|(\[.)]*\s*[❌✗✘✖]")
EXCEPT_BEFORE = re.compile(
    r"\b(?:except|other than|besides|apart from)(?: for)?(?: the| option)?[\s\"'(]*\Z", re.IGNORECASE
)
ALL_BUT_BEFORE = re.compile(
    r"\b(?:all|each|every\w*)\b[^.!?;]{0,120}\b(?:except|other than|apart from|besides)\b", re.IGNORECASE
)
ANSWERING_AFTER = re.compile(
    r"[^.!?;\n]{0,120},?\s(?:and|so|which|it)\s?(?:is|'s)\s(?:hence |thus |therefore |so "
    r"|then ){0,2}(?:my |the |our )(?:\w+ )?"
    r"(?:answer|choice|pick)\b",
    re.IGNORECASE,
)
ASPECT_AFTER = re.compile(
    r"\s(?:sign|thing|factor|element|aspect|point|note|indicator|indication|connotation|word|term|phrase|contribution|figure"
    r"|number|trend)s?\b",
    re.IGNORECASE,
)
"""What may be positive about a text that is not: "a neutral sign"."""
SUCH_BEFORE = re.compile(r"(?:\A|[\s(])an?\s(?:more |clearly |truly )?[\"']?\Z", re.IGNORECASE)
WOULD_AFTER = re.compile(
    r"[\"']?\s[a-z]+\s(?:would|could|might|usually|typically|normally|generally"
    r"|often)\b(?! (?:therefore|thus|best|seem))"
)
ELSE_BEFORE = re.compile(r"\bif not,[^,;.]{0,60}\Z", re.IGNORECASE)
ITEM_BEFORE = re.compile(r"(?:→|[-=]>|:)\s*[\"']?\Z")
NOUN_AFTER = re.compile(r"\s+(?:in|of|is expected|seems|likely)\b", re.IGNORECASE)
YES_AFTER = re.compile(r"\s*[)\]\"']?\?\s*(?:yes|correct|right|true)\b", re.IGNORECASE)
NO_AFTER = re.compile(r"\s*[)\]\"']?\?\s*(?:no|wrong|incorrect|false|not)\b", re.IGNORECASE)

CONTRAST = re.compile(
    r"\b(?:but|however|yet|although|though|nevertheless|nonetheless|on the other hand|still|despite|while"
    r"|whereas|overall|on balance|even so|that said|ultimately|outweigh\w*)\b",
    re.IGNORECASE,
)
