"""Places of a source that are mutated, and the text that has all of their mutants in it.

A span is a stretch of the source, an expression or a statement, with the texts that may stand in its
place. Spans nest, as the syntax does. Each mutant is switched on at run time by its id, see switch.hpp.
"""

import dataclasses


@dataclasses.dataclass
class Mutant:
    operator: str
    replacement: str  # what stands in place of the span, in one line, for people
    text: str  # the same, for the compiler
    id: int = 0


@dataclasses.dataclass
class Span:
    start: int  # offsets in bytes
    end: int
    statement: bool
    mutants: list = dataclasses.field(default_factory=list)
    # An expression of which only the truth matters.
    truth: bool = False
    # Of a variable with mutants in its value: what stands in place of its `constexpr`, with which the
    # span begins, since what is switched at run time is no constant.
    constant: str | None = None


class Rendered:
    """The mutated text of a source, and which mutants stand where in it."""

    def __init__(self, source: bytes, spans: list, prelude: str):
        self.source = source
        self.text = bytearray()
        self.places = []  # (start, end, ids)
        begin = 0
        pragma = b"#pragma once\n"
        if source.startswith(pragma):
            self.text += pragma
            begin = len(pragma)
        self.text += prelude.encode() + b"\n"
        self._copy(begin, len(source), sorted(spans, key=lambda s: (s.start, -s.end)))

    def _copy(self, start, end, inner):
        """The source from start to end, with those spans in it."""
        at = start
        index = 0
        while index < len(inner):
            span = inner[index]
            index += 1
            nested = []
            while index < len(inner) and inner[index].start < span.end:
                nested.append(inner[index])
                index += 1
            self.text += self.source[at : span.start]
            if span.constant is not None:
                self._copy_constant(span, nested)
            elif span.mutants:
                self._render(span, nested)
            else:
                self._copy(span.start, span.end, nested)
            at = span.end
        self.text += self.source[at:end]

    def _copy_constant(self, span, nested):
        begin = len(self.text)
        ids = [mutant.id for each in nested for mutant in each.mutants]
        start = span.start
        if ids:
            self.text += span.constant.encode()
            start += len("constexpr")
        self._copy(start, span.end, nested)
        self.places.append((begin, len(self.text), ids))

    def _render(self, span, nested):
        begin = len(self.text)
        opening, between, closing = ("{ ", " else ", " }") if span.statement else ("(", " : ", ")")
        self.text += opening.encode()
        for mutant in span.mutants:
            question = f"mutants::is({mutant.id})"
            self.text += (f"if ({question}) {{" if span.statement else f"{question} ? (").encode()
            at = len(self.text)
            self.text += mutant.text.encode()
            self.places.append((at, len(self.text), [mutant.id]))
            self.text += (("}" if span.statement else ")") + between).encode()
        self.text += b"{" if span.statement else b"static_cast<bool>(" if span.truth else b"("
        self._copy(span.start, span.end, nested)
        self.text += b"}" if span.statement else b")"
        self.text += closing.encode()
        self.places.append((begin, len(self.text), [mutant.id for mutant in span.mutants]))

    def offset(self, line, column):
        lines = self.text.split(b"\n")
        return sum(len(each) + 1 for each in lines[: line - 1]) + column - 1

    def guilty(self, offset):
        """The mutants of the innermost place with any that an offset of the text is in."""
        around = [(end - start, ids) for start, end, ids in self.places if ids and start <= offset < end]  # fmt: skip
        return min(around)[1] if around else []
