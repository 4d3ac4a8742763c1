"""Answers to what people ask by mail: made when their letter is sent, from the desk as it is then."""

from gateway.answers.answer import Answer, GeneratedFile
from gateway.answers.facts import AnswerFacts
from gateway.answers.making import answer_all

__all__ = ["Answer", "AnswerFacts", "GeneratedFile", "answer_all"]
