"""What a mutant may be: how libclang's syntax tree of one source becomes spans with mutants."""

import re

from clang.cindex import CursorKind, TypeKind

import statements
from spans import Mutant, Span

_OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
_JUMP = re.compile(r"(co_return|return|continue|break|throw)\b")
_INTEGERS = {
    TypeKind.INT, TypeKind.UINT, TypeKind.LONG, TypeKind.ULONG, TypeKind.LONGLONG,
    TypeKind.ULONGLONG, TypeKind.SHORT, TypeKind.USHORT,
}  # fmt: skip
_SPANS_OF_TIME = re.compile(
    r"(microseconds|milliseconds|seconds|minutes|hours|days|Duration)\s*[({]\s*$"
)


class Finder:
    """Walks one translation unit; `spans` are the places of `path` that have mutants."""

    def __init__(self, unit, path, source):
        self._path = path
        self._source = source
        self._by_place = {}
        self._visit(unit.cursor, [])
        self.spans = self._without_crossings()

    # What a cursor is of.

    def _here(self, cursor):
        where = cursor.location.file
        return where is not None and where.name == self._path

    @staticmethod
    def _range(cursor):
        return cursor.extent.start.offset, cursor.extent.end.offset

    def _text(self, cursor):
        start, end = self._range(cursor)
        return self._source[start:end].decode()

    def _is_macro(self, cursor):
        """Whether the text of it is not what is compiled."""
        start, end = self._range(cursor)
        return end <= start

    def _awaits(self, cursor):
        return re.search(r"\bco_(await|return|yield)\b", self._text(cursor)) is not None

    # Collecting.

    def _add(self, start, end, operator, text, replacement=None, statement=False, truth=False):
        span = self._by_place.setdefault((start, end), Span(start, end, statement))
        if span.statement != statement:
            return
        span.truth = span.truth or truth
        said = " ".join((text if replacement is None else replacement).split())
        if all(mutant.text != text for mutant in span.mutants):
            span.mutants.append(Mutant(operator, said, text))

    def _without_crossings(self):
        """Spans that lie in each other or beside each other, and never across."""
        kept = []
        open_ends = []
        for span in sorted(self._by_place.values(), key=lambda each: (each.start, -each.end)):
            while open_ends and open_ends[-1] <= span.start:
                open_ends.pop()
            if open_ends and span.end > open_ends[-1]:
                continue
            kept.append(span)
            open_ends.append(span.end)
        return kept

    # The walk.

    def _visit(self, cursor, parents):
        inside = list(cursor.get_children())
        # The label of a case is a constant, what it does is not.
        if cursor.kind == CursorKind.CASE_STMT:
            inside = inside[1:]
        for child in inside:
            if child.kind.is_declaration() and not self._here(child):
                continue
            if child.kind in (CursorKind.STATIC_ASSERT, CursorKind.ENUM_DECL):
                continue
            if self._here(child) and not self._is_macro(child):
                self._mutate(child, parents)
            self._visit(child, [*parents, child])

    def _constant(self, cursor, parents):
        """A variable that is constexpr may be made one that is not, so that its value has mutants."""
        start, end = self._range(cursor)
        found = re.search(rb"\bconstexpr\b", self._source[start : cursor.location.offset])
        if found is None:
            return
        local = any(each.kind == CursorKind.COMPOUND_STMT for each in parents)
        span = Span(start + found.start(), end, False)
        span.constant = "const" if local else "inline const"
        self._by_place[span.start, span.end] = span

    def _mutate(self, cursor, parents):
        kind = cursor.kind
        if kind == CursorKind.VAR_DECL:
            self._constant(cursor, parents)
        elif kind == CursorKind.COMPOUND_STMT:
            self._statements(cursor)
        elif kind == CursorKind.IF_STMT:
            self._condition(cursor)
        elif kind == CursorKind.BINARY_OPERATOR:
            self._binary(cursor, list(cursor.get_children()), parents)
        elif kind == CursorKind.CALL_EXPR and cursor.spelling.startswith("operator"):
            self._binary(cursor, list(cursor.get_arguments()), parents)
        elif kind == CursorKind.CALL_EXPR:
            self._stale(cursor)
        elif kind == CursorKind.INTEGER_LITERAL:
            self._number(cursor)
        elif kind == CursorKind.CXX_BOOL_LITERAL_EXPR:
            other = "false" if self._text(cursor) == "true" else "true"
            self._add(*self._range(cursor), "flip-bool", other)
        elif kind == CursorKind.STRING_LITERAL:
            self._sql(cursor)
        elif kind == CursorKind.DECL_REF_EXPR:
            self._enumerator(cursor)

    # Statements.

    def _end_of(self, cursor):
        """Behind the semicolon of a statement that is an expression; None if it is none."""
        _, end = self._range(cursor)
        found = re.match(rb"\s*;", self._source[end:])
        return None if found is None else end + found.end()

    @staticmethod
    def _is_expression(cursor):
        return cursor.kind.is_expression() and cursor.kind not in (
            CursorKind.CXX_THROW_EXPR,
            CursorKind.LAMBDA_EXPR,
        )

    def _statements(self, block):
        before = None  # an expression that has not been swapped
        for statement in block.get_children():
            end = self._end_of(statement)
            start = statement.extent.start.offset
            text = self._source[start:end].decode() if end is not None else ""
            fits = (
                end is not None and self._is_expression(statement) and self._here(statement)
                and not self._is_macro(statement) and "co_return" not in text
            )  # fmt: skip
            if not fits:
                before = None
                continue
            if not text.startswith("static_cast<void>"):
                self._drop(statement, start, end, text)
            awaits = self._awaits(statement)
            if before is not None and (awaits or before[2]):
                first = self._source[before[0] : before[1]].decode()
                self._add(before[0], end, "swap-around-await", f"{text} {first}", statement=True)
                before = None
            else:
                before = (start, end, awaits)

    def _drop(self, statement, start, end, text):
        operator = "drop-statement"
        if self._awaits(statement):
            operator = "drop-await"
        elif re.search(r"(\.|->)(tell|record)\(", text):
            operator = "drop-telling"
        elif re.search(r"[^=!<>]=[^=]", text.split("(")[0]):
            operator = "drop-assignment"
        self._add(start, end, operator, "", replacement=f"without: {text}", statement=True)

    def _condition(self, cursor):
        children = list(cursor.get_children())
        head = [each for each in children if not each.kind.is_statement()]
        bodies = [each for each in children if each.kind.is_statement()]
        for body in children[1:]:
            end = self._end_of(body)
            if body.kind.is_expression() and end is not None:
                start = body.extent.start.offset
                text = self._source[start:end].decode()
                head = [each for each in head if each != body]
                bodies.append(body)
                if not self._is_macro(body) and "co_return" not in text:
                    self._drop(body, start, end, text)
        expressions = [each for each in head if each.kind.is_expression()]
        if not expressions or not bodies or self._is_macro(expressions[-1]):
            return
        condition = expressions[-1]
        start, end = self._range(condition)
        if re.match(rb"\s*constexpr", self._source[cursor.extent.start.offset + 2 : start]):
            return
        text = self._text(condition)
        has_else = len(bodies) > 1
        jumps = self._ends_in_jump(bodies[0])
        self._add(start, end, "negate", f"!({text})", truth=True)
        if not has_else:
            operator = "drop-guard" if jumps else "drop-block"
            self._add(start, end, operator, "false", replacement=f"never: {text}", truth=True)

    def _ends_in_jump(self, body):
        inside = list(body.get_children()) if body.kind == CursorKind.COMPOUND_STMT else [body]
        return bool(inside) and _JUMP.match(self._text(inside[-1])) is not None

    # Expressions.

    def _binary(self, cursor, sides, parents):
        if len(sides) != 2:
            return
        left, right = sides
        start, end = self._range(cursor)
        between = self._source[left.extent.end.offset : right.extent.start.offset].decode()
        operator = between.strip().strip("()").strip()
        first = self._source[start : left.extent.end.offset].decode()
        second = self._source[right.extent.start.offset : end].decode()
        if operator in ("&&", "||"):
            for kept in (first, second):
                self._add(start, end, "weaken", kept, truth=True)
        elif operator in _OTHER:
            whole = parents and parents[-1].kind == CursorKind.IF_STMT
            if whole and operator in ("==", "!="):
                return  # negated already
            text = first + between.replace(operator, _OTHER[operator], 1) + second
            name = "other-equality" if operator in ("==", "!=") else "boundary"
            self._add(start, end, name, text, truth=True)

    def _number(self, cursor):
        if cursor.type.get_canonical().kind not in _INTEGERS:
            return
        start, end = self._range(cursor)
        text = self._text(cursor)
        if not re.fullmatch(r"[0-9']+", text):
            return
        value = int(text.replace("'", ""))
        if _SPANS_OF_TIME.search(self._source[max(0, start - 40) : start].decode()):
            self._add(start, end, "constant", str(value * 10 or 10))
            if value >= 10:
                self._add(start, end, "constant", str(value // 10))
        elif value >= 10:
            self._add(start, end, "constant", str(value * 10))
            self._add(start, end, "constant", str(value // 10))
        else:
            self._add(start, end, "off-by-one", str(value + 1))

    def _enumerator(self, cursor):
        named = cursor.referenced
        if named is None or named.kind != CursorKind.ENUM_CONSTANT_DECL:
            return
        enum = named.semantic_parent
        if "/system/" not in (enum.location.file.name if enum.location.file else ""):
            return
        names = [each.spelling for each in enum.get_children()]
        names = [each for each in names if each]
        if len(names) < 2:
            return
        other = names[(names.index(named.spelling) + 1) % len(names)]
        text = self._text(cursor)
        if not text.endswith(named.spelling) or text == named.spelling:
            return
        operator = "error-class" if enum.spelling.startswith("Error") else "enum-value"
        changed = text[: -len(named.spelling)] + other
        self._add(*self._range(cursor), operator, changed)

    def _stale(self, cursor):
        """find_machine(tx, machine.id): the machine that was known before, in place of it."""
        if not cursor.spelling.startswith("find_"):
            return
        made = re.match(r"(?:std::)?optional<(?:lifecycle::)?(\w+)>", cursor.type.spelling)
        if made is None:
            return
        for argument in cursor.get_arguments():
            owner = re.fullmatch(r"(\w+)\.\w+", self._text(argument))
            if owner is None:
                continue
            for inner in argument.walk_preorder():
                if inner.kind == CursorKind.DECL_REF_EXPR and inner.spelling == owner.group(1):
                    known = inner.type.get_canonical().spelling.replace("const ", "")
                    if known.rsplit("::", 1)[-1].strip(" &") == made.group(1):
                        text = f"{cursor.type.spelling}({owner.group(1)})"
                        self._add(*self._range(cursor), "stale-copy", text)

    def _sql(self, cursor):
        pieces = [token.spelling for token in cursor.get_tokens()]
        sql = ""
        for piece in pieces:
            raw = re.fullmatch(r'R"(\w*)\((.*)\)\1"', piece, re.S)
            if raw is not None:
                sql += raw.group(2)
            elif piece.startswith('"') and "\\" not in piece:
                sql += piece[1:-1]
            else:
                return
        for operator, left_out, changed in statements.mutants_of(sql):
            self._add(*self._range(cursor), operator, f'R"vvm({changed})vvm"',
                      replacement=f"without: {left_out}")  # fmt: skip
