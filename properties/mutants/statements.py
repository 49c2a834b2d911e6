"""Mutants of an SQL statement: a condition, an order, a limit or a part of a key that is left out."""

import re

_IS_SQL = re.compile(r"\b(SELECT|UPDATE|DELETE FROM|INSERT|CREATE UNIQUE INDEX)\b")
_ENDS = re.compile(
    r"\b(GROUP BY|ORDER BY|LIMIT|RETURNING|ON CONFLICT|UNION|WHERE|HAVING|THEN|ELSE|END)\b"
)


def _end_of_clause(sql, at):
    """Where the clause that begins there ends: at the next one, or where its brackets close."""
    depth = 0
    while at < len(sql):
        if sql[at] == "(":
            depth += 1
        elif sql[at] == ")":
            depth -= 1
            if depth < 0:
                return at
        elif sql[at] == ";" or (depth == 0 and _ENDS.match(sql, at)):
            return at
        at += 1
    return at


def _terms(sql, start, end):
    """The terms between the ANDs of a clause, as (start, end)."""
    depth = 0
    between = False
    begin = at = start
    while at < end:
        if sql[at] == "(":
            depth += 1
        elif sql[at] == ")":
            depth -= 1
        elif depth == 0 and re.match(r"\bBETWEEN\b", sql[at:]):
            between = True
        elif depth == 0 and re.match(r"\bAND\b", sql[at:]) and not sql[at - 1].isalnum():
            if between:
                between = False
            else:
                yield begin, at
                begin = at + len("AND")
        at += 1
    yield begin, end


def _clean(sql, start, end):
    while start < end and sql[start].isspace():
        start += 1
    while end > start and sql[end - 1].isspace():
        end -= 1
    return start, end


def mutants_of(sql):
    """(operator, what is left out, the statement without it)"""
    if not _IS_SQL.search(sql):
        return
    for found in re.finditer(r"\bWHERE\b", sql):
        clause = found.end()
        for begin, end in _terms(sql, clause, _end_of_clause(sql, clause)):
            begin, end = _clean(sql, begin, end)
            term = sql[begin:end]
            if term:
                # What it binds is still bound.
                yield "sql-where", term, f"{sql[:begin]}(({term}) OR 1){sql[end:]}"
    for found in re.finditer(r"\bORDER BY\b", sql):
        end = _end_of_clause(sql, found.end())
        clause = sql[found.start() : end]
        if "?" not in clause:
            yield "sql-order", " ".join(clause.split()), sql[: found.start()] + sql[end:]
    for found in re.finditer(r"\bLIMIT\s+(\S+?)(?=[\s;)]|$)", sql):
        count = found.group(1)
        without = f"LIMIT ({count} * 0 - 1)"
        yield "sql-limit", found.group(0), sql[: found.start()] + without + sql[found.end() :]
    for found in re.finditer(r"CREATE UNIQUE INDEX \w+ ON \w+ \(([^()]*,[^()]*)\)", sql):
        columns = [column.strip() for column in found.group(1).split(",")]
        for column in columns:
            left = ", ".join(each for each in columns if each != column)
            yield "sql-key", column, sql[: found.start(1)] + left + sql[found.end(1) :]
