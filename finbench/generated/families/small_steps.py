"""One or two steps with numbers of one or two digits in a finance wording: for models that pass little else.

Set apart: such problems are drawn only where the family is named, so the exam of all families stays what it is.
"""

from __future__ import annotations

from finbench.generated.problem import Problem
from finbench.generated.wording import person
from finbench.generated.worksheet import Family, Worksheet


def _till(w: Worksheet) -> Problem:
    dice = w.dice
    owner = person(dice)
    begin = w.given("begin", dice.integer(10, 40))
    paid_in = w.given("paid_in", dice.integer(5, 30))
    paid_out = w.given("paid_out", dice.integer(2, 20))
    if paid_out >= begin + paid_in - 10 or paid_in == paid_out:
        w.reject("little is left")
    question = dice.choice(
        (
            f"{owner} has ${begin:.0f} in an account, pays in ${paid_in:.0f} and then takes out ${paid_out:.0f}. "
            "How much is in the account now?",
            f"An account holds ${begin:.0f}. {owner} deposits ${paid_in:.0f}, then withdraws ${paid_out:.0f}. "
            "What is the balance?",
            f"{owner} starts with ${begin:.0f}, earns ${paid_in:.0f} and spends ${paid_out:.0f}. How many dollars "
            "are left?",
        )
    )
    w.step("together", "Together with what comes in", "begin + paid_in")
    w.step("left", "Less what goes out", "together - paid_out")
    w.mistake("adds what goes out", "begin + paid_in + paid_out")
    w.mistake("leaves out what goes out", "begin + paid_in")
    w.mistake("takes away what comes in", "begin - paid_in + paid_out")
    w.mistake("leaves out what comes in", "begin - paid_out")
    return w.problem(question, unit="none", decimals=0, measure="dollars")


def _purchase(w: Worksheet) -> Problem:
    dice = w.dice
    owner = person(dice)
    count = w.given("count", dice.integer(2, 9))
    price = w.given("price", dice.integer(3, 12))
    fee = w.given("fee", dice.integer(2, 9))
    thing = dice.choice(("shares", "bonds", "fund units", "stamps"))
    question = dice.choice(
        (
            f"{owner} buys {count:.0f} {thing} at ${price:.0f} each and pays a fee of ${fee:.0f}. What is the total "
            "cost?",
            f"The price of one of {count:.0f} {thing} is ${price:.0f}. There is also a fee of ${fee:.0f}. How much "
            f"does {owner} pay in all?",
        )
    )
    w.step("cost", "Number times price", "count * price")
    w.step("total", "With the fee", "cost + fee")
    w.mistake("leaves out the fee", "count * price")
    w.mistake("adds everything", "count + price + fee")
    w.mistake("takes the fee away", "count * price - fee")
    w.mistake("pays the fee on each", "count * (price + fee)")
    return w.problem(question, unit="none", decimals=0, measure="dollars")


def _sum(w: Worksheet) -> Problem:
    dice = w.dice
    owner = person(dice)
    begin = w.given("begin", dice.integer(5, 40))
    more = w.given("more", dice.integer(5, 30))
    if abs(begin - more) < 6:
        w.reject("the two numbers are alike")
    question = dice.choice(
        (
            f"{owner} has ${begin:.0f} in the bank and pays in ${more:.0f} more. How many dollars are there now?",
            f"{owner} buys a bond for ${begin:.0f} and a share for ${more:.0f}. What is the total cost?",
            f"An account holds ${begin:.0f}. {owner} deposits ${more:.0f}. What is the balance?",
        )
    )
    w.step("total", "Both together", "begin + more")
    w.mistake("takes one from the other", "begin - more")
    w.mistake("gives the first number", "begin")
    w.mistake("gives the second number", "more")
    w.mistake("adds the second number twice", "begin + 2 * more")
    w.mistake("slips by ten", "begin + more + 10")
    return w.problem(question, unit="none", decimals=0, measure="dollars")


_AREA = "basic arithmetic"

FAMILIES = (
    Family(name="small_sum", area=_AREA, concept="sum of two amounts", build=_sum, difficulties=("easy",), apart=True),
    Family(
        name="small_balance",
        area=_AREA,
        concept="balance of an account",
        build=_till,
        difficulties=("easy",),
        apart=True,
    ),
    Family(
        name="small_purchase",
        area=_AREA,
        concept="cost with a fee",
        build=_purchase,
        difficulties=("easy",),
        apart=True,
    ),
)
